"""Reaching things: `find` by name or topic, `open` by place in a list.

    known address or pattern of addresses -> list of its kind, page by page -> the site's search

The best of a list is taken at once when it is surely the thing; else the list is read to its end
and the best seen is noted on the way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote, urljoin

from core.pages import Click, Goto, Note, Value
from policies.heuristic.scene import Scene, same_page
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
from policies.items import Item, path_parts
from policies.text import coverage, fold, likeness, squash, words
from policies.thesaurus import interface, kind_words, topic_words

__all__ = ["find", "open_ranked", "topic_score"]

SURE = 0.95
"""A name this alike is taken at once."""
GOOD = 0.68
"""A name this alike is taken when nothing better was seen on the page."""
EXACT = 0.93
"""Two names this alike are the same, but for marks and spaces."""
_MAX_PAGES = 12
"""Pages of one list that are read in search of a name."""
POOR = 0.45
"""The best of a whole list is taken from here on."""
_ONE_WORD = re.compile(r"^[\w.-]+$")


def find(scene: Scene) -> list[Wish]:
    """Returns the next step of finding a thing by name or topic."""
    if scene.kind == "comment":
        return _find_comment(scene)
    if scene.kind in ("forum", "user"):
        return _find_place(scene)
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


def topic_score(topic: str, item: Item) -> float:
    """Returns how much a listed place is about a topic, at least 0.

    Words of its short name count most, then its title, then its description; words that the
    thesaurus relates count a little less than the topic's own.
    """
    return _topic_score(topic, item.text("name"), item.text("title"), item.text("description"))


def _topic_score(topic: str, name: str, title: str, description: str = "") -> float:
    parts = ((name, 3.0), (title, 2.0), (description, 1.0))
    have = [(frozenset(words(text)), squash(text), weight) for text, weight in parts if text]
    score = 0.0
    for word, related in topic_words(topic):
        best = max((_word_score(word, *part) for part in have), default=0.0)
        score += related * best
    return score + 0.1 * coverage(name, topic) if score else 0.0


def _word_score(word: str, tokens: frozenset[str], squashed: str, weight: float) -> float:
    if word == squashed:
        return 1.3 * weight
    if word in tokens:
        return weight
    if len(word) > 3 and (word in squashed or any(_kin(word, one) for one in tokens)):
        return 0.6 * weight
    return 0.0


def _kin(one: str, other: str) -> bool:
    """Returns whether two words share a stem: hike, hiking."""
    size = min(len(one), len(other))
    return size > 3 and one[: size - 1] == other[: size - 1]


# Forums and users


def _find_place(scene: Scene) -> list[Wish]:
    name, topic = scene.text("name"), scene.text("topic")
    if name and fold(name) in ("me", "my", "myself"):
        profile = my_profile(scene)
        if _is_at(scene, profile):
            return deliver(scene, {})
        return do(Goto(profile)) if profile else stop("not_found", "nobody is signed in")
    if (scene.opened_row() or _went_to_best(scene)) and scene.page.status < 400:
        return deliver(scene, {})
    if name:
        step = _by_address(scene, name)
        if step:
            return step
    if scene.kind == "user":
        return stop("not_found", f"no user is called {name!r}")
    return _in_directory(scene, name, topic)


def _went_to_best(scene: Scene) -> bool:
    """Returns whether the page is the best of a list that was read to its end."""
    last, best = scene.last, scene.noted("url")
    if last is None or not isinstance(last.action, Goto) or not isinstance(best, str):
        return False
    return same_page(last.action.url, best)


def _by_address(scene: Scene, name: str) -> list[Wish] | None:
    """Returns the step to the address that the site's pattern gives for a name."""
    last = scene.last
    if last is not None and isinstance(last.action, Goto) and scene.page.status < 400:
        parts = path_parts(scene.url)
        if len(parts) >= 2 and squash(parts[1]) == squash(name):
            return deliver(scene, {})
    if not _ONE_WORD.match(name):
        return None
    pattern = _address_pattern(scene)
    if not pattern:
        return None
    guess = scene.absolute(pattern.format(quote(name)))
    if scene.went_to(guess):
        return None
    return do(Goto(guess))


