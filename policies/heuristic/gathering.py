"""Reading: attributes of one thing, counts and lists over pages."""

from __future__ import annotations

from collections.abc import Mapping

from core.pages import Click, Goto, Note, Value
from core.plans import ValueType
from policies.heuristic.scene import Scene
from policies.heuristic.steps import (
    arrive,
    deliver,
    do,
    matching,
    my_profile,
    next_page,
    offset,
    refused,
    sort,
    stop,
    to_section,
)
from policies.heuristic.wishes import Wish
from policies.items import Item

__all__ = ["collect", "read"]

_ALWAYS = ("url",)
_MAX_TEXT = 500
"""Characters of a text that a record of a list keeps."""


def read(scene: Scene) -> list[Wish]:
    """Returns the next step of reading attributes of the thing at `url`."""
    step = arrive(scene, scene.text("url")) or refused(scene)
    if step:
        return step
    step = to_section(scene)
    if step:
        return step
    where = scene.text("which")
    if where == "last" and scene.kind == "message":
        items = [item for item in scene.items if item.kind == "message"]
        if items:
            return deliver(scene, dict(items[-1].fields))
    return deliver(scene, {})


def collect(scene: Scene) -> list[Wish]:
    """Returns the next step of listing or counting the items that meet the conditions."""
    step = _to_list(scene) or refused(scene) or sort(scene)
    if step:
        return step
    rows = scene.of_kind(scene.kind)
    unshown = _unshown_state(scene, rows)
    if unshown:
        return stop("output", f"the page does not show {unshown!r}")
    found = matching(scene, rows)
    if not scene.noted_here():
        step = _note_page(scene, found)
        if step:
            return step
    more = next_page(scene)
    limit = scene.number("limit", 0)
    if more is not None and not (limit and limit <= offset(scene) + len(scene.items)):
        return do(Click(more))
    return deliver(scene, dict(scene.view.notes))


def _unshown_state(scene: Scene, rows: list[Item]) -> str:
    """Returns the state that rows are to be told apart by and that none of them shows.

    A list without the control that tells it, such as `subscribed`, would count as none.
    """
    where = scene.argument("where")
    conditions = where if isinstance(where, list) else []
    for condition in conditions:
        if isinstance(condition, Mapping) and isinstance(condition.get("value"), bool):
            field = str(condition.get("field", ""))
            if rows and not any(field in row.fields for row in rows):
                return field
    return ""


def _to_list(scene: Scene) -> list[Wish] | None:
    url = scene.text("url")
    if url:
        step = arrive(scene, url)
        if step:
            return step
    elif scene.flag("mine") and not scene.went_to(my_profile(scene)):
        return do(Goto(my_profile(scene)))
    elif scene.kind == "forum" and not scene.clicked("forums"):
        link = scene.link_named("forums")
        return do(Click(link)) if link is not None else stop("not_found", "no list of forums")
    return to_section(scene)


def _note_page(scene: Scene, found: list[Item]) -> list[Wish] | None:
    for output in scene.view.node.outputs:
        before = scene.noted(output.name)
        if output.type is ValueType.NUMBER:
            already = before if isinstance(before, int) else 0
            return do(Note(output.name, already + len(found)))
        if output.type in (ValueType.RECORDS, ValueType.TEXTS):
            rows = list(before) if isinstance(before, list) else []
            return do(Note(output.name, rows + _rows(scene, found, output.type)))
    return None


def _rows(scene: Scene, found: list[Item], kind: ValueType) -> list[Value]:
    fields = scene.argument("fields")
    names = [str(name) for name in fields] if isinstance(fields, list) else ["name"]
    if kind is ValueType.TEXTS:
        return [item.text(names[0]) for item in found]
    return [_record(item, names) for item in found]


def _record(item: Item, names: list[str]) -> Value:
    record: dict[str, Value] = {}
    for name in (*names, *_ALWAYS):
        value = item.fields.get(name)
        if isinstance(value, str):
            value = value[:_MAX_TEXT]
        if value is not None:
            record[name] = value
    return record
