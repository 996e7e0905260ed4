"""Texts of an agent that the benchmark's evaluators would run as regular expressions.

They take every text that begins with `^` and ends with `$` for a pattern, those that an agent
answers or types included, and match it against what they expect. A pattern with repeats inside of
repeats can keep them, and the whole process, busy for ever. Such a text is handed to them without
its `^`: it is then an ordinary text, which matches nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode

from pydantic import JsonValue

__all__ = ["disarmed", "disarmed_fields", "reads_as_pattern"]

_REPEAT = re.compile(r"[*+?{]")
_MOST_REPEATS = 1
"""One repeat takes time in proportion to the text; two can be nested."""


def reads_as_pattern(text: str) -> bool:
    """Whether the evaluators take a text for a pattern.

    They look after reducing it to ASCII, so that full-width or hidden characters make one too.
    """
    return _as_pattern(text) is not None


def disarmed(value: JsonValue) -> JsonValue:
    """Returns an answer without the patterns that could run for ever."""
    if isinstance(value, str):
        return _harmless(value)
    if isinstance(value, list):
        return [disarmed(item) for item in value]
    if isinstance(value, dict):
        return {_harmless(name): disarmed(item) for name, item in value.items()}
    return value


def disarmed_fields(text: str) -> str:
    """Returns an urlencoded form or query without the patterns that could run for ever.

    A text without any is returned as it is, to the letter.
    """
    pairs = parse_qsl(text, keep_blank_values=True)
    safe = [(_harmless(name), _harmless(value)) for name, value in pairs]
    return text if safe == pairs else urlencode(safe)


def _harmless(text: str) -> str:
    pattern = _as_pattern(text)
    if pattern is None or len(_REPEAT.findall(pattern)) <= _MOST_REPEATS:
        return text
    return f"(not run: {pattern.replace('^', '')})"


def _as_pattern(text: str) -> str | None:
    """Returns the pattern that the evaluators see in a text, `None` when they see none."""
    if "^" not in text and text.isascii():
        return None
    return _reduced(text.encode("utf-8", "replace").decode())


@lru_cache(maxsize=1024)
def _reduced(text: str) -> str | None:
    from webarena_verified.core.evaluation.data_types import NormalizedString

    reduced = NormalizedString(text)
    return str(reduced.normalized) if reduced.is_regexp else None
