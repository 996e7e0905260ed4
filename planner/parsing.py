"""Finds the JSON in what a model said: a value, or a finding that says why there is none.

Thinking, code fences and prose are looked through for the best JSON; what is not plain JSON is read
by `planner.lenient_json`. Whether the value has the right form is for `fit` to say.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pydantic import JsonValue

from planner.findings import Finding, Flaw
from planner.lenient_json import Cut, LenientError, read_lenient
from planner.schema_fit import Fitted, fit

__all__ = ["MAX_REPLY_CHARS", "Fitted", "FoundJson", "find_json", "fit"]

MAX_REPLY_CHARS = 400_000
"""A longer reply is not a plan; reading it would only cost time."""
_MAX_STARTS = 24
"""Places in a text that are tried as the start of JSON."""
_MAX_FENCES = 8
_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[ \t]*[\w+-]*[ \t]*\r?\n?(.*?)(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJson:
    """JSON found in a text."""

    value: JsonValue
    cut: Cut
    forgiven: tuple[str, ...]
    """What was not plain JSON, in words."""


def find_json(
    text: str, wanted: frozenset[str] = frozenset(), items: frozenset[str] = frozenset()
) -> FoundJson | Finding:
    """Returns the best JSON in a text, or why there is none.

    Args:
        text: All that a model said.
        wanted: Keys that the right object has; an object with more of them is better, one with
            none is something else. Empty: any object or list will do.
        items: Keys of the records of a list that may stand there instead of the object.
    """
    if len(text) > MAX_REPLY_CHARS:
        return _unreadable(
            f"the reply has {len(text)} characters, at most {MAX_REPLY_CHARS} are read"
        )
    whole = _plain(text)
    if whole is not None:
        return whole
    spoken = _THINKING.sub(" ", text)
    fenced = [match[1] for match in islice(_FENCE.finditer(spoken), _MAX_FENCES)]
    candidates = [found for part in (*fenced, spoken) for found in _candidates(part)]
    if not candidates:
        return _unreadable(_why_nothing(spoken))
    best = max(candidates, key=lambda found: _merit(found, wanted))
    if wanted and not _is_meant(best.value, wanted, items):
        return _unreadable(_why_nothing(spoken))
    return best


def _is_meant(value: JsonValue, wanted: frozenset[str], items: frozenset[str]) -> bool:
    if isinstance(value, dict):
        return bool(wanted & value.keys())
    first = value[0] if isinstance(value, list) and value else None
    return bool(items) and isinstance(first, dict) and items <= first.keys()


def _plain(text: str) -> FoundJson | None:
    try:
        value = _strict(text)
        if isinstance(value, str):  # JSON inside of a JSON text
            value = _strict(value)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict | list):
        return None
    return FoundJson(value=value, cut=Cut.WHOLE, forgiven=())


def _strict(text: str) -> JsonValue:
    value: JsonValue = json.loads(text, parse_constant=_finite, parse_float=_finite)
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not JSON")
    return number


def _candidates(text: str) -> Iterator[FoundJson]:
    """Yields what can be read from each bracket that is not inside of what was read before."""
    at = 0
    for _ in range(_MAX_STARTS):
        match = re.compile(r"[{\[]").search(text, at)
        if match is None:
            return
        try:
            read = read_lenient(text, match.start())
        except LenientError:
            at = match.end()
            continue
        alone = not text[: match.start()].strip() and not text[read.end :].strip()
        around = () if alone else ("words around the JSON",)
        yield FoundJson(value=read.value, cut=read.cut, forgiven=(*around, *read.forgiven))
        at = read.end


def _merit(found: FoundJson, wanted: frozenset[str]) -> tuple[int, int, int, int]:
    """Ranks candidates: the right keys, an object, whole, long."""
    inner = found.value
    keys = len(wanted & inner.keys()) if isinstance(inner, dict) else 0
    wholeness = {Cut.WHOLE: 2, Cut.CLOSED: 1, Cut.LOST: 0}[found.cut]
    return keys, int(isinstance(inner, dict)), wholeness, len(str(inner))


def _why_nothing(text: str) -> str:
    start = text.find("{")
    if start < 0:
        return f"there is no JSON object in the reply (it begins {text.strip()[:60]!r})"
    try:
        read_lenient(text, start)
    except LenientError as error:
        return f"the JSON cannot be read: {error}"
    return "the JSON in the reply is something else than what was asked for"


def _unreadable(message: str) -> Finding:
    return Finding(flaw=Flaw.UNREADABLE, message=message)
