"""General knowledge of English and of interface wording, from `thesaurus.json`.

It relates words to words (a city to its short name, `Join` to subscribing); it holds no task, no
answer and no address.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise

from pydantic import BaseModel, ConfigDict

from policies.text import fold, squash, words

__all__ = [
    "field_words",
    "interface",
    "kind_of",
    "kind_words",
    "meaning_of",
    "number_of",
    "topic_words",
]


class _Thesaurus(BaseModel):
    """The file as it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interface: dict[str, tuple[str, ...]]
    kinds: dict[str, tuple[str, ...]]
    fields: dict[str, tuple[str, ...]]
    attributes: dict[str, tuple[str, ...]]
    topics: tuple[tuple[str, ...], ...]
    numbers: dict[str, int]
    noise: tuple[str, ...]


@cache
def _loaded() -> _Thesaurus:
    text = resources.files("policies").joinpath("thesaurus.json").read_text(encoding="utf-8")
    return _Thesaurus.model_validate(json.loads(text))


@lru_cache(maxsize=1_024)
def interface(meaning: str) -> tuple[str, ...]:
    """Returns the wordings that sites use for an action or an order; the word itself if unknown."""
    return _loaded().interface.get(meaning, (meaning,))


@lru_cache(maxsize=16_384)
def meaning_of(wording: str) -> str:
    """Returns the action or order that a site's wording stands for, empty when none is known."""
    return _meanings().get(fold(wording).rstrip("0123456789():,. "), "")


@cache
def _meanings() -> dict[str, str]:
    """Returns wording to meaning; the first meaning of the file that has a wording counts."""
    found: dict[str, str] = {}
    for meaning, wordings in _loaded().interface.items():
        for wording in wordings:
            found.setdefault(fold(wording), meaning)
    return found


@lru_cache(maxsize=1_024)
def field_words(field: str) -> tuple[str, ...]:
    """Returns the labels under which forms and tables show a field or an attribute."""
    thesaurus = _loaded()
    known = thesaurus.fields.get(field, ()) + thesaurus.attributes.get(field, ())
    return known or (field.replace("_", " "),)


@lru_cache(maxsize=256)
def kind_words(kind: str) -> tuple[str, ...]:
    """Returns the words for a kind of thing, the usual one first."""
    return _loaded().kinds.get(kind, (kind,))


@lru_cache(maxsize=4_096)
def kind_of(phrase: str) -> str:
    """Returns the kind of thing that a phrase names, by its last known word; empty if none."""
    table = {word: kind for kind, names in _loaded().kinds.items() for word in names}
    for word in reversed(words(phrase)):
        if word in table:
            return table[word]
    return ""


def number_of(word: str) -> int | None:
    """Returns the number that a word or ordinal says, -1 for `last`, `None` if it says none."""
    text = fold(word)
    digits = text.rstrip("stndrh.") if text[:1].isdigit() else text
    if digits.replace(",", "").isdigit():
        return int(digits.replace(",", ""))
    return _loaded().numbers.get(text)


@lru_cache(maxsize=4_096)
def topic_words(topic: str) -> tuple[tuple[str, float], ...]:
    """Returns what a topic is about, as (word or squashed phrase, weight) pairs.

    The topic's own words weigh 1, two of them in a row 1.2, what the thesaurus relates to them
    0.7. Words that say nothing about a subject (`new`, `recommend`, `need`) are left out.
    """
    noise = frozenset(_loaded().noise)
    own = [word for word in words(topic) if word not in noise and len(word) > 1]
    weights: dict[str, float] = {a + b: 1.2 for a, b in pairwise(words(topic))}
    weights |= dict.fromkeys(own, 1.0)
    padded = f" {' '.join(words(topic))} "
    for group in _loaded().topics:
        if any(f" {' '.join(words(phrase))} " in padded for phrase in group):
            for phrase in group:
                weights.setdefault(squash(phrase), 0.7)
                if len(words(phrase)) == 1:
                    weights.setdefault(words(phrase)[0], 0.7)
    return tuple(weights.items())
