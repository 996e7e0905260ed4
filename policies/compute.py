"""What `compute` and `respond` nodes do: pure functions from arguments to outputs.

The subgoal's object names the operation; its first word decides.

| object | arguments | outputs |
|---|---|---|
| `pick max`, `pick min` | `by` field; `items` or a record per argument; `rank`, `where` | fields |
| `filter` | `items`, `where`, `limit` | `items`, `count` |
| `sort` | `items`, `by`, `descending`, `limit` | `items` |
| `count` | `items`, `where`, `distinct` field | `count` |
| `sum`, `difference`, `average` | numbers, or `items` and `by` | `value` |
| `compare` | two numbers, `op` | `flag` |
| `choose max`, `choose min` | `names`, `value_0`, `value_1`, ... | `name` |
| `common`, `union` | records or texts under other arguments; `by` field | `items` |
| `group` | `items`, `by` | `items`: records of the field and `count` |
| `fill` | `template` with `{name}` slots, other arguments | `text` |
| `answer` (respond) | `task_type`, `status`, `reason`, `shape`, other arguments | `response` |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from core.errors import CallerError
from core.pages import Value
from core.plans import PlanNode, Verb
from core.tasks import AgentResponse, ResponseStatus, TaskType
from policies.conditions import meets
from policies.text import squash

__all__ = ["NoResultError", "derive"]

Arguments: TypeAlias = Mapping[str, Value]
Item: TypeAlias = dict[str, Value]

_OPTIONS = frozenset(
    "by rank where limit descending distinct op template items".split()  # noqa: SIM905
    + "task_type status shape keys reason".split()  # noqa: SIM905
)
"""Argument names that say how; every other argument is something to work on."""


class NoResultError(CallerError):
    """The arguments give no result: nothing to pick from, not two numbers."""


def derive(node: PlanNode, arguments: Arguments) -> dict[str, Value]:
    """Returns the outputs of a `compute` or `respond` node.

    Args:
        node: Its subgoal's object names the operation, its outputs the values wanted.
        arguments: The bound inputs.

    Raises:
        NoResultError: The operation is unknown or has no result for these arguments.
    """
    if node.subgoal.verb is Verb.RESPOND:
        return {output.name: _answer(arguments) for output in node.outputs} or {
            "response": _answer(arguments)
        }
    operation, _, rest = node.subgoal.object.partition(" ")
    try:
        found = _OPERATIONS[operation](arguments, rest)
    except KeyError as error:
        raise NoResultError(f"cannot compute {node.subgoal.object!r}: {error}") from error
    return {output.name: found[output.name] for output in node.outputs if output.name in found}


def _records(arguments: Arguments) -> list[Item]:
    """Returns `items`, or one record for each other argument, named after it."""
    items = arguments.get("items")
    if isinstance(items, list):
        return [dict(item) for item in items if isinstance(item, Mapping)]
    found: list[Item] = []
    for name, value in arguments.items():
        if name in _OPTIONS:
            continue
        if isinstance(value, Mapping):
            found.append({"source": name, **value})
        elif isinstance(value, list):
            found += [{"source": name, **item} for item in value if isinstance(item, Mapping)]
    return found


def _pick(arguments: Arguments, which: str) -> Item:
    by, rank = str(arguments.get("by", "")), _whole(arguments.get("rank"), 1)
    items = [item for item in _records(arguments) if meets(item, arguments.get("where"), arguments)]
    ranked = _ordered(items, by, descending=which == "max") if by else items
    if not 0 < rank <= len(ranked):
        raise NoResultError(f"{len(ranked)} things to pick number {rank} from")
    item = ranked[rank - 1]
    return {**item, "item": item, "value": item.get(by)}


def _filter(arguments: Arguments, _: str) -> Item:
    items = [item for item in _records(arguments) if meets(item, arguments.get("where"), arguments)]
    items = items[: _whole(arguments.get("limit"), len(items))]
    return {"items": list(items), "count": len(items)}


def _sort(arguments: Arguments, _: str) -> Item:
    ranked = _ordered(
        _records(arguments),
        str(arguments.get("by", "")),
        descending=bool(arguments.get("descending")),
    )
    return {"items": list(ranked[: _whole(arguments.get("limit"), len(ranked))])}


def _count(arguments: Arguments, _: str) -> Item:
    items = [item for item in _records(arguments) if meets(item, arguments.get("where"), arguments)]
    distinct = arguments.get("distinct")
    if isinstance(distinct, str):
        return {"count": len({str(item.get(distinct)) for item in items})}
    return {"count": len(items)}


def _numbers(arguments: Arguments) -> list[float]:
    by = arguments.get("by")
    if isinstance(by, str) and by:
        values = [item.get(by) for item in _records(arguments)]
    else:
        values = [value for name, value in arguments.items() if name not in _OPTIONS]
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if isinstance(one, int | float) and not isinstance(one, bool)]


def _sum(arguments: Arguments, _: str) -> Item:
    return {"value": sum(_numbers(arguments))}


def _average(arguments: Arguments, _: str) -> Item:
    numbers = _numbers(arguments)
    if not numbers:
        raise NoResultError("the average of no numbers")
    return {"value": sum(numbers) / len(numbers)}


def _difference(arguments: Arguments, _: str) -> Item:
    numbers = _numbers(arguments)
    if len(numbers) != 2:
        raise NoResultError(f"a difference is of two numbers, not of {len(numbers)}")
    return {"value": abs(numbers[0] - numbers[1])}


def _choose(arguments: Arguments, which: str) -> Item:
    """Picks the name whose `value_0`, `value_1`, ... is largest or smallest."""
    names = _list(arguments.get("names"))
    items: list[Item] = [
        {"name": name, "value": arguments.get(f"value_{number}")}
        for number, name in enumerate(names)
    ]
    return _pick({"items": list(items), "by": "value"}, which)


def _compare(arguments: Arguments, _: str) -> Item:
    numbers = _numbers(arguments)
    if len(numbers) != 2:
        raise NoResultError(f"a comparison is of two numbers, not of {len(numbers)}")
    condition: Item = {"field": "x", "op": arguments.get("op", "gt"), "value": numbers[1]}
    return {"flag": meets({"x": numbers[0]}, [condition], {})}


def _groups(arguments: Arguments) -> list[list[Item]]:
    groups: list[list[Item]] = []
    for name, value in arguments.items():
        if name not in _OPTIONS and isinstance(value, list):
            groups.append([one if isinstance(one, dict) else {"value": one} for one in value])
    return groups


def _common(arguments: Arguments, _: str) -> Item:
    by, groups = str(arguments.get("by") or "value"), _groups(arguments)
    if not groups:
        raise NoResultError("nothing to find common members of")
    shared = set.intersection(*({squash(str(item.get(by))) for item in g} for g in groups))
    kept = [item for item in _unique(groups[0], by) if squash(str(item.get(by))) in shared]
    return {"items": list(kept), "count": len(kept), "values": [item.get(by) for item in kept]}


def _union(arguments: Arguments, _: str) -> Item:
    by = str(arguments.get("by") or "value")
    kept = _unique([item for group in _groups(arguments) for item in group], by)
    return {"items": list(kept), "count": len(kept), "values": [item.get(by) for item in kept]}


def _group(arguments: Arguments, _: str) -> Item:
    by = str(arguments.get("by", ""))
    sizes: dict[str, int] = {}
    for item in _records(arguments):
        value = item.get(by)
        if value is not None:
            sizes[str(value)] = sizes.get(str(value), 0) + 1
    return {"items": [{by: value, "count": size} for value, size in sizes.items()]}


def _fill(arguments: Arguments, _: str) -> Item:
    template = str(arguments.get("template", ""))

    def value_of(match: re.Match[str]) -> str:
        value = arguments.get(match[1])
        if isinstance(value, list):
            return ", ".join(str(one) for one in value)
        return match[0] if value is None else str(value)

    return {"text": re.sub(r"\{(\w+)\}", value_of, template)}


_OPERATIONS: Mapping[str, Callable[[Arguments, str], Item]] = {
    "pick": _pick,
    "filter": _filter,
    "sort": _sort,
    "count": _count,
    "sum": _sum,
    "average": _average,
    "difference": _difference,
    "compare": _compare,
    "choose": _choose,
    "common": _common,
    "union": _union,
    "group": _group,
    "fill": _fill,
}


def _answer(arguments: Arguments) -> Value:
    """Builds the benchmark's answer.

    `shape` says what `retrieved_data` is: absent for none, `values` for the listed arguments,
    `record` for one record of `keys`, `column` for one field of `items`, `records` for each item
    cut to `keys` (pairs of wanted key and field). `reason` says why the status is no success.
    """
    task_type = TaskType(str(arguments.get("task_type", TaskType.RETRIEVE)))
    status = ResponseStatus(str(arguments.get("status", ResponseStatus.SUCCESS)))
    data = _shaped(arguments) if status is ResponseStatus.SUCCESS else None
    if (
        task_type is TaskType.RETRIEVE
        and data is not None
        and all(one in ("", None) for one in data)
    ):
        status, data = ResponseStatus.NOT_FOUND_ERROR, None
    reason = arguments.get("reason")
    response = AgentResponse(
        task_type=task_type,
        status=status,
        retrieved_data=data,
        error_details=reason if isinstance(reason, str) and reason else None,
    )
    return response.model_dump(mode="json")


def _shaped(arguments: Arguments) -> list[Value] | None:
    shape = arguments.get("shape")
    if not isinstance(shape, str) or not shape:
        return None
    pairs = [pair for pair in _list(arguments.get("keys")) if isinstance(pair, Mapping)]
    if shape == "record":
        return [{str(pair["key"]): arguments.get(str(pair["field"])) for pair in pairs}]
    if shape == "values":
        values = [arguments.get(str(pair["field"])) for pair in pairs]
        return [one for value in values for one in _list(value)]
    cut = [
        {str(pair["key"]): item.get(str(pair["field"])) for pair in pairs}
        for item in _records(arguments)
    ]
    if shape == "column":
        return [value for item in cut for value in item.values() if value is not None]
    return list(cut)


def _list(value: Value) -> list[Value]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _ordered(items: Sequence[Item], by: str, *, descending: bool) -> list[Item]:
    """Returns items sorted by a field, ties in their order; items without it come last."""
    have = [item for item in items if item.get(by) is not None]

    def key(item: Item) -> tuple[int, float, str]:
        value = item[by]
        if isinstance(value, int | float):
            return 0, float(value), ""
        return 1, 0.0, str(value)

    ranked = sorted(have, key=key, reverse=descending)
    return [*ranked, *(item for item in items if item.get(by) is None)]


def _unique(items: Sequence[Item], by: str) -> list[Item]:
    seen: dict[str, Item] = {}
    for item in items:
        seen.setdefault(squash(str(item.get(by))), item)
    return list(seen.values())


def _whole(value: Value, otherwise: int) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number else otherwise  # type: ignore[arg-type]
