"""Keys and addresses of model providers: the one place, beside scripts, that reads the environment.

    OPENAI_API_KEY                       OPENAI_BASE_URL
    ANTHROPIC_API_KEY                    ANTHROPIC_BASE_URL
    GOOGLE_API_KEY, else GEMINI_API_KEY  GOOGLE_BASE_URL, else GOOGLE_GEMINI_BASE_URL
    LOCAL_MODEL_KEY (may be missing)     LOCAL_MODEL_URL, else OPENAI_BASE_URL

A key is a `SecretStr`: it does not show in a repr, a log or a traceback. An OpenAI key goes to a
local server only when that server is the one that `OPENAI_BASE_URL` names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import SecretStr

from core.errors import ConfigurationError
from planner.providers.contract import CredentialsError
from planner.providers.endpoints import checked_base_url

__all__ = ["Credentials", "read_credentials"]

_KEYS = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "local": ("LOCAL_MODEL_KEY",),
}
_URLS = {
    "openai": ("OPENAI_BASE_URL",),
    "anthropic": ("ANTHROPIC_BASE_URL",),
    "google": ("GOOGLE_BASE_URL", "GOOGLE_GEMINI_BASE_URL"),
    "local": ("LOCAL_MODEL_URL", "OPENAI_BASE_URL"),
}
_DEFAULT_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com",
}
_NO_KEY = SecretStr("none")
"""Servers without keys take any; the SDK insists on one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the environment holds, by variable name; missing and empty are the same."""

    keys: Mapping[str, SecretStr] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)

    def with_local_url(self, url: str) -> Credentials:
        """Returns a copy whose local server is at `url`; an empty one changes nothing."""
        return replace(self, urls={**self.urls, "LOCAL_MODEL_URL": url}) if url else self

    def key(self, provider: str) -> SecretStr:
        """Returns the key to send to a provider.

        Raises:
            CredentialsError: There is none, or it has characters that no key has.
        """
        names = _KEYS[provider]
        if provider == "local" and "LOCAL_MODEL_URL" not in self.urls:
            names = (*names, "OPENAI_API_KEY")
        name = next((name for name in names if name in self.keys), "")
        if not name:
            if provider == "local":
                return _NO_KEY
            raise CredentialsError(
                f"no key for {provider}: set {' or '.join(names)}", provider=provider
            )
        key = self.keys[name]
        if not all("!" <= letter <= "~" for letter in key.get_secret_value()):
            raise CredentialsError(
                f"{name} has spaces, line breaks or letters that no key has", provider=provider
            )
        return key

    def base_url(self, provider: str) -> str:
        """Returns the address of a provider.

        Raises:
            ConfigurationError: It is not an address, or a local server has none.
        """
        names = _URLS[provider]
        name = next((name for name in names if name in self.urls), "")
        if name:
            path = "/v1" if provider == "local" else ""
            return checked_base_url(self.urls[name], setting=name, default_path=path)
        if provider in _DEFAULT_URLS:
            return _DEFAULT_URLS[provider]
        raise ConfigurationError(
            "a local model needs the address of its server: give --model-url or set "
            "LOCAL_MODEL_URL, for instance http://127.0.0.1:11434/v1"
        )


def read_credentials(environ: Mapping[str, str] | None = None) -> Credentials:
    """Returns what the environment holds; `None` reads the process's own."""
    found = os.environ if environ is None else environ
    present = {name: value.strip() for name, value in found.items() if value.strip()}
    keys = {name for names in _KEYS.values() for name in names}
    urls = {name for names in _URLS.values() for name in names}
    return Credentials(
        keys={name: SecretStr(present[name]) for name in sorted(keys & present.keys())},
        urls={name: present[name] for name in sorted(urls & present.keys())},
    )
