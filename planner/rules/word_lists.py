"""Plain words that requests are worded with, and what words beside a name say about it.

General English, kept as data: `vocabulary.txt` for words that are no names, `word_lists.json` for
small lists such as the verbs that only people do.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources

from pydantic import TypeAdapter

__all__ = ["TOKEN", "is_foreign", "vocabulary", "word_list"]

TOKEN = re.compile(r"«\d+»|«L\d+»|/?\b[fu]/[\w.-]+|[\w][\w.'-]*[\w]|\w|[,.;:?!()]")
"""A word, a mark, or a sign of punctuation of a masked intent."""


@cache
def vocabulary() -> frozenset[str]:
    """Returns the plain words that tasks are worded with."""
    return frozenset(_text("vocabulary.txt").split())


def is_foreign(low: str) -> bool:
    """Returns whether a word is none of plain English; joined words are looked at in parts."""
    known = vocabulary()
    return low not in known and not all(part in known for part in re.split(r"[-'.]", low) if part)


@cache
def word_list(name: str) -> frozenset[str]:
    """Returns a list by its name.

    Raises:
        KeyError: There is no such list.
    """
    return frozenset(_lists()[name])


@cache
def _lists() -> dict[str, list[str]]:
    return TypeAdapter(dict[str, list[str]]).validate_python(json.loads(_text("word_lists.json")))


def _text(file: str) -> str:
    return resources.files("planner.rules").joinpath(file).read_text("utf-8")
