"""Matching of words: how alike a wanted phrase and a text on a page are.

Deterministic and cheap: words are lower-cased, joined names are cut at case changes and figures, a
plain plural ending is dropped. Nothing here knows a site.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["STOP_WORDS", "coverage", "fold", "likeness", "overlap", "squash", "stem", "words"]

STOP_WORDS = frozenset(
    """
    a an and any are as at be by for from i in into is it its me my of on or please so some that the
    their there these this those to was were what when where which who whose will with your you i'm
    im
    """.split()  # noqa: SIM905
)
"""English words that say nothing about a topic."""

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_QUOTES = str.maketrans(
    {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: "-", 0x2026: " "}
)
"""Curly quotation marks, dashes and the ellipsis, by code point."""


_LONE_FIGURE = re.compile(r"(?<![\w.,:$-])[0-9](?![\w.,:%-])")
_FIGURES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def fold(text: str) -> str:
    """Returns a text lower-cased, quotes straightened, white space collapsed."""
    return " ".join(text.translate(_QUOTES).casefold().split())


@lru_cache(maxsize=65_536)
def squash(text: str) -> str:
    """Returns letters and figures only: `Explain like I'm 5` is `explainlikeim5`."""
    return _NOT_WORD.sub("", text.translate(_QUOTES).casefold())


@lru_cache(maxsize=4_096)
def stem(word: str) -> str:
    """Returns a word without its plain plural or possessive ending."""
    if word.endswith("'s"):
        word = word[:-2]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=32_768)
def words(text: str) -> tuple[str, ...]:
    """Returns the stemmed words of a text in order, stop words left out unless nothing remains."""
    parts = _WORD.findall(_CAMEL.sub(" ", text.translate(_QUOTES)).casefold())
    kept = [stem(part) for part in parts if part not in STOP_WORDS]
    return tuple(kept or [stem(part) for part in parts])


def coverage(wanted: str, text: str) -> float:
    """Returns the share of the wanted words that a text has, in [0, 1]; 0 for nothing wanted."""
    needles = words(wanted)
    if not needles:
        return 0.0
    have = frozenset(words(text))
    return sum(needle in have for needle in needles) / len(needles)


def overlap(one: str, other: str) -> float:
    """Returns the Dice coefficient of two texts' word sets, in [0, 1]."""
    left, right = frozenset(words(one)), frozenset(words(other))
    total = len(left) + len(right)
    return 2 * len(left & right) / total if total else 0.0


def _spelled(text: str) -> str:
    """Returns a text with lone figures as words: `like im 5` is `like im five`."""
    return _LONE_FIGURE.sub(lambda match: _FIGURES[int(match[0])], text)


@lru_cache(maxsize=65_536)
def likeness(wanted: str, text: str) -> float:
    """Returns how well a text answers to a wanted name, in [0, 1]; 1 for the same name.

    The same letters and figures are the same name, however they are spaced; a text that contains
    the whole wanted phrase comes next, then shared words.
    """
    if not wanted or not text:
        return 0.0
    needle, hay = squash(_spelled(wanted)), squash(_spelled(text))
    if not needle or not hay:
        return 1.0 if fold(wanted) == fold(text) else 0.0
    if needle == hay:
        return 1.0
    if len(needle) > 3 and needle in hay:
        return 0.7 + 0.25 * len(needle) / len(hay)
    if len(hay) > 3 and hay in needle:
        return 0.55 + 0.25 * len(hay) / len(needle)
    return 0.6 * coverage(wanted, text) + 0.3 * overlap(wanted, text)
