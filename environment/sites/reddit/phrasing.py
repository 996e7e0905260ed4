"""Small texts derived from data: slugs, relative times, host names, counted nouns."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

__all__ = ["counted", "forum_path", "host_of", "iso_time", "slug", "submission_path", "time_ago"]

SLUG_LIMIT = 60
"""Longest slug in characters; a longer title is cut at the end of a word."""

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_UNITS = (
    (31_536_000, "year"),
    (2_592_000, "month"),
    (604_800, "week"),
    (86_400, "day"),
    (3_600, "hour"),
    (60, "minute"),
)


def slug(title: str) -> str:
    r"""Turns a title into the last part of its address.

    >>> slug("The Moon, Saturn and Jupiter through my 4\" telescope")
    'the-moon-saturn-and-jupiter-through-my-4-telescope'
    """
    letters = (c for c in unicodedata.normalize("NFKD", title) if not unicodedata.combining(c))
    words = _NOT_SLUG.sub("-", "".join(letters).lower()).strip("-")
    if len(words) > SLUG_LIMIT:
        cut = words[: SLUG_LIMIT + 1].rfind("-")
        words = words[: cut if cut > 0 else SLUG_LIMIT]
    return words or "-"


def forum_path(name: str) -> str:
    """Returns the address of a forum, percent-encoded."""
    return "/f/" + quote(name, safe="")


def submission_path(forum: str, submission_id: int, title: str) -> str:
    """Returns the address of a submission's page, percent-encoded."""
    return f"{forum_path(forum)}/{submission_id}/{slug(title)}"


def time_ago(seconds: int) -> str:
    """Says how long ago something was, in its largest whole unit.

    >>> time_ago(7_300), time_ago(59)
    ('2 hours ago', 'just now')
    """
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{counted(seconds // size, unit)} ago"
    return "just now"


def iso_time(timestamp: int) -> str:
    """Writes Unix seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat()


def host_of(url: str) -> str:
    """Returns the host that a link leads to; the empty string for this site's own paths."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def counted(number: int, noun: str) -> str:
    """Writes a number with its noun, in the plural unless it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
