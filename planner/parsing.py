"""From what a model said to a value that fits a schema, with findings instead of exceptions.

    text -> find_json -> FoundJson(value, how whole it was, what was forgiven) | nothing
         -> fit       -> Fitted(value, what was changed, findings)

`find_json` looks through thinking, code fences and prose for the best JSON. `fit` walks the schema:
it puts right what has one meaning (the case of an enum's word, a number written as text, a nullable
field left out, one item where a list is wanted, a field nobody asked for) and tells the rest. The
schema is the subset that every provider takes: `type`, `enum`, `properties`, `required`, `items`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pydantic import JsonValue

from planner.findings import Finding, Flaw
from planner.lenient_json import Cut, LenientError, read_lenient

__all__ = ["MAX_REPLY_CHARS", "Fitted", "FoundJson", "find_json", "fit"]

MAX_REPLY_CHARS = 400_000
"""A longer reply is not a plan; reading it would only cost time."""
_MAX_STARTS = 24
"""Places in a text that are tried as the start of JSON."""
_MAX_FENCES = 8
_MAX_FINDINGS = 20
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
