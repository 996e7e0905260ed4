"""Where a model is served, and under which names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import SecretStr

from core.errors import ConfigurationError

__all__ = ["Endpoint", "ModelKey", "checked_base_url"]


class ModelKey(NamedTuple):
    """What one server can do with one model is remembered under this."""

    base_url: str
    """Without user, password, query and final slash."""
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One model at one server; the key never shows in its repr."""

    provider: str
    """`openai`, `anthropic`, `google` or `local`."""
    label: str
    """The model's name as the user typed it, prefix included."""
    model: str
    """The model's name on the wire."""
    base_url: str
    api_key: SecretStr

    @property
    def key(self) -> ModelKey:
        """What capabilities are remembered under."""
        parts = urlsplit(self.base_url)
        host = parts.netloc.rpartition("@")[2]
        return ModelKey(f"{parts.scheme}://{host}{parts.path}".rstrip("/"), self.model)


def checked_base_url(url: str, *, setting: str, default_path: str = "") -> str:
    """Returns the address as the SDKs want it: with a scheme, a path, and no final slash.

    Args:
        url: As a person wrote it.
        setting: Where it was written, for the message.
        default_path: Path for an address that has none.

    Raises:
        ConfigurationError: It is not an http or https address of a host.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(
            f"{setting} is not an address of a model server: expected something like "
            f"http://127.0.0.1:8000/v1, got {url.strip().rpartition('@')[2]!r}"
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return f"{parts.scheme}://{parts.netloc}{path or default_path}"
