"""One request as the forum's handlers see it, and the answers that they can give."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from environment.sites.contract import Headers, HttpRequest, HttpResponse, header
from environment.sites.reddit.store import Store

__all__ = ["BODY_LIMIT", "RefusedError", "Viewer", "Visit", "json_answer", "page", "redirect"]

BODY_LIMIT = 1_000_000
"""Largest request body in bytes."""

_HTML: Headers = (("content-type", "text/html; charset=utf-8"),)
_JSON: Headers = (("content-type", "application/json"),)
_FORM = "application/x-www-form-urlencoded"


class RefusedError(Exception):
    """The request cannot be served; becomes a page (or JSON) with a 4xx status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Viewer(NamedTuple):
    """Who is looking. An anonymous viewer has the id 0 and an empty name."""

    id: int
    name: str
    session: str
    csrf: str
    flash: str
    unread: int


@dataclass(slots=True)
class Visit:
    """A parsed request together with the world that it is made in."""

    store: Store
    skin: str
    base_url: str
    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    cookie: str
    referer: str
    wants_json: bool
    viewer: Viewer
    args: Mapping[str, str] = field(default_factory=dict)
    """Named parts of the path, already decoded."""

    @property
    def posting(self) -> bool:
        """Whether the request may change something."""
        return self.method == "POST"

    def number(self, name: str) -> int:
        """Returns a numeric part of the path; the router has checked that it is digits."""
        return int(self.args[name])

    def page_number(self) -> int:
        """Returns `?page=`, 1 when absent.

        Raises:
            RefusedError: The page is not a number from 1 to 9999.
        """
        text = self.query.get("page", "1")
        if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 4 and int(text) >= 1):
            raise RefusedError(404, "There is no such page of this list.")
        return int(text)

    def require_user(self) -> None:
        """Refuses anonymous viewers; a page view is sent to the sign-in form instead."""
        if self.viewer.id == 0:
            raise RefusedError(401, "You must log in first.")

    def require_token(self) -> None:
        """Refuses a form that does not carry the session's token."""
        if self.form.get("token") != self.viewer.csrf:
            raise RefusedError(400, "Invalid CSRF token. Reload the form and send it again.")


def parse_location(url: str) -> tuple[str, dict[str, str]]:
    """Splits an absolute URL into decoded path and decoded query.

    Raises:
        RefusedError: The URL is not ASCII, or does not decode as UTF-8.
    """
    start = url.find("/", url.find("://") + 3)
    location = url[start:] if start >= 0 else "/"
    raw_path, _, raw_query = location.partition("?")
    if not url.isascii():
        raise RefusedError(400, "The address must be percent-encoded.")
    try:
        path = unquote(raw_path, errors="strict") if "%" in raw_path else raw_path
    except UnicodeDecodeError as error:
        raise RefusedError(400, "The address is not valid UTF-8.") from error
    if "\0" in path:
        raise RefusedError(400, "The address contains a null character.")
    return path, _pairs(raw_query) if raw_query else {}


def parse_form(request: HttpRequest) -> dict[str, str]:
    """Decodes the body of a form.

    Raises:
        RefusedError: The body is too large, of another type, or not UTF-8.
    """
    if len(request.body) > BODY_LIMIT:
        raise RefusedError(413, f"The form is larger than {BODY_LIMIT:,} bytes.")
    if not request.body:
        return {}
    kind = header(request.headers, "content-type", _FORM)
    if not kind.lower().startswith(_FORM):
        raise RefusedError(415, f"Forms must be sent as {_FORM}.")
    try:
        return _pairs(request.body.decode("ascii"))
    except UnicodeDecodeError as error:
        raise RefusedError(400, "The form is not percent-encoded.") from error


def _pairs(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError as error:
        raise RefusedError(400, "The fields are too many or not valid UTF-8.") from error
    # Browsers send line ends in forms as CR LF; a null never belongs into text.
    return {name: value.replace("\r\n", "\n").replace("\0", "") for name, value in pairs}


def page(html: str, status: int = 200) -> HttpResponse:
    """Answers with a page."""
    return HttpResponse(status=status, headers=_HTML, body=html.encode())


def redirect(location: str, headers: Headers = (), *, status: int = 302) -> HttpResponse:
    """Sends the browser to another page of this site."""
    return HttpResponse(status=status, headers=(("location", location), *_HTML, *headers))


def json_answer(value: Mapping[str, object], status: int = 200) -> HttpResponse:
    """Answers with JSON."""
    return HttpResponse(status=status, headers=_JSON, body=json.dumps(value).encode())
