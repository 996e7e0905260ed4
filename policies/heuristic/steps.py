"""Steps that every subgoal is made of: arrive, sort, turn the page, deliver what was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.pages import Action, Answer, Click, Goto, Note, Press, Stop, Value
from core.pages import Fill as FillAction
from policies.conditions import meets
from policies.heuristic.scene import Scene, same_page
from policies.heuristic.wishes import Wish
from policies.items import Item
from policies.text import fold
from policies.thesaurus import interface

__all__ = [
    "arrive",
    "deliver",
    "do",
    "matching",
    "my_profile",
    "next_page",
    "offset",
    "refused",
    "search_for",
    "sort",
    "stop",
    "to_section",
]

PAGE_GUESS = 25
"""Rows of a list page that was left behind, where its length is not remembered."""


def do(action: Action, sure: float = 1.0) -> list[Wish]:
    """Returns the wish for one known action."""
    return [Wish(action=action, sure=sure)]


def stop(kind: str, reason: str) -> list[Wish]:
    """Returns the wish to give up, with the kind of failure in front of the reason."""
    return do(Stop(f"{kind}: {reason}"), 0.9)


def arrive(scene: Scene, url: str) -> list[Wish] | None:
    """Returns the step to a URL, `None` when this subtask has been there."""
    began_at = scene.history[0].url if scene.history else scene.url
    if not url or same_page(began_at, url) or scene.went_to(url):
        return None
    return do(Goto(url))


def refused(scene: Scene) -> list[Wish] | None:
    """Returns the wish to stop when the site answered with an error page."""
    status = scene.page.status
    if status in (401, 403):
        return stop("not_allowed", f"{scene.url} answered {status}")
    if status >= 400:
        return stop("not_found", f"{scene.url} answered {status}")
    return None


def sort(scene: Scene) -> list[Wish] | None:
    """Returns the step that brings a list into the wanted order, `None` when it is in it."""
    for name in ("order", "period"):
        wanted = scene.text(name)
        if not wanted or (name == "period" and wanted == "all time" and not _periods(scene)):
            continue
        step = _choose_order(scene, wanted)
        if step is not None:
            return step
    return None


def next_page(scene: Scene) -> int | None:
    """Returns the link to the following page of a list."""
    return scene.link_named("more")


def offset(scene: Scene) -> int:
    """Returns how many rows were on the pages before this one."""
    return scene.clicked("more") * PAGE_GUESS


def matching(scene: Scene, items: Sequence[Item]) -> list[Item]:
    """Returns the rows that meet the node's conditions, within its limit."""
    limit = scene.number("limit", 0)
    if limit:
        items = items[: max(0, limit - offset(scene))]
    where = scene.argument("where")
    return [item for item in items if meets(item.fields, where, scene.view.arguments)]


def deliver(scene: Scene, values: Mapping[str, Value]) -> list[Wish]:
    """Returns the next note of the node's outputs, or the answer when all are noted."""
    for name in scene.outputs:
        value = values.get(name)
        if value is None:
            value = _value_of(scene, name)
        if value is None and scene.noted(name) is None:
            return stop("output", f"the page does not show {name!r}")
        if value is not None and scene.noted(name) != value:
            return do(Note(name, value))
    return do(Answer())


def search_for(scene: Scene, query: str) -> list[Wish] | None:
    """Returns the next step of searching the site, `None` when there is no search box."""
    for index, element in scene.shown("textbox"):
        if fold(element.name) in interface("search"):
            if element.value == query:
                return do(Press(index))
            return do(FillAction(index, query))
    return None


def to_section(scene: Scene) -> list[Wish] | None:
    """Returns the click on the node's section of a page, `None` when it was made or is absent."""
    section = scene.text("section")
    if not section or scene.clicked(section):
        return None
    link = scene.link_named(section)
    return do(Click(link)) if link is not None else None


def my_profile(scene: Scene) -> str:
    """Returns the address of the signed-in user's page, empty when the page links none."""
    for _, element in scene.shown("link"):
        parts = [part for part in element.href.split("?")[0].split("/") if part]
        if not element.row and not element.ugc and len(parts) == 2:
            is_user = parts[0] in ("user", "users", "u", "profile", "member", "people")
            if is_user and fold(parts[1]) in fold(element.name):
                return scene.absolute(element.href)
    return ""


def _value_of(scene: Scene, name: str) -> Value:
    """Returns what the page says for an output; `record` holds all of the node's `fields`."""
    if name == "done":
        return True
    if name != "record":
        return scene.fact(name)
    fields = scene.argument("fields")
    names = [str(one) for one in fields] if isinstance(fields, list) else []
    return {one: scene.fact(one) for one in names}


def _choose_order(scene: Scene, wanted: str) -> list[Wish] | None:
    wordings = interface(wanted)
    for index, element in scene.shown("link", "button"):
        if element.ugc or element.row or fold(element.name) not in wordings:
            continue
        if "current" in element.state or "pressed" in element.state:
            return None
        if scene.clicked(wanted) >= 2:
            return None
        return do(Click(index))
    return None


def _periods(scene: Scene) -> bool:
    names = {fold(element.name) for _, element in scene.shown("link")}
    return not names.isdisjoint(interface("all time")) and not names.isdisjoint(interface("week"))
