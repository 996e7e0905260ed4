"""Reads the JSON that models really send, and says what it had to forgive.

    forgiven    comments, trailing and missing commas, bare keys, single and typographic quotes,
                raw line breaks in strings, unknown escapes, Python's and JavaScript's literals,
                NaN and infinities (read as null), `+1`, `.5`, `5.`
    cut off     open arrays and objects are closed; what was not whole is dropped with its member,
                and a record of an array that was not whole is dropped altogether
    refused     an ellipsis for what was left out, an apostrophe that may or may not end a string,
                quotes inside of quotes: there is more than one reading

Plain JSON never comes here: `planner.parsing` tries the standard library first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from pydantic import JsonValue

__all__ = ["Cut", "LenientError", "LenientJson", "read_lenient"]

_MAX_DEPTH = 40
_BLANK = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z))+", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[+-]?[A-Za-z_$][\w$-]*")
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\"}
_LITERALS: dict[str, JsonValue] = {
    "true": True,
    "yes": True,
    "false": False,
    "no": False,
    "null": None,
    "none": None,
    "undefined": None,
}
_NOT_FINITE = frozenset({"nan", "infinity", "inf"})


class Cut(StrEnum):
    """How whole a text was."""

    WHOLE = "whole"
    CLOSED = "closed"
    """Only closing brackets were missing."""
    LOST = "lost"
    """Something that had begun was dropped."""


class LenientError(ValueError):
    """There is no one reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LenientJson:
    """A value that was read."""

    value: JsonValue
    end: int
    """Where in the text it ended."""
    cut: Cut
    forgiven: tuple[str, ...]
    """What was not JSON, in words, each kind once."""


def read_lenient(text: str, start: int = 0) -> LenientJson:
    """Reads the array or object that begins at `start`.

    Raises:
        LenientError: What stands there cannot be read in one way.
    """
    reader = _Reader(text, start)
    value = reader.value(0)
    if isinstance(value, _Missing):
        raise LenientError("the text ends before anything was said")
    return LenientJson(
        value=value, end=reader.at, cut=reader.cut, forgiven=tuple(dict.fromkeys(reader.forgiven))
    )


class _Missing:
    """Stands for a value that the end of the text cut off."""


_MISSING = _Missing()


