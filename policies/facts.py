"""What a whole page says about its subject: the thing whose page it is.

A post's page is read through its first row of that kind; pages of forums and users have no such
row, so labels, counted nouns and the texts under telling headings are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urljoin

from core.pages import Element, Observation, Value
from policies.items import Item, counted, path_parts
from policies.text import fold, likeness
from policies.thesaurus import field_words, interface

__all__ = ["main_heading", "page_fact", "subject_item"]

_COUNTS = frozenset({"subscribers", "comments", "posts", "score"})
_WITH_NUMBER = re.compile(
    r"^(?P<before>[a-z ]+?)?[ :(]*(?P<number>[\d,]+)\)?(?: (?P<after>[a-z ]+))?$"
)


def main_heading(observation: Observation) -> str:
    """Returns the text of the first top heading outside of rows, else the page's title."""
    for element in observation.elements:
        if element.role == "heading" and "level=1" in element.state:
            return element.name
    return observation.title


def subject_item(items: Sequence[Item], kind: str) -> Item | None:
    """Returns the row that a page of this kind is about: the first of the kind."""
    return next((item for item in items if item.kind == kind), None)


def page_fact(observation: Observation, items: Sequence[Item], kind: str, attribute: str) -> Value:
    """Returns an attribute of the page's subject, `None` when the page does not show it.

    Args:
        observation: The page.
        items: Its rows.
        kind: What the page is about: `post`, `comment`, `message`: a row; else the page itself.
        attribute: `title`, `author`, `score`, `subscribers`, `biography`, `url`, ...
    """
    if kind in ("post", "comment", "message"):
        item = subject_item(items, kind)
        if item is not None and attribute in item.fields and attribute != "url":
            return item.fields[attribute]
        if item is not None and attribute == "body":
            return ""
    special = _SPECIAL.get(attribute)
    if special is not None:
        return special(observation)
    if attribute in _COUNTS:
        return _count(observation, attribute)
    found = _labelled(observation, attribute)
    if found is None:
        found = _under_heading(observation, attribute)
    if found is None and kind == "forum" and attribute in ("title", "description", "sidebar"):
        found = _side_text(observation, attribute)
    if found is None and kind == "post" and attribute == "title" and not _holds(items, kind):
        return main_heading(observation) or None  # the page itself is the thing
    return found


def _holds(items: Sequence[Item], kind: str) -> bool:
    return subject_item(items, kind) is not None


def _name(observation: Observation) -> str:
    parts = path_parts(observation.url)
    heading = main_heading(observation)
    if len(parts) >= 2 and likeness(parts[1], heading) >= 0.99:
        return heading
    for element in observation.elements:
        own = path_parts(element.href) if element.role == "link" and element.href else ()
        if own and own == parts[: len(own)] and len(own) == 2 and not element.row:
            return element.name
    return parts[1] if len(parts) >= 2 else heading


def _count(observation: Observation, attribute: str) -> int | None:
    for element in observation.elements:
        if element.role in ("text", "heading") and not element.ugc and not element.row:
            found = counted(element.name)
            if found and found[1] == attribute:
                return found[0]
    return None


def _counted_label(observation: Observation, attribute: str) -> int | None:
    """Returns the number in `Notifications (5)` or `12 results`."""
    wordings = (*interface(attribute), attribute, attribute.rstrip("s"))
    for element in observation.elements:
        match = _WITH_NUMBER.match(fold(element.name)) if not element.ugc else None
        if match and (match["before"] or match["after"] or "").strip(" :(") in wordings:
            return int(match["number"].replace(",", ""))
    return None


def _labelled(observation: Observation, attribute: str) -> Value:
    """Returns the value behind a label such as `Created by` or `Registered`."""
    labels = field_words(attribute)
    elements = observation.elements
    for index, element in enumerate(elements[:-1]):
        if element.role != "text" or element.ugc or element.row:
            continue
        if fold(element.name).rstrip(":") in labels:
            follower = elements[index + 1]
            if follower.value and follower.role == "text":
                return follower.value
            if follower.role in ("text", "link"):
                return follower.name
    return None


def _under_heading(observation: Observation, attribute: str) -> str | None:
    labels = field_words(attribute)
    texts = [
        _with_target(observation, element)
        for element in observation.elements
        if element.ugc
        and element.role in ("text", "link")
        and not element.row
        and fold(element.heading) in labels
    ]
    if texts:
        return "\n".join(texts)
    has_heading = any(
        element.role == "heading" and fold(element.name) in labels
        for element in observation.elements
    )
    return "" if has_heading else None


def _with_target(observation: Observation, element: Element) -> str:
    if element.role == "link" and not element.name:
        return urljoin(observation.url, element.href)
    return element.name


def _side_text(observation: Observation, attribute: str) -> str | None:
    """Returns what a forum's side panel says, by the order of its users' texts."""
    name = fold(_name(observation))
    texts = [
        element.name
        for element in observation.elements
        if element.ugc
        and not element.row
        and element.role in ("text", "heading")
        and fold(element.name) != name
    ]
    position = {"title": 0, "description": 1, "sidebar": 2}[attribute]
    return texts[position] if position < len(texts) else None


def _joined(observation: Observation) -> Value:
    joined = _labelled(observation, "joined")
    return joined[:10] if isinstance(joined, str) else joined


_SPECIAL: Mapping[str, Callable[[Observation], Value]] = {
    "url": lambda observation: observation.url,
    "name": _name,
    "full_title": lambda observation: _side_text(observation, "title"),
    "notifications": lambda observation: _counted_label(observation, "notifications"),
    "results": lambda observation: _counted_label(observation, "results"),
    "joined": _joined,
}
"""Attributes that are read in a way of their own."""
