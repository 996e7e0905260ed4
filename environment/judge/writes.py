"""What an episode sent to its sites in order to change something, read from its trace."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from core.http import header
from environment.judge.rules import rules_of
from environment.trace import TraceEntry

__all__ = ["Sent", "place_of", "scope_of", "sent", "writes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request of an episode."""

    sequence: int
    site: str
    """Empty when it went to no site of the episode."""
    method: str
    path: str
    """Decoded, without query."""
    location: str
    """Path with query, as they were sent."""
    fields: tuple[tuple[str, str], ...]
    """Decoded fields of query and body."""
    status: int


def sent(trace: Sequence[TraceEntry], base_urls: Mapping[str, str]) -> Iterator[Sent]:
    """Yields every request of a trace.

    Args:
        trace: The exchanges in the world host's order.
        base_urls: Site name to scheme and host, no trailing slash.
    """
    sites = {url: site for site, url in base_urls.items()}
    for entry in trace:
        parts = urlsplit(entry.request.url)
        text = entry.request.body.decode("utf-8", "replace")
        is_form = "urlencoded" in header(entry.request.headers, "content-type")
        body = parse_qsl(text, keep_blank_values=True) if is_form else [("", text)] if text else []
        yield Sent(
            sequence=entry.sequence,
            site=sites.get(f"{parts.scheme}://{parts.netloc}", ""),
            method=entry.request.method,
            path=unquote(parts.path),
            location=f"{parts.path}?{parts.query}" if parts.query else parts.path,
            fields=(*parse_qsl(parts.query, keep_blank_values=True), *body),
            status=entry.status,
        )


def writes(requests: Sequence[Sent]) -> Iterator[Sent]:
    """Yields the requests that were meant to change a world and were not refused."""
    for request in requests:
        rules = rules_of(request.site)
        if request.method in ("GET", "HEAD", "OPTIONS") or request.status >= 400:
            continue
        if request.path not in rules.sign_in_paths | rules.harmless_posts:
            yield request


def scope_of(request: Sent, made: Collection[str]) -> str:
    """Returns what a write is about: its path, in the one form that all its spellings share.

    Args:
        request: A write.
        made: Ids of rows that the episode made; in the path they become `new`.
    """
    return f"{request.method} {place_of(request, made)}"


def place_of(request: Sent, made: Collection[str] = ()) -> str:
    """Returns site and path of a request, in the one form that all its spellings share.

    Args:
        request: Any request.
        made: Ids of rows that the episode made; in the path they become `new`.
    """
    path = request.path
    for pattern, replacement in rules_of(request.site).scopes:
        path = pattern.sub(replacement, path)
    parts = ("new" if part in made else part.casefold() for part in path.split("/"))
    return f"{request.site}:{'/'.join(parts)}"
