"""What travels between a browser and a world: one request, one response.

Both are plain frozen values, so that the same exchange can be a direct call (training), bytes
through Ray (solving) or HTTP on loopback (Chromium).
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Headers", "HttpRequest", "HttpResponse", "header"]

Headers = tuple[tuple[str, str], ...]
"""Header fields in order; names are lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request as it leaves a browser."""

    method: str
    """Upper case, `GET` or `POST`."""
    url: str
    """Absolute URL, percent-encoded, without fragment."""
    headers: Headers = ()
    """Lower-case names; `cookie`, `referer`, `content-type` and `accept` are read."""
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One response as a world gives it."""

    status: int
    headers: Headers = field(default=())
    body: bytes = b""


def header(headers: Headers, name: str, default: str = "") -> str:
    """Returns the first value of a header field, `default` when it is absent.

    Args:
        headers: Fields with lower-case names.
        name: Lower-case field name.
        default: What an absent field gives.
    """
    for key, value in headers:
        if key == name:
            return value
    return default
