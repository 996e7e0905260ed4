"""Plain words that requests are worded with, and what words beside a name say about it.

General English, kept as data: `vocabulary.txt` for words that are no names, `word_lists.json` for
small lists such as the verbs that only people do.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from pydantic import TypeAdapter

__all__ = ["vocabulary", "word_list"]


@cache
def vocabulary() -> frozenset[str]:
    """Returns the plain words that tasks are worded with."""
    return frozenset(_text("vocabulary.txt").split())


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
