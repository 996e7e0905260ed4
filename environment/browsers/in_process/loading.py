"""From a click to a page: requests, redirects, cookies, and what came back."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from core.errors import WorldTimeoutError, WorldUnreachableError
from core.http import HttpRequest, HttpResponse, header
from core.pages import Element
from core.ports import Transport
from environment.browsers.in_process import links
from environment.browsers.in_process.cookies import CookieJar
from environment.browsers.in_process.document import Document
from environment.browsers.in_process.markup import decode, squeeze
from environment.browsers.in_process.pieces import Memory, document_of
from environment.browsers.in_process.records import Unit

__all__ = ["Loaded", "Loader", "NotLoaded"]

HTML_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
JSON_ACCEPT = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
MAX_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)
_HTML_TYPES = ("text/html", "application/xhtml+xml", "")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A page that came."""

    url: str
    """Without fragment."""
    status: int
    title: str
    document: Document
    is_answer: bool
    """It answered a POST, so that loading it again would send that again."""


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """Why no page came."""

    problem: str


class Loader:
    """Sends one session's requests."""

    def __init__(self, transport: Transport, jar: CookieJar, memory: Memory) -> None:
        self._transport = transport
        self._jar = jar
        self._memory = memory

    def load(
        self, url: str, *, source: str = "", method: str = "GET", data: str = ""
    ) -> Loaded | NotLoaded:
        """Navigates: sends a request, follows redirects, reads the page.

        Args:
            url: Absolute URL.
            source: URL of the page it comes from, empty when typed.
            method: `GET` or `POST`.
            data: Urlencoded body of a POST.
        """
        first = url
        for _ in range(MAX_REDIRECTS + 1):
            url = url.partition("#")[0]
            if not links.is_web(url):
                return NotLoaded(f"cannot open {url}")
            response = self.send(url, source=source, method=method, data=data, accept=HTML_ACCEPT)
            if isinstance(response, NotLoaded):
                return response
            location = header(response.headers, "location")
            if response.status not in _REDIRECTS or not location:
                return self._read(url, response, is_answer=method == "POST")
            url = links.resolve(url, location)
            if response.status in (301, 302, 303) and method == "POST":
                method, data = "GET", ""
        return NotLoaded(f"too many redirects: {first}")

    def send(
        self, url: str, *, source: str, method: str, data: str, accept: str
    ) -> HttpResponse | NotLoaded:
        """Sends one request with the session's cookies and keeps those of the answer."""
        fields = [("accept", accept)]
        if cookie := self._jar.header(url):
            fields.append(("cookie", cookie))
        if refers := links.referer(source, url):
            fields.append(("referer", refers))
        if method == "POST":
            fields.append(("content-type", FORM_TYPE))
        request = HttpRequest(method=method, url=url, headers=tuple(fields), body=data.encode())
        try:
            response = self._transport.send(request)
        except WorldTimeoutError:
            return NotLoaded(f"time-out: {url}")
        except WorldUnreachableError:
            return NotLoaded(f"cannot reach {url}")
        self._jar.take(url, response.headers)
        return response

    def _read(self, url: str, response: HttpResponse, *, is_answer: bool) -> Loaded:
        content_type = header(response.headers, "content-type")
        key = url, content_type, response.body
        kind = content_type.partition(";")[0].strip().lower()
        document = self._memory.pages.get(key) if kind in _HTML_TYPES else None
        if document is None:
            text = decode(response.body, content_type)
            if kind not in _HTML_TYPES:
                page = _plain(text, kind)
                return Loaded(url, response.status, _name_of(url), page, is_answer)
            document = document_of(text, url, self._memory)
            self._memory.pages.put(key, document, len(response.body) + 100)
        return Loaded(url, response.status, document.title, document, is_answer)


def _name_of(url: str) -> str:
    parts = urlsplit(url)
    return unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc


def _plain(text: str, kind: str) -> Document:
    """Returns the page of a body that is not HTML: its text, if it is text."""
    is_text = kind.startswith("text/") or kind.endswith(("/json", "+json"))
    name = squeeze(text) if is_text else ""
    elements = (Element("text", name),) if name else ()
    unit = Unit(elements, (), (), (), "", is_relative=False, is_truncated=False)
    return Document(unit, ())
