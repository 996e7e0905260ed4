"""What went over the network in an episode, as the judge reads it.

An entry keeps what WebArena-Verified's evaluators look at and no secret: session cookies are
dropped, passwords in bodies are masked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from urllib.parse import unquote_plus, urljoin

from pydantic import JsonValue

from core.http import Headers, HttpRequest, HttpResponse, header

__all__ = ["MASK", "TraceEntry", "entry_of"]

MASK = "********"
"""What stands in a trace where a secret was."""

_KEPT_REQUEST_FIELDS = frozenset(
    ("accept", "content-type", "origin", "referer", "sec-fetch-dest", "sec-fetch-mode",
     "sec-fetch-site", "sec-fetch-user", "x-requested-with")
)  # fmt: skip
_KEPT_RESPONSE_FIELDS = frozenset(("content-type", "location", "set-cookie"))
_SECRET_FIELD = re.compile(r"passw|secret", re.IGNORECASE)
_SECRET_COOKIE = re.compile(r"sess|auth|remember|token|^sid$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEntry:
    """One exchange between a browser and a world."""

    sequence: int
    """Position in the world host's order, from 0."""
    request: HttpRequest
    """Without cookies, passwords masked."""
    status: int
    headers: Headers
    """Of the response: content type, location and cookies set, secrets masked."""
    text: str
    """Body of a JSON response, empty for any other."""
    redirect_url: str
    """Where a redirect leads, absolute; empty without one."""
    duration_ms: int

    def as_har(self) -> dict[str, JsonValue]:
        """Returns the smallest HAR entry that the evaluators of WebArena-Verified read."""
        request: dict[str, JsonValue] = {
            "url": self.request.url,
            "method": self.request.method,
            "headers": _pairs(self.request.headers),
        }
        if self.request.body:
            request["postData"] = {
                "mimeType": header(self.request.headers, "content-type"),
                "text": self.request.body.decode("utf-8", "replace"),
            }
        response: dict[str, JsonValue] = {
            "status": self.status,
            "redirectURL": self.redirect_url,
            "headers": _pairs(self.headers),
            "cookies": _pairs(_cookies(self.headers)),
            "content": {"mimeType": header(self.headers, "content-type"), "text": self.text},
        }
        return {"request": request, "response": response, "time": self.duration_ms}


def entry_of(
    sequence: int,
    request: HttpRequest,
    response: HttpResponse,
    *,
    duration_ms: int = 0,
    secret_cookies: Collection[str] = (),
) -> TraceEntry:
    """Makes the entry of an exchange.

    Args:
        sequence: Position in the order of requests.
        request: As it came, secrets included.
        response: As it went.
        duration_ms: How long the world took.
        secret_cookies: Names of cookies whose values are never kept, beside those marked
            `HttpOnly` or named like a session.
    """
    kept = tuple(
        (name, _masked_cookie(value, secret_cookies) if name == "set-cookie" else value)
        for name, value in response.headers
        if name in _KEPT_RESPONSE_FIELDS
    )
    is_json = "json" in header(kept, "content-type")
    location = header(kept, "location") if 300 <= response.status < 400 else ""
    return TraceEntry(
        sequence=sequence,
        request=_without_secrets(request),
        status=response.status,
        headers=kept,
        text=response.body.decode("utf-8", "replace") if is_json else "",
        redirect_url=urljoin(request.url, location) if location else "",
        duration_ms=duration_ms,
    )


def _pairs(fields: Headers) -> list[JsonValue]:
    return [{"name": name, "value": value} for name, value in fields]


def _cookies(fields: Headers) -> Headers:
    """Returns name and value of the cookies that a response sets."""
    pairs = (value.partition(";")[0].partition("=") for name, value in fields if _sets(name))
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def _sets(name: str) -> bool:
    return name == "set-cookie"


def _masked_cookie(line: str, secrets: Collection[str]) -> str:
    pair, semicolon, rest = line.partition(";")
    name = pair.partition("=")[0].strip()
    is_secret = name in secrets or "httponly" in rest.lower() or _SECRET_COOKIE.search(name)
    return f"{name}={MASK}{semicolon}{rest}" if is_secret else line


def _without_secrets(request: HttpRequest) -> HttpRequest:
    fields = tuple(field for field in request.headers if field[0] in _KEPT_REQUEST_FIELDS)
    return replace(request, headers=fields, body=_masked_body(request))


def _masked_body(request: HttpRequest) -> bytes:
    """Masks the values of fields that are named like a password."""
    body = request.body
    if not body or not _SECRET_FIELD.search(unquote_plus(body.decode("utf-8", "replace"))):
        return body
    kind = header(request.headers, "content-type")
    if "x-www-form-urlencoded" in kind:
        return b"&".join(_masked_pair(pair) for pair in body.split(b"&"))
    if "json" in kind:
        try:
            return json.dumps(_masked_value(json.loads(body))).encode()
        except ValueError:
            return MASK.encode()
    return MASK.encode()  # of an unknown form we cannot tell which part is the secret


def _masked_pair(pair: bytes) -> bytes:
    name, _, _ = pair.partition(b"=")
    is_secret = _SECRET_FIELD.search(unquote_plus(name.decode("utf-8", "replace")))
    return name + b"=" + MASK.encode() if is_secret else pair


def _masked_value(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {
            key: MASK if _SECRET_FIELD.search(key) else _masked_value(inner)
            for key, inner in value.items()
        }
    return [_masked_value(inner) for inner in value] if isinstance(value, list) else value
