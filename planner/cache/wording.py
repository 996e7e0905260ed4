"""The second half of a signature: what the words themselves say, slots aside.

The rules skip words that they do not know; two intents are the same only if these words agree too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from pydantic import JsonValue

from planner.cache.lexicon import CONCEPTS, DIRECTIONS, NEUTRAL, NUMBERS, ORDERED, PHRASES, THINGS

__all__ = ["canonical_words", "marks_of", "said", "unknown_words"]

_TOKEN = re.compile(r"=\w+|<\d+>|\$?\d[\d,.]*\d|\$?\d|[\w'/-]+")
_FAR = 3
"""Words after a superlative in which the thing is looked for that it is about."""
_SUPERLATIVES = frozenset({"=newest", "=oldest", "=top", "=lowest", "=hottest", "=controversial"})
_OPPOSITES = {
    "=newest": "=oldest", "=oldest": "=newest", "=top": "=lowest", "=lowest": "=top",
    "=most_comments": "=fewest_comments", "=fewest_comments": "=most_comments",
}  # fmt: skip
_POLAR = frozenset(
    f"={act}" for act in ("upvote", "downvote", "subscribe", "unsubscribe", "block", "unblock")
)
_ACTS = dict.fromkeys(
    ("commented", "commenting", "commenter", "commenters", "replied", "replying", "responded"),
    "comment",
)


@lru_cache(maxsize=256)
def said(remainder: str) -> str:
    """Returns a remainder in lower case with every phrase put as the concept that it means."""
    text = remainder.lower()
    for pattern, meaning in PHRASES:
        text = pattern.sub(meaning, text)
    return " ".join(text.split())


def canonical_words(remainder: str) -> list[str]:
    """Returns concepts as `=concept`, marks, numbers and plain words, in order."""
    return [_canonical(match[0]) for match in _TOKEN.finditer(said(remainder))]


def marks_of(words: list[str], num_slots: int, *, is_visit: bool) -> JsonValue:
    """Returns what two wordings must share: concepts, counts, superlatives, words nobody knows.

    Where the order of words decides, it is all of them.
    """
    if ORDERED.intersection(words):
        return [*words]
    concepts = {word for word in words if word.startswith("=")} - ({"=all"} if is_visit else set())
    counts = {word for word in words if word.startswith("#")} - {f"#{num_slots}"}
    marks: list[JsonValue] = [
        list[JsonValue](sorted(concepts)),
        list[JsonValue](sorted(counts)),
        list[JsonValue](sorted(set(_about(words)))),
        list[JsonValue](unknown_words(words)),
        "=delete" in concepts and _plural(words),
        not is_visit and "comment" in {THINGS.get(word, _ACTS.get(word)) for word in words},
        _turns(words),
    ]
    return marks


def unknown_words(words: list[str]) -> list[str]:
    """Returns the words that are in none of the lists, each with the direction word before it."""
    return list(_unknown(words))


def _canonical(token: str) -> str:
    bare = token.removesuffix("'s").strip("'-/")
    if token.startswith(("=", "<")):
        return token
    if bare in CONCEPTS:
        return f"={CONCEPTS[bare]}"
    if bare in NUMBERS:
        return f"#{NUMBERS[bare]}"
    ordinal = re.fullmatch(r"(\d+)(?:st|nd|rd|th)", bare)
    if ordinal or bare[:1].isdigit():
        return f"#{ordinal[1] if ordinal else bare}"
    return bare


def _about(words: list[str]) -> Iterator[str]:
    """Yields each superlative with the thing that it is about, unless that is a post."""
    for place, word in enumerate(words):
        if word not in _SUPERLATIVES:
            continue
        near = words[place + 1 : place + 1 + _FAR]
        thing = next((THINGS[one] for one in near if one in THINGS), "post")
        if thing != "post":
            yield f"{word} {thing}"


def _unknown(words: list[str]) -> Iterator[str]:
    """Yields unknown words with the direction word before them."""
    before = ""
    for word in words:
        if word in DIRECTIONS:
            before = f"{DIRECTIONS[word]} "
            continue
        if word and word[0] not in "=#<" and word not in NEUTRAL and word not in THINGS:
            yield f"{before}{word}"
        if word not in ("the", "a", "an"):
            before = ""


def _plural(words: list[str]) -> bool:
    return any(word.endswith("s") and word in THINGS for word in words)


def _turns(words: list[str]) -> JsonValue:
    """Returns opposite acts, ranks and directions in the order in which they are said."""
    acts = [word for word in words if word in _POLAR]
    ranks = [word for word in words if word in _OPPOSITES and _OPPOSITES[word] in words]
    ways = [
        word for word, after in pairwise(words) if word in ("from", "to") and after.startswith("<")
    ]
    several = (said for said in (acts, ranks, ways) if len(set(said)) > 1)
    return [word for said in several for word in said]
