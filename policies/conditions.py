"""Conditions on records: what `where` arguments say and how they are tested.

A condition is a record `{"field", "op", "value" | "input"}`; `input` names another argument of the
node whose value is compared with. A field that a record does not have fails every condition but
`is_not`, `lacks` and `absent`.

| op | holds when the field's value |
|---|---|
| `is` `is_not` | names the same thing (letters and figures alike), or is the same number |
| `begins` | starts with the value, as a date does with its year |
| `has` `lacks` | contains the value's words in order |
| `mentions` | is about the value: most of its words occur |
| `gt` `ge` `lt` `le` | compares as a number, or as text for times |
| `before` `after` | compares as a date, cut to the length given |
| `present` `absent` | is there at all |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.pages import Value
from policies.text import coverage, squash, words

__all__ = ["Record", "holds", "meets"]

Record = Mapping[str, Value]


def meets(record: Record, conditions: Value, arguments: Mapping[str, Value]) -> bool:
    """Returns whether a record meets every condition.

    Args:
        record: Attribute to value.
        conditions: A list of condition records; anything else is no condition.
        arguments: The node's arguments, for conditions that name an input.
    """
    if not isinstance(conditions, Sequence) or isinstance(conditions, str):
        return True
    return all(
        holds(record, condition, arguments)
        for condition in conditions
        if isinstance(condition, Mapping)
    )


def holds(record: Record, condition: Record, arguments: Mapping[str, Value]) -> bool:
    """Returns whether a record meets one condition; an unknown operator never holds."""
    field, op = str(condition.get("field", "")), str(condition.get("op", ""))
    named = condition.get("input")
    wanted = arguments.get(named) if isinstance(named, str) else condition.get("value")
    actual = record.get(field)
    if op in ("present", "absent"):
        return bool(actual) is (op == "present")
    if actual is None:
        return op in ("is_not", "lacks")
    if op in ("is", "is_not"):
        return _same(actual, wanted) is (op == "is")
    if op in ("has", "lacks"):
        return _contains(actual, wanted) is (op == "has")
    if op == "begins":
        return str(actual).casefold().startswith(str(wanted).casefold())
    if op == "mentions":
        return _contains(actual, wanted) or coverage(str(wanted), str(actual)) >= 0.6
    return _compares(op, actual, wanted)


def _same(actual: Value, wanted: Value) -> bool:
    if isinstance(wanted, list):
        return any(_same(actual, one) for one in wanted)
    if isinstance(actual, bool) or isinstance(wanted, bool):
        return actual is wanted
    if isinstance(actual, int | float) and isinstance(wanted, int | float):
        return actual == wanted
    one, other = str(actual), str(wanted)
    return one.casefold() == other.casefold() or (
        squash(one) == squash(other) != "" and "_" not in one + other and "-" not in one + other
    )


def _contains(actual: Value, wanted: Value) -> bool:
    hay, needle = f" {' '.join(words(str(actual)))} ", f" {' '.join(words(str(wanted)))} "
    return needle in hay or str(wanted).casefold() in str(actual).casefold()


def _compares(op: str, actual: Value, wanted: Value) -> bool:
    left: float | str
    right: float | str
    if isinstance(actual, int | float) and isinstance(wanted, int | float):
        left, right = float(actual), float(wanted)
    else:
        left, right = str(actual), str(wanted)
        if op in ("before", "after"):
            left = left[: len(right)]
    return {
        "gt": left > right,  # type: ignore[operator]
        "ge": left >= right,  # type: ignore[operator]
        "lt": left < right,  # type: ignore[operator]
        "le": left <= right,  # type: ignore[operator]
        "before": left < right,  # type: ignore[operator]
        "after": left > right,  # type: ignore[operator]
    }.get(op, False)
