"""A session's cookies, as far as embedded sites use them: host, path, end of life."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from core.http import Headers

__all__ = ["CookieJar"]


class CookieJar:
    """Cookies by host and name. Domains, `Secure` and `SameSite` are not looked at."""

    def __init__(self) -> None:
        self._cookies: dict[str, dict[str, tuple[str, str]]] = {}

    def set(self, url: str, name: str, value: str, path: str = "/") -> None:
        """Sets a cookie for the host of a URL."""
        host = urlsplit(url).hostname or ""
        self._cookies.setdefault(host, {})[name] = (value, path)

    def header(self, url: str) -> str:
        """Returns the `cookie` header of a request, empty without cookies."""
        parts = urlsplit(url)
        cookies = self._cookies.get(parts.hostname or "")
        if not cookies:
            return ""
        path = parts.path or "/"
        sent = [f"{name}={value}" for name, (value, on) in cookies.items() if _covers(on, path)]
        return "; ".join(sent)

    def take(self, url: str, headers: Headers) -> None:
        """Follows the `set-cookie` fields of a response."""
        for field, value in headers:
            if field == "set-cookie":
                self._follow(url, value)

    def _follow(self, url: str, line: str) -> None:
        pair, *rest = line.split(";")
        name, equals, value = pair.strip().partition("=")
        if not equals:
            return
        marks = dict(_attribute(part) for part in rest)
        path = marks.get("path", "/")
        self.set(url, name.strip(), value.strip(), path if path.startswith("/") else "/")
        if _is_over(marks):
            del self._cookies[urlsplit(url).hostname or ""][name.strip()]


def _attribute(part: str) -> tuple[str, str]:
    name, _, value = part.strip().partition("=")
    return name.lower(), value


def _covers(cookie_path: str, path: str) -> bool:
    if path == cookie_path or cookie_path == "/":
        return True
    return path.startswith(cookie_path.rstrip("/") + "/")


def _is_over(marks: dict[str, str]) -> bool:
    """Tells whether a cookie is being deleted; a lifetime that ends later never ends here."""
    if "max-age" in marks:
        age = marks["max-age"]
        return age.startswith("-") or age == "0"
    if "expires" in marks:
        try:
            return parsedate_to_datetime(marks["expires"]).year <= 1971
        except ValueError:
            return False
    return False
