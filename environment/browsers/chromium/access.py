"""Which addresses the documents of one session may come from. Pure.

A browser's patterns hold for all its sessions, but `*.localhost` alone would let an agent that
guesses a host name walk into the world of another episode, or to any other server of this machine.
Each world is served at `http://{site}-{episode}.localhost:{port}`, so within `.localhost` a pattern
with a wildcard lets a session in only where its own episode and port are. A host that is named in
full is let in for every session.

Where a session is at home is told by the cookies that it starts with; without any, by the address
of its first page.

Not covered: what a page's own scripts fetch. Only documents, frames included, are judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple
from urllib.parse import urlsplit

from environment.tasks.records import SITES

__all__ = ["Access"]

_LOCAL = ".localhost"
_SITES = sorted((f"{site.replace('_', '-')}-" for site in SITES), key=len, reverse=True)


class _Place(NamedTuple):
    """An episode on one server of this machine."""

    episode: str
    port: str
    """With its colon, empty for the usual one."""


class Access:
    """The addresses that are open to one session."""

    def __init__(self, patterns: Sequence[str], *, home: Iterable[str]) -> None:
        """Keeps the patterns and where the session is at home.

        Args:
            patterns: Hosts, hosts with port, or origins; `*` stands for anything.
            home: Absolute URLs of the session's own episode.
        """
        self._patterns = tuple(patterns)
        self._home = {place for url in home if (place := _place(url)) is not None}

    def allows(self, url: str) -> bool:
        """Tells whether a document may come from an absolute URL."""
        place = _place(url)
        is_at_home = place is None or place in self._home
        names = _names(url)
        return any(
            fnmatchcase(name, pattern) and (is_at_home or not set("*?[") & set(pattern))
            for name in names
            for pattern in self._patterns
        )


def _names(url: str) -> tuple[str, str, str]:
    """The host, the host with port and the origin of a URL, empty where it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:  # `http://[`
        return "", "", ""
    netloc = parts.netloc.lower()
    return parts.hostname or "", netloc, f"{parts.scheme}://{netloc}"


def _place(url: str) -> _Place | None:
    """Returns the episode that a URL belongs to, `None` outside of `.localhost`."""
    host, netloc, _ = _names(url)
    if not host.endswith(_LOCAL):
        return None
    name = host.removesuffix(_LOCAL)
    site = next((one for one in _SITES if name.startswith(one)), "")
    episode = name.removeprefix(site) if site else name.partition("-")[2] or name
    return _Place(episode, netloc.rpartition(_LOCAL)[2])
