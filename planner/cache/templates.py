"""Turns a plan into a template over the slots of its task, and a template into a plan.

    FIND forum name="books"   with slots ("books",)   ->   FIND forum name=<0>

A plan can be kept only if its slots come out clean: each slot stands in it at least once, and no
trace of a slot's text is left in another spelling. Addresses of sites are slots of their own, so a
plan moves with the world that it runs on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from core.plans import Plan, Verb

__all__ = ["bind", "lift"]

_FIXED = frozenset(
    {
        *("verb", "agent", "site", "tier", "type", "kind", "origin", "name", "output"),
        *("id", "node", "source", "target", "revision", "step_cap", "cost_bound"),
    }
)
"""Fields of a plan that hold the system's own words and numbers, never a task's."""
_MARK = re.compile("\x02(#?)(\\d+)\x03")
_TRACE = 3
"""Slot texts at least this long must leave no trace behind."""


def lift(
    plan: Plan, slots: tuple[str, ...], base_urls: Mapping[str, str] | None = None
) -> JsonValue:
    """Returns a plan's JSON with every slot text replaced by its mark, `None` if not clean.

    Args:
        plan: A plan that was made for one task.
        slots: The task's slot texts.
        base_urls: Site to scheme and host of that episode; they are replaced by the site's mark.
    """
    order = sorted(range(len(slots)), key=lambda index: -len(slots[index]))
    texts = [index for index in order if slots[index]]
    pattern = re.compile(
        "|".join(rf"(?<!\w){re.escape(slots[index])}(?!\w)" for index in texts) or r"(?!)"
    )
    first = {slots[index]: index for index in reversed(texts)}
    used: set[int] = set()

    def mark(value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return pattern.sub(lambda match: put(match.group(), ""), value)
        if isinstance(value, int) and not isinstance(value, bool) and str(value) in first:
            return put(str(value), "#")
        return value

    def put(text: str, sign: str) -> str:
        used.add(first[text])
        return f"\x02{sign}{first[text]}\x03"

    moved = _replaced(
        plan.model_dump(mode="json"),
        {url: f"\x04{site}\x03" for site, url in (base_urls or {}).items()},
    )
    template = _map_leaves(moved, mark)
    missing = {text for text in first if first[text] not in used}
    return None if missing or _leaves_trace(template, slots) else template


def bind(
    template: JsonValue,
    slots: tuple[str, ...],
    base_urls: Mapping[str, str] | None = None,
    addresses: frozenset[int] | None = None,
) -> Plan:
    """Returns the plan of a template with these slot texts, on sites at these addresses.

    Args:
        template: What `lift` returned.
        slots: The texts of this task.
        base_urls: Site to scheme and host of this episode.
        addresses: Slots that this task gives as an exact address; a forum that is only called by
            its name is not looked for exactly. `None`: as the template has it.

    Raises:
        pydantic.ValidationError: The template is not a plan.
        ValueError: A number is needed where the slot has none.
    """
    hosts = {f"\x04{site}\x03": url for site, url in (base_urls or {}).items()}

    def fill(value: JsonValue) -> JsonValue:
        if not isinstance(value, str) or "\x03" not in value:
            return value
        for mark, url in hosts.items():
            value = value.replace(mark, url)
        whole = _MARK.fullmatch(value)
        if whole and whole.group(1):
            return int(slots[int(whole.group(2))].replace(",", ""))
        return _MARK.sub(lambda match: slots[int(match.group(2))], value)

    plan = Plan.model_validate(_map_leaves(template, fill))
    if addresses is None:
        return plan
    exact = frozenset(slots[index] for index in addresses)
    return _loosened(plan, frozenset(slots) - exact)


def _loosened(plan: Plan, names: frozenset[str]) -> Plan:
    """Looks for forums of these names by name, not by address."""
    nodes = []
    for node in plan.nodes:
        called = {str(argument.const) for argument in node.inputs if argument.name == "name"}
        if node.subgoal.verb is Verb.FIND and node.subgoal.object == "forum" and called & names:
            kept = tuple(argument for argument in node.inputs if argument.name != "exact")
            node = node.model_copy(update={"inputs": kept})
        nodes.append(node)
    return plan.model_copy(update={"nodes": tuple(nodes)})


def _replaced(value: JsonValue, table: Mapping[str, str]) -> JsonValue:
    def change(leaf: JsonValue) -> JsonValue:
        if isinstance(leaf, str):
            for old, new in table.items():
                leaf = leaf.replace(old, new)
        return leaf

    return _map_leaves(value, change)


def _leaves_trace(template: JsonValue, slots: tuple[str, ...]) -> bool:
    traces = [slot.casefold() for slot in slots if len(slot) >= _TRACE]
    found: list[str] = []

    def look(value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            bare = _MARK.sub("", value).casefold()
            found.extend(trace for trace in traces if trace in bare)
        return value

    _map_leaves(template, look)
    return bool(found)


def _map_leaves(
    value: JsonValue,
    change: Callable[[JsonValue], JsonValue],
    fixed: frozenset[str] = _FIXED,
) -> JsonValue:
    if isinstance(value, list):
        return [_map_leaves(item, change, fixed) for item in value]
    if isinstance(value, dict):
        return {
            key: item
            if key in fixed and not isinstance(item, dict)
            else _map_leaves(item, change, frozenset() if key == "const" else fixed)
            for key, item in value.items()
        }
    return change(value)