def _address_pattern(scene: Scene) -> str:
    """Returns `/x/{}` for things of this kind, from the site's notes or from a link like it."""
    notes = scene.view.site_notes.get("patterns")
    if isinstance(notes, dict) and isinstance(notes.get(scene.kind), str):
        return str(notes[scene.kind])
    is_user = scene.kind == "user"
    people = (*kind_words("user"), "u", "users", "people", "members")
    for _, element in scene.shown("link"):
        parts = path_parts(element.href) if element.href.startswith("/") else ()
        if len(parts) == 2 and (parts[0] in people) is is_user:
            alike = fold(parts[1]) == fold(element.name)
            if alike or (is_user and fold(parts[1]) in fold(element.name)):
                return f"/{parts[0]}/{{}}"
    return ""


def _in_directory(scene: Scene, name: str, topic: str) -> list[Wish]:
    listed = [item for item in scene.items if item.kind == scene.kind and item.opens is not None]
    at_list = len(listed) > 1
    if not at_list:
        return _to_directory(scene)
    scored = [(_place_score(name, topic, item), item) for item in listed]
    score, best = max(scored, key=lambda pair: pair[0])
    opens = best.opens
    assert opens is not None, "only items with a link are listed"
    if name and score >= SURE:
        return do(Click(opens))
    known = _noted_score(scene, name, topic)
    if score > known or scene.noted("url") == best.fields.get("url"):
        step = _note_best(scene, best)
        if step:
            return step
    more = next_page(scene)
    if more is not None:
        return do(Click(more))
    if max(score, known) < (SURE if scene.flag("exact") else _least(name)):
        return stop("not_found", f"no {scene.kind} is like {name or topic!r}")
    url = scene.noted("url")
    if score >= known or not isinstance(url, str):
        return do(Click(opens), min(1.0, 0.5 + score / 4))
    return do(Goto(url), 0.8)


def _kinship(name: str, item: Item, with_title: bool) -> float:
    """Returns the share of a name's words that have a word of the same stem in the place's name.

    A word of the place's title counts a little less.
    """
    own, short = words(name), words(item.text("name"))
    title = words(item.text("title")) if with_title else ()
    found = 0.0
    for one in own:
        if any(_kin(one, two) for two in short):
            found += 1.0
        elif any(_kin(one, two) for two in title):
            found += 0.8
    return found / max(1, len(own))


def _to_directory(scene: Scene) -> list[Wish]:
    link = scene.link_named("forums")
    if link is not None and scene.clicked("forums") < 2:
        return do(Click(link))
    if scene.clicked("forums") or scene.went_to(scene.view.base_url + "/"):
        return stop("not_found", f"no list of {scene.kind}s")
    if scene.page.status >= 400 or link is None:
        return do(Goto(scene.view.base_url + "/"))
    return [Wish(phrases=interface("forums"))]


def _least(name: str) -> float:
    """Returns the score from which on the best of a list is taken.

    A coined name (`hike3000`, `OpenBack`) is that name or another; a plain word may be meant.
    """
    if not name:
        return 0.5
    is_coined = any(c.isdigit() or c == "_" for c in name) or (
        name.lower() != name and name.upper() != name and " " not in name
    )
    return 0.9 if is_coined else POOR


def _place_score(name: str, topic: str, item: Item) -> float:
    """Returns how well a place answers to a name, in [0, 1], or to a topic, at least 0."""
    if not name:
        return topic_score(topic, item)
    titled = likeness(name, item.text("title"))
    is_phrase = " " in name.strip()
    related = 0.6 * _kinship(name, item, is_phrase) if _least(name) == POOR else 0.0
    by_title = 0.97 * titled if titled > (0.6 if is_phrase else 0.95) else 0.0
    return max(likeness(name, item.text("name")), by_title, related)


def _noted_score(scene: Scene, name: str, topic: str) -> float:
    noted, title = scene.noted("name"), scene.noted("title")
    if not isinstance(noted, str):
        return 0.0
    item = Item(key="", kind=scene.kind, fields={"name": noted, "title": title or ""})
    return _place_score(name, topic, item)


def _note_best(scene: Scene, item: Item) -> list[Wish] | None:
    for output in ("url", "title", "name"):
        value: Value = item.fields.get(output)
        if output in scene.outputs and value and scene.noted(output) != value:
            return do(Note(output, value))
    return None


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


def _is_at(scene: Scene, url: str) -> bool:
    return bool(url) and urljoin(scene.url, url).rstrip("/") == scene.url.rstrip("/")
