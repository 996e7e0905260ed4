"""Where a text stands in an intent, and whether it stands there as a name.

The rules take some plain words for names; a plain lower-case word is one only where its neighbours
say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["is_named", "spots"]

_IS_FORUM = re.compile(r" (?:forum|community|subreddit)\b", re.IGNORECASE)
_BEFORE_NAME = re.compile(
    r"(?:\b(?:in|on|of|from|to|by|for|join|leave|and|or|than|with|between|forums?|users?)|[,:(]) $",
    re.IGNORECASE,
)
_AFTER_NAME = re.compile(
    r"$|[.,;:?!)']| (?:and|or|have|has|does|is|whose|that|with|titled|called|where)\b"
)
"""Where a plain lower-case word is a name."""


def is_named(value: str, intent: str) -> bool:
    """Whether a text stands in an intent as a name; the rules take some plain words for names."""
    if not (value.isascii() and value.isalpha() and value.islower()):
        return next(spots(value, intent), None) is not None
    return any(
        intent[max(0, start - 2) : start] in ("f/", "u/")
        or intent[max(0, start - 1) : start] == '"'
        or _IS_FORUM.match(intent, end)
        or (_BEFORE_NAME.search(intent, 0, start) and _AFTER_NAME.match(intent, end))
        for start, end in spots(value, intent)
    )


def spots(text: str, intent: str) -> Iterator[tuple[int, int]]:
    """Yields where a text stands in an intent as a word of its own, as start and end."""
    start = intent.find(text)
    while start >= 0:
        end = start + len(text)
        if not (_is_word(intent[start - 1 : start]) or _is_word(intent[end : end + 1])):
            yield start, end
        start = intent.find(text, start + 1)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
