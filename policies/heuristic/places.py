"""Forums and users: by the address that the site's pattern gives, else in the list of all.

The best of a list is taken at once when it is surely the thing; else the list is read to its end
and the best seen is noted on the way.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from core.pages import Click, Goto, Note, Value
from policies.heuristic.scene import Scene, same_page
from policies.heuristic.steps import (
    deliver,
    do,
    my_profile,
    next_page,
    stop,
)
from policies.heuristic.wishes import Wish
from policies.items import Item, path_parts
from policies.text import coverage, fold, likeness, squash, words
from policies.thesaurus import interface, kind_words, topic_words

__all__ = ["POOR", "SURE", "find_place", "topic_score"]

SURE = 0.95
"""A name this alike is taken at once."""
POOR = 0.45
"""The best of a whole list is taken from here on."""
_ONE_WORD = re.compile(r"^[\w.-]+$")


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


def find_place(scene: Scene) -> list[Wish]:
    """Returns the next step of finding a forum or a user by name or topic."""
    name, topic = scene.text("name"), scene.text("topic")
    if name and fold(name) in ("me", "my", "myself"):
        profile = my_profile(scene)
        if profile and scene.url.rstrip("/") == profile.rstrip("/"):
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
    is_direct = last is None or isinstance(last.action, Goto)  # opened there, or went on purpose
    if is_direct and scene.page.status < 400:
        parts = path_parts(scene.url)
        if len(parts) >= 2 and squash(parts[1]) == squash(name):
            return deliver(scene, {})
    if not _ONE_WORD.match(name):
        return None
    pattern = _address_pattern(scene)
    if not pattern:
        return None
    guess = scene.absolute(pattern.format(quote(name)))
    if scene.went_to(guess) or same_page(scene.url, guess):
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
