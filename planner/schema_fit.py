"""Brings a value into the form of a JSON schema, and tells what does not fit.

What has one meaning is put right: the case of an enum's word, a number written as text, a nullable
field left out, one item where a list is wanted, a field nobody asked for. The schema is the subset
that every provider takes: `type`, `enum`, `properties`, `required`, `items`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from planner.findings import Finding, Flaw

__all__ = ["Fitted", "fit"]

_MAX_FINDINGS = 20


@dataclass(slots=True)
class Fitted:
    """A value brought into the form of a schema."""

    value: JsonValue
    changes: list[str] = field(default_factory=list)
    """What was put right, in words."""
    findings: list[Finding] = field(default_factory=list)
    """What does not fit; empty: the value keeps the schema."""


def fit(value: JsonValue, schema: Mapping[str, JsonValue]) -> Fitted:
    """Brings a value into the form of a schema as far as its meaning is clear."""
    fitted = Fitted(value=None)
    fitted.value = _Fitter(fitted).fit(value, schema, "")
    del fitted.findings[_MAX_FINDINGS:]
    return fitted


class _Fitter:
    """Walks value and schema together."""

    def __init__(self, fitted: Fitted) -> None:
        self._fitted = fitted

    def fit(self, value: JsonValue, schema: Mapping[str, JsonValue], path: str) -> JsonValue:
        kinds = _kinds(schema)
        if "null" in kinds and _says_null(value, kinds):
            if value is not None:
                self._changed(path, f"{value!r} is null")
            return None
        options = schema.get("enum")
        if isinstance(options, list):
            return self._choice(value, options, path)
        if "object" in kinds:
            return self._object(value, schema, path)
        if "array" in kinds:
            return self._array(value, schema, path)
        return self._scalar(value, kinds, path)

    def _object(self, value: JsonValue, schema: Mapping[str, JsonValue], path: str) -> JsonValue:
        if not isinstance(value, dict):
            return self._wrong(path, "an object", value)
        properties = schema.get("properties")
        assert isinstance(properties, dict), f"an object schema lists its properties: {path}"
        found: dict[str, JsonValue] = {}
        named = {_folded(key): key for key in value}
        for name, inner in properties.items():
            assert isinstance(inner, dict), f"a property has a schema: {path}.{name}"
            key = name if name in value else named.get(_folded(name))
            if key is not None:
                found[name] = self.fit(value[key], inner, _below(path, name))
            elif "null" in _kinds(inner):
                found[name] = None
            elif "array" in _kinds(inner):
                self._changed(_below(path, name), "left out, taken as empty")
                found[name] = []
            else:
                self._finding(_below(path, name), "is missing")
        wanted = {_folded(name) for name in properties}
        for key in value:
            if _folded(key) not in wanted:
                self._changed(_below(path, key), "nobody asked for it, left out")
        return found

    def _array(self, value: JsonValue, schema: Mapping[str, JsonValue], path: str) -> JsonValue:
        inner = schema.get("items")
        assert isinstance(inner, dict), f"an array schema has items: {path}"
        if value is None:
            self._changed(path, "null is an empty list")
            return []
        if not isinstance(value, list):
            self._changed(path, "one item is a list of one")
            value = [value]
        return [self.fit(item, inner, f"{path}[{place}]") for place, item in enumerate(value)]

    def _choice(self, value: JsonValue, options: Sequence[JsonValue], path: str) -> JsonValue:
        if value in options:
            return value
        same = [one for one in options if _folded(str(one)) == _folded(str(value))]
        if len(same) == 1:
            self._changed(path, f"{value!r} is {same[0]!r}")
            return same[0]
        return self._wrong(path, f"one of {[one for one in options if one is not None]}", value)

    def _scalar(self, value: JsonValue, kinds: frozenset[str], path: str) -> JsonValue:
        for kind in ("boolean", "integer", "number", "string"):
            if kind in kinds and _is(value, kind):
                return value
        for kind in ("integer", "number", "boolean", "string"):
            meant = _meant(value, kind) if kind in kinds else None
            if meant is not None:
                self._changed(path, f"{str(value)[:40]!r} is {str(meant)[:40]!r}")
                return meant
        return self._wrong(path, " or ".join(sorted(kinds)), value)

    def _wrong(self, path: str, wanted: str, value: JsonValue) -> JsonValue:
        self._finding(path, f"must be {wanted}, not {str(value)[:60]!r}")
        return value

    def _finding(self, path: str, message: str) -> None:
        self._fitted.findings.append(_unreadable(f"{path or 'the reply'} {message}"))

    def _changed(self, path: str, what: str) -> None:
        self._fitted.changes.append(f"{path or 'the reply'}: {what}")


def _kinds(schema: Mapping[str, JsonValue]) -> frozenset[str]:
    kind = schema.get("type", "string")
    return frozenset(str(one) for one in kind) if isinstance(kind, list) else frozenset({str(kind)})


def _is(value: JsonValue, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "string":
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or (kind == "number" and math.isfinite(value))


def _meant(value: JsonValue, kind: str) -> JsonValue:
    """Returns what a value of another type means as this one; `None`: nothing clear."""
    if kind == "string":
        return _text(value)
    if kind == "boolean":
        return {"true": True, "yes": True, "false": False, "no": False}.get(str(value).lower())
    if isinstance(value, bool) or not isinstance(value, str | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if number.is_integer() and abs(number) < 1e15:
        return int(number)
    return number if kind == "number" and math.isfinite(number) else None


def _text(value: JsonValue) -> str | None:
    if isinstance(value, str):
        return value
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _says_null(value: JsonValue, kinds: frozenset[str]) -> bool:
    if value is None:
        return True
    words = ("null",) if "string" in kinds else ("null", "none", "")
    return isinstance(value, str) and value.strip().lower() in words


def _folded(word: str) -> str:
    return re.sub(r"[\s_.-]+", "", word).lower()


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _unreadable(message: str) -> Finding:
    return Finding(flaw=Flaw.UNREADABLE, message=message)
