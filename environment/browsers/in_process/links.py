"""URLs as a browser reads them: resolving, what an observation shows, what a referer says."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit

__all__ = [
    "depends_on_path",
    "has_web_scheme",
    "is_web",
    "origin",
    "referer",
    "resolve",
    "shown",
    "strip",
]

_PLAIN_PATH = re.compile(r"/(?!/)(?!.*/\.)(?!\.)[A-Za-z0-9_\-.~/?&=+%:@!$'()*,;#]*\Z")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_KEPT = "/?#[]@!$&'()*+,;=:%~|^\\`{}"
_CONTROLS = "".join(map(chr, range(33)))


def strip(url: str) -> str:
    """Strips what a browser strips from a URL: the ends, tabs and line ends."""
    return url.strip(_CONTROLS).translate({9: None, 10: None, 13: None})


def has_web_scheme(url: str) -> bool:
    """Tells whether an absolute or relative URL leads to http or https."""
    scheme = _SCHEME.match(url)
    return scheme is None or scheme.group(1).lower() in ("http", "https")


def is_web(url: str) -> bool:
    """Tells whether a URL is absolute, http or https, and readable."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def origin(url: str) -> str:
    """Returns scheme, host and port of an absolute URL, lower case."""
    end = url.find("/", 8)
    return (url if end < 0 else url[:end]).lower()


def depends_on_path(href: str) -> bool:
    """Tells whether a reference means something else on another page of the same site."""
    return not (href.startswith("/") or _SCHEME.match(href))


def resolve(base: str, href: str) -> str:
    """Resolves a reference against a page's URL.

    Returns:
        The absolute URL, percent-encoded, with its fragment; what is not http or https, or cannot
        be read, stays as written.

    """
    if _PLAIN_PATH.match(href):
        return origin(base) + href
    href = strip(href)
    if not has_web_scheme(href):
        return href
    try:
        parts = urlsplit(urljoin(base, href.replace("\\", "/") if "?" not in href else href))
        host = parts.netloc.lower()
        _ = parts.port
    except ValueError:
        return href
    path = quote(parts.path or "/", safe=_KEPT.replace("`", "").replace("{}", ""))
    query = "?" + quote(parts.query, safe=_KEPT.replace("'", "")) if parts.query else ""
    fragment = "#" + quote(parts.fragment, safe=_KEPT.replace("`", "")) if parts.fragment else ""
    return f"{parts.scheme}://{host}{path}{query}{fragment}"


def shown(base: str, href: str) -> str:
    """Returns what an observation shows of a reference: path and query on the same site."""
    if _PLAIN_PATH.match(href):
        return href
    url = resolve(base, href)
    site = origin(base)
    if url.startswith(site + "/"):
        return url[len(site) :]
    return url


def referer(source: str, target: str) -> str:
    """Returns the Referer of a request, by the policy `strict-origin-when-cross-origin`.

    Args:
        source: URL of the page that the request comes from, empty when typed by the user.
        target: URL of the request.
    """
    if not source:
        return ""
    site = origin(source)
    if site == origin(target):
        return source.partition("#")[0]
    if site.startswith("https:") and target.startswith("http:"):
        return ""
    return site + "/"