class _Reader:
    """One pass over a text."""

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.at = start
        self.cut = Cut.WHOLE
        self.forgiven: list[str] = []

    def value(self, depth: int) -> JsonValue | _Missing:
        self._blank()
        here = self._peek()
        if here == "":
            return _MISSING
        if depth > _MAX_DEPTH:
            raise LenientError(f"nested deeper than {_MAX_DEPTH}")
        if here == "{":
            return self._object(depth)
        if here == "[":
            return self._array(depth)
        if here in _QUOTES:
            return self._string()
        return self._scalar()

    def _object(self, depth: int) -> JsonValue:
        self.at += 1
        found: dict[str, JsonValue] = {}
        while True:
            if self._closes("}"):
                return found
            key = self._key()
            if key is None:
                return self._lost(found)
            self._blank()
            if self._peek() == "":
                return self._lost(found)
            if self._peek() != ":":
                raise LenientError(f"no colon after {key[:40]!r} at character {self.at}")
            self.at += 1
            before = self.cut
            value = self.value(depth + 1)
            if isinstance(value, _Missing):
                return self._lost(found)
            if key in found:
                self.forgiven.append("a key given twice")
            found[key] = value
            if self.cut is not before:
                return found
            self._comma("}")

    def _array(self, depth: int) -> JsonValue:
        self.at += 1
        found: list[JsonValue] = []
        while True:
            if self._closes("]"):
                return found
            before = self.cut
            value = self.value(depth + 1)
            if isinstance(value, _Missing):
                return found
            if self.cut is not before and isinstance(value, dict):
                self.cut = Cut.LOST
                return found
            found.append(value)
            if self.cut is not before:
                return found
            self._comma("]")

    def _closes(self, bracket: str) -> bool:
        """Returns whether a container ends here, by its bracket or by the end of the text."""
        self._blank()
        here = self._peek()
        if here == bracket:
            self.at += 1
            return True
        if here == "":
            if self.cut is Cut.WHOLE:
                self.cut = Cut.CLOSED
            return True
        return False

    def _comma(self, bracket: str) -> None:
        self._blank()
        if self._peek() == ",":
            self.at += 1
            self._blank()
            if self._peek() == bracket:
                self.forgiven.append("a trailing comma")
            elif self._peek() == "":
                self.cut = Cut.LOST  # something was to follow
        elif self._peek() not in (bracket, ""):
            if self._peek() not in (*_QUOTES, "{", "["):
                raise LenientError(f"no comma and no {bracket!r} at {self.at}: {self._near()}")
            self.forgiven.append("a missing comma")

    def _key(self) -> str | None:
        """Returns a key; `None` when the text ends within it."""
        if self._peek() in _QUOTES:
            key = self._string()
            return key if isinstance(key, str) else None
        match = _WORD.match(self.text, self.at)
        if match is None:
            raise LenientError(f"no key at character {self.at}: {self._near()}")
        self.at = match.end()
        self.forgiven.append("a key without quotes")
        return match[0]

    def _string(self) -> str | _Missing:
        opened = self._peek()
        closing = _QUOTES[opened]
        if opened != '"':
            self.forgiven.append("other quotes")
        self.at += 1
        parts: list[str] = []
        while self.at < len(self.text):
            here = self.text[self.at]
            if here == "\\":
                parts.append(self._escape())
            elif here == closing and self._ends_string(opened):
                self.at += 1
                return "".join(parts)
            else:
                if here == "\n":
                    self.forgiven.append("a line break in a text")
                parts.append(here)
                self.at += 1
        self.cut = Cut.LOST
        return _MISSING

    def _ends_string(self, opened: str) -> bool:
        """Returns whether the quote here ends its string and is not an apostrophe."""
        after = self.text[self.at + 1 : self.at + 2]
        if opened == '"' or opened == "\u201c":
            return True
        if not after or not (after.isalnum() or after == "_"):
            return True
        if self.text[self.at - 1].isalnum():
            return False
        raise LenientError(f"a quote at character {self.at} may or may not end a text")

    def _escape(self) -> str:
        code = self.text[self.at + 1 : self.at + 2]
        if code == "u":
            return self._unicode()
        self.at += 2
        if code not in _ESCAPES and code not in _QUOTES:
            self.forgiven.append("an unknown escape")
        return _ESCAPES.get(code, code)

    def _unicode(self) -> str:
        match = re.compile(r"(?:\\u[0-9a-fA-F]{4})+").match(self.text, self.at)
        if match is None:
            raise LenientError(f"no character code at character {self.at}")
        self.at = match.end()
        units = re.findall(r"[0-9a-fA-F]{4}", match[0])
        data = b"".join(int(unit, 16).to_bytes(2, "big") for unit in units)
        return data.decode("utf-16-be", errors="replace")

    def _scalar(self) -> JsonValue | _Missing:
        number = _NUMBER.match(self.text, self.at)
        word = _WORD.match(self.text, self.at)
        match = number or word
        if match is None:
            raise LenientError(f"no value at character {self.at}: {self._near()}")
        self.at = match.end()
        if self.at == len(self.text):
            # The rest of a number or a word may have been cut off.
            self.cut = Cut.LOST
            return _MISSING
        return self._number(match[0]) if number else self._literal(match[0])

    def _number(self, text: str) -> JsonValue:
        plain = text.replace("_", "")
        if re.fullmatch(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", text) is None:
            self.forgiven.append("a number in another notation")
        if re.fullmatch(r"[+-]?\d{1,18}", plain):
            return int(plain)
        value = float(plain)
        if value in (float("inf"), float("-inf")):
            self.forgiven.append("a number without end")
            return None
        return value

    def _literal(self, text: str) -> JsonValue:
        word = text.lstrip("+-").lower()
        if word in _NOT_FINITE:
            self.forgiven.append("a number that is none")
            return None
        if word not in _LITERALS:
            raise LenientError(f"unknown word {text[:40]!r} at character {self.at}")
        if text not in ("true", "false", "null"):
            self.forgiven.append("a literal of another language")
        return _LITERALS[word]

    def _lost(self, found: dict[str, JsonValue]) -> JsonValue:
        self.cut = Cut.LOST
        return found

    def _blank(self) -> None:
        match = _BLANK.match(self.text, self.at)
        if match is not None:
            if match[0].strip(" \t\r\n"):
                self.forgiven.append("a comment")
            self.at = match.end()

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _near(self) -> str:
        return repr(self.text[self.at : self.at + 20])
