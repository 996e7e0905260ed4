"""Bringing things into a state: votes, subscriptions, blocks; what is in it is left alone."""

from __future__ import annotations

from core.pages import Click, Note
from policies.heuristic.scene import Scene
from policies.heuristic.steps import (
    arrive,
    deliver,
    do,
    matching,
    next_page,
    refused,
    sort,
    stop,
    to_section,
)
from policies.heuristic.wishes import Wish
from policies.items import Item, control_meaning
from policies.text import fold
from policies.thesaurus import interface

__all__ = ["toggle"]

_MEANINGS = ("upvote", "downvote", "subscribe", "block")


def toggle(scene: Scene) -> list[Wish]:
    """Returns the next step of bringing one thing, or all that meet conditions, into a state."""
    meaning, wanted = _goal(scene)
    step = arrive(scene, scene.text("url")) or refused(scene) or _complaint(scene)
    if step:
        return step
    if not meaning:
        return _press_named(scene, scene.object.split()[0])
    if scene.flag("all") or scene.number("limit", 0):
        return _toggle_all(scene, meaning, wanted)
    if scene.kind in ("post", "comment"):
        item = next((one for one in scene.items if one.kind == scene.kind), None)
        if item is None:
            return stop("not_found", f"no {scene.kind} on {scene.url}")
        return _toggle_item(scene, item, meaning, wanted)
    return _toggle_page(scene, meaning, wanted)


def _press_named(scene: Scene, verb: str) -> list[Wish]:
    """Returns the click on a control of the site's own that is called like the verb.

    What a row offers counts only on the page of that row's own thing.
    """
    last = scene.last
    if scene.clicked(verb) and last is not None and last.label.startswith("button "):
        return deliver(scene, {})
    step = to_section(scene)
    if step:
        return step
    wordings = interface(verb)
    for role in ("button", "link"):
        for index, element in scene.shown(role):
            own_row = not element.row or element.row == _subject_row(scene)
            if fold(element.name) in wordings and own_row and not element.ugc:
                return do(Click(index))
    if scene.clicked(verb):
        return deliver(scene, {})
    return stop("not_allowed", f"the site offers no way to {verb}")


def _subject_row(scene: Scene) -> str:
    """Returns the row that has the page's top heading, empty when that is outside of rows."""
    for _, element in scene.shown("heading"):
        if "level=1" in element.state:
            return element.row
    return ""


def _goal(scene: Scene) -> tuple[str, bool]:
    verb = scene.object.split()[0]
    for meaning in _MEANINGS:
        if verb == meaning:
            return meaning, scene.argument("state") is not False
        if verb in ("un" + meaning, "retract-" + meaning):
            return meaning, False
    return "", True


def _complaint(scene: Scene) -> list[Wish] | None:
    """Returns the wish to stop when the site refused the last click."""
    last = scene.last
    if last is not None and last.action.kind == "click" and last.problem:
        return stop("not_allowed", last.problem)
    return None


def _toggle_item(scene: Scene, item: Item, meaning: str, wanted: bool) -> list[Wish]:
    if (meaning in item.pressed) is wanted:
        return deliver(scene, {})
    control = item.controls.get(meaning)
    if control is None:
        return stop("not_allowed", f"nothing to {meaning} with on {item.key}")
    return do(Click(control))


def _toggle_all(scene: Scene, meaning: str, wanted: bool) -> list[Wish]:
    step = to_section(scene) or sort(scene)
    if step:
        return step
    found = matching(scene, scene.of_kind(scene.kind))
    for item in found:
        control = item.controls.get(meaning)
        if control is not None and (meaning in item.pressed) is not wanted:
            return do(Click(control))
    before = scene.noted("count")
    total = before if isinstance(before, int) else 0
    if not scene.noted_here() and "count" in scene.outputs:
        return do(Note("count", total + len(found)))
    more = next_page(scene)
    limit = scene.number("limit", 0)
    if more is not None and not (limit and limit <= total):
        return do(Click(more))
    if total == 0:
        return stop("not_found", "nothing meets the conditions")
    return deliver(scene, dict(scene.view.notes))


def _toggle_page(scene: Scene, meaning: str, wanted: bool) -> list[Wish]:
    """Toggles what the whole page is about: a forum, a user."""
    if _was_confirmed(scene, meaning):
        return deliver(scene, {})
    for role in ("button", "link"):
        for index, element in scene.shown(role):
            own, undone = control_meaning(element.name)
            if own != meaning or element.ugc or element.row:
                continue
            is_on = undone or "pressed" in element.state
            return deliver(scene, {}) if is_on is wanted else do(Click(index))
    return stop("not_allowed", f"{scene.url} offers nothing to {meaning} with")


def _was_confirmed(scene: Scene, meaning: str) -> bool:
    """Returns whether a button on a page of its own was pressed and led elsewhere."""
    last = scene.last
    if last is None or not last.label.startswith("button ") or last.url == scene.url:
        return False
    return control_meaning(last.label.removeprefix("button "))[0] == meaning
