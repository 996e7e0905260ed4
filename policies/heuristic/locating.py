"""Reaching things: `find` by name or topic, `open` by place in a list.

    known address or pattern of addresses -> list of its kind, page by page -> the site's search

The best of a list is taken at once when it is surely the thing; else the list is read to its end
and the best seen is noted on the way.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.pages import Click, Goto
from policies.heuristic.places import POOR, find_place
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
    search_for,
    sort,
    stop,
    to_section,
)
from policies.heuristic.wishes import Wish
from policies.items import Item
from policies.text import fold, likeness
from policies.thesaurus import interface

__all__ = ["find", "open_ranked"]

GOOD = 0.68
"""A name this alike is taken when nothing better was seen on the page."""
EXACT = 0.93
"""Two names this alike are the same, but for marks and spaces."""
_MAX_PAGES = 12
"""Pages of one list that are read in search of a name."""


def find(scene: Scene) -> list[Wish]:
    """Returns the next step of finding a thing by name or topic."""
    if scene.kind == "comment":
        return _find_comment(scene)
    if scene.kind in ("forum", "user"):
        return find_place(scene)
    if scene.kind == "message":
        return _find_row(scene, "messages")
    if "search" in scene.object:
        return _find_results(scene)
    return _find_post(scene)


def open_ranked(scene: Scene) -> list[Wish]:
    """Returns the next step of opening an item by its place, or a sorted or special list."""
    step = arrive(scene, scene.text("url")) or refused(scene)
    if step:
        return step
    section = scene.text("section")
    if section and scene.kind not in ("post", "comment"):
        return _open_section(scene, section)
    if scene.opened_row():
        return deliver(scene, {})
    step = to_section(scene) or sort(scene)
    if step:
        return step
    if scene.kind == "forum":
        return deliver(scene, {})
    rank = scene.number("rank", 1)
    items = [item for item in scene.of_kind(scene.kind) if item.opens is not None]
    found = matching(scene, items)
    place = rank - 1 - (0 if scene.argument("where") else offset(scene))
    if 0 <= place < len(found):
        opens = found[place].opens
        assert opens is not None, "only items with a link are listed"
        return do(Click(opens))
    more = next_page(scene)
    return do(Click(more)) if more is not None else stop("not_found", "the list has no such item")


# Posts, comments, conversations, results


def _find_post(scene: Scene) -> list[Wish]:
    if scene.opened_row() and scene.page.status < 400:
        return deliver(scene, {})
    step = _to_posts(scene)
    if step:
        return step
    name = scene.text("name")
    items = matching(scene, [item for item in scene.of_kind("post") if item.opens is not None])
    score, best = _best_named(items, name, "title")
    more = next_page(scene)
    least = POOR if more is None else GOOD
    if best is not None and score >= (EXACT if scene.flag("exact") else least):
        opens = best.opens
        assert opens is not None, "only items with a link are listed"
        return do(Click(opens), score)
    if more is not None and scene.clicked("more") < _MAX_PAGES:
        return do(Click(more))
    if not _has_searched(scene):
        step = search_for(scene, name)
        if step:
            return step
    return stop("not_found", f"no post is called {name!r}")


def _to_posts(scene: Scene) -> list[Wish] | None:
    """Returns the step to the list that the post is looked for in."""
    start = scene.text("url")
    if start:
        return arrive(scene, start) or refused(scene)
    if scene.flag("mine"):
        return _to_my_posts(scene)
    if _has_searched(scene):
        return None
    return search_for(scene, scene.text("name")) or stop("action", "there is no search box")


def _has_searched(scene: Scene) -> bool:
    return any(step.action.kind == "press" for step in scene.moves)


def _to_my_posts(scene: Scene) -> list[Wish] | None:
    profile = my_profile(scene)
    if not profile:
        return stop("not_allowed", "nobody is signed in")
    if not scene.went_to(profile):
        return do(Goto(profile))
    if scene.clicked("user posts"):
        return None
    link = scene.link_named("user posts")
    return do(Click(link)) if link is not None else None


def _best_named(items: Sequence[Item], name: str, field: str) -> tuple[float, Item | None]:
    scored = [(likeness(name, item.text(field)), item) for item in items]
    return max(scored, key=lambda pair: pair[0]) if scored else (0.0, None)


def _find_comment(scene: Scene) -> list[Wish]:
    step = arrive(scene, scene.text("url")) or refused(scene) or to_section(scene)
    if step:
        return step
    items = matching(scene, scene.of_kind("comment"))
    name, rank = scene.text("name"), scene.number("rank", 1)
    if name:
        items = sorted(items, key=lambda item: -likeness(name, item.text("body")))
        least = EXACT if scene.flag("exact") else POOR
        if items and likeness(name, items[0].text("body")) < least:
            items = []
    items = _in_order(items, scene.text("order"))
    if not 0 < abs(rank) <= len(items):
        return stop("not_found", f"{len(items)} comments fit, number {rank} is wanted")
    item = items[rank - 1 if rank > 0 else rank]
    values = dict(item.fields)
    if scene.flag("whole"):
        values["item"] = dict(item.fields)
    values.setdefault("body", "")
    return deliver(scene, values)


def _in_order(items: Sequence[Item], order: str) -> list[Item]:
    """Returns comments by score or by time; any other order is that of the page."""
    if order in ("top", "lowest", "controversial"):
        sign = -1 if order == "top" else 1
        return sorted(items, key=lambda item: sign * _number(item, "score"))
    if order in ("newest", "oldest"):
        sign = -1 if order == "newest" else 1
        dated = sorted(items, key=lambda item: item.text("time"), reverse=sign < 0)
        return sorted(dated, key=lambda item: -sign * _number(item, "age"))
    return list(items)


def _number(item: Item, field: str) -> float:
    value = item.fields.get(field)
    return float(value) if isinstance(value, int | float) else 0.0


def _find_row(scene: Scene, meaning: str) -> list[Wish]:
    """Returns the step to a row that starts with a name, in a list of the user's own."""
    if scene.opened_row():
        return deliver(scene, {})
    if not scene.clicked(meaning):
        link = scene.link_named(meaning)
        if link is not None:
            return do(Click(link))
        return [Wish(phrases=interface(meaning))]
    name = scene.text("name")
    for index, element in scene.shown("link"):
        head, colon, _ = fold(element.name).partition(":")
        if element.row and colon and head == (fold(name) or head):
            return do(Click(index))
    return stop("not_found", f"no conversation with {name!r}")


def _find_results(scene: Scene) -> list[Wish]:
    if any(step.action.kind == "press" for step in scene.moves):
        return deliver(scene, {"url": scene.url})
    step = search_for(scene, scene.text("query"))
    return step or stop("not_allowed", "there is no search box")


def _open_section(scene: Scene, section: str) -> list[Wish]:
    if scene.clicked(section):
        return deliver(scene, {"url": scene.url})
    link = scene.link_named(section)
    if link is not None:
        return do(Click(link))
    return [Wish(phrases=interface(section)), *stop("not_found", f"no {section!r} here")]
