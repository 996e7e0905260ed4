"""The things that a page lists: repeated rows with the attributes that a reader sees in them.

    row key `submission_12`  ->  Item(kind="post", fields={title, author, score, comments, ...})

Structure and wording decide, never an address or an id known in advance: a number between two vote
buttons is a score, a link behind `by` an author, a counted noun a count, a `time` a time. Texts by
users give bodies, and nothing but bodies, so that a user's text cannot pass for an attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote, urlsplit
from urllib.parse import urljoin as _joined

from core.pages import Element, Observation, Value
from policies.text import fold, words
from policies.thesaurus import field_words, interface, kind_of, kind_words

__all__ = ["Item", "control_meaning", "counted", "items_of", "path_parts", "subject_like"]

_COUNT = re.compile(r"^\(?(-?[\d,]+)\)?\s*([a-z]*)\b", re.IGNORECASE)
_COUNT_BEHIND = re.compile(r"^([a-z ]+?)\s*[:(]\s*(-?[\d,]+)\s*\)?$", re.IGNORECASE)
_NUMBER = re.compile(r"^-?[\d,]+$")
_ROW_KIND = re.compile(r"[^a-z]+", re.IGNORECASE)
_NO_COUNT = ("no comments", "start the discussion", "no replies", "be the first")
_PARENT = ("reply to", "answers", "replying to")
_AGE = re.compile(r"(\d+) (minute|hour|day|week|month|year)s? ago$")
_SECONDS = {
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_592_000,
    "year": 31_536_000,
}
_CONTROLS = ("edit", "delete", "reply")


@dataclass(slots=True, kw_only=True)
class Item:
    """One repeated thing on a page."""

    key: str
    """Row key: unique in the page."""
    kind: str
    """`post`, `comment`, `forum`, ... as far as it can be told."""
    ids: list[int] = field(default_factory=list)
    """Its elements, in page order."""
    fields: dict[str, Value] = field(default_factory=dict)
    """Attribute to value: texts, integers, absolute URLs."""
    opens: int | None = None
    """The link to the thing's own page on this site."""
    controls: dict[str, int] = field(default_factory=dict)
    """`upvote downvote edit delete reply subscribe ...` to the element that does it."""
    pressed: set[str] = field(default_factory=set)
    """Which of the toggles are on."""

    def text(self, name: str) -> str:
        """Returns a field as text, empty when the row does not show it."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else "" if value is None else str(value)


def items_of(observation: Observation) -> list[Item]:
    """Returns the page's rows that hold a link or a heading, in page order."""
    elements = observation.elements
    rows: dict[str, list[int]] = {}
    for index, element in enumerate(elements):
        if element.row:
            rows.setdefault(element.row, []).append(index)
    headers = _table_headers(elements, rows)
    return [_item(observation, key, ids, headers) for key, ids in rows.items()]


@lru_cache(maxsize=32_768)
def path_parts(href: str) -> tuple[str, ...]:
    """Returns the decoded segments of a link target's path."""
    return tuple(unquote(part) for part in urlsplit(href).path.split("/") if part)


@lru_cache(maxsize=16_384)
def counted(text: str) -> tuple[int, str] | None:
    """Returns (number, attribute) of texts like `12 comments`, `Discussion (3)`, `No replies`."""
    if not text or len(text) > 60:
        return None
    if fold(text) in _NO_COUNT:
        return 0, "comments"
    behind = _COUNT_BEHIND.match(text)
    if behind:
        return _named_count(behind[2], behind[1])
    match = _COUNT.match(text)
    return _named_count(match[1], match[2]) if match and match[2] else None


@lru_cache(maxsize=16_384)
def control_meaning(name: str) -> tuple[str, bool]:
    """Returns (what a button or link does, whether its wording says that this is undone)."""
    text = fold(name)
    if not text or len(text) > 40:
        return "", False
    for meaning in ("upvote", "downvote", "subscribe", "block"):
        if text in interface(meaning):
            return meaning, False
        if _undoes(text, meaning):
            return meaning, True
    return next((meaning for meaning in _CONTROLS if text in interface(meaning)), ""), False


def _undoes(text: str, meaning: str) -> bool:
    """Returns whether a wording takes something back: `Leave`, `Retract upvote`."""
    if meaning in ("subscribe", "block"):
        return text in interface("un" + meaning)
    head, _, rest = text.partition(" ")
    return head in interface("undo") and rest in interface(meaning)


def _named_count(number: str, noun: str) -> tuple[int, str] | None:
    stems = words(noun)
    for attribute in ("subscribers", "comments", "score", "posts"):
        if any(stem in field_words(attribute) for stem in stems):
            return int(number.replace(",", "")), attribute
    return None


urljoin = lru_cache(maxsize=32_768)(_joined)


def _table_headers(elements: Sequence[Element], rows: dict[str, list[int]]) -> tuple[str, ...]:
    """Returns the canonical names of the column heads that stand before the first row."""
    if not rows:
        return ()
    start = next(iter(rows.values()))[0]
    heads: list[str] = []
    while start > 0 and elements[start - 1].role == "text" and not elements[start - 1].ugc:
        start -= 1
        heads.insert(0, elements[start].name)
    return tuple(_column(head) for head in heads)


def _column(head: str) -> str:
    noun = words(head)
    for attribute in ("subscribers", "comments", "score", "author"):
        if any(stem in field_words(attribute) for stem in noun):
            return attribute
    if kind_of(head) == "post":
        return "posts"
    if kind_of(head) == "forum":
        return "name"
    return "title" if fold(head) in field_words("full_title") + field_words("title") else fold(head)


def _item(observation: Observation, key: str, ids: list[int], headers: tuple[str, ...]) -> Item:
    item = Item(key=key, kind=kind_of(_ROW_KIND.sub(" ", key)), ids=ids)
    elements = observation.elements
    if headers and len(headers) == len(ids):
        _read_cells(observation, item, headers)
    else:
        _read_row(observation, item, [elements[index] for index in ids])
    _finish(item)
    return item


def _read_cells(observation: Observation, item: Item, headers: Iterable[str]) -> None:
    for index, head in zip(item.ids, headers, strict=True):
        element = observation.elements[index]
        number = element.name.replace(",", "")
        item.fields[head] = int(number) if _NUMBER.match(element.name) else element.name
        if element.role == "link" and item.opens is None:
            item.opens = index
            item.fields["url"] = urljoin(observation.url, element.href)


def _read_row(observation: Observation, item: Item, elements: list[Element]) -> None:
    before, in_heading = "", ""
    body: list[str] = []
    for index, element in zip(item.ids, elements, strict=True):
        role = element.role
        if role == "heading":
            in_heading = element.name
            item.fields.setdefault("heading", element.name)
        elif role == "link":
            _read_link(observation, item, index, element, before, in_heading)
            if element.name not in in_heading:
                in_heading = ""
            if element.ugc and "title" in item.fields and index not in (item.opens,):
                _body_link(item, element, body)
        elif role == "button":
            _read_button(item, index, element)
        elif role == "text":
            in_heading = ""
            _read_text(item, element, body)
            before = fold(element.name) if not element.ugc else ""
        elif role == "image" and element.href:
            item.fields.setdefault("image", urljoin(observation.url, element.href))
    if body:
        item.fields["body"] = "\n".join(body)


def _body_link(item: Item, element: Element, body: list[str]) -> None:
    if element.name not in (item.fields.get("title"), item.fields.get("author"), ""):
        body.append(element.name)


def _read_link(
    observation: Observation, item: Item, index: int, element: Element, before: str, heading: str
) -> None:
    fields, url = item.fields, urljoin(observation.url, element.href)
    parts = path_parts(element.href) if element.href.startswith("/") else ()
    count = counted(element.name) if not element.ugc else None
    if count:
        fields.setdefault(count[1], count[0])
        item.opens = index
        fields["url"] = url
    elif item.kind == "comment" and parts and (before == "on" or before.endswith((" on", "under"))):
        fields["post_title"], fields["post_url"] = element.name, url
    elif before.endswith(_PARENT) and parts:
        fields["parent_author"], fields["parent"] = element.name, url
    elif (
        _is_user(parts)
        and "author" not in fields
        and (not element.ugc or heading or before.endswith(("by", "by:")) or not _has_body(fields))
    ):
        fields["author"], fields["author_url"] = element.name, url
    elif heading and "title" not in fields and element.name in heading:
        fields["title"], fields["link"] = element.name, url
        if item.opens is None and parts:
            item.opens = index
            fields.setdefault("url", url)
    elif not element.ugc:
        _read_plain_link(item, index, element, parts, url)
    elif parts and item.opens is None and "title" not in fields:
        fields["title"], fields["url"] = element.name, url
        item.opens = index


def _read_plain_link(
    item: Item, index: int, element: Element, parts: tuple[str, ...], url: str
) -> None:
    meaning, _ = control_meaning(element.name)
    if meaning:
        item.controls.setdefault(meaning, index)
        if meaning == "reply":
            item.fields.setdefault("url", url)
            item.opens = index
    elif len(parts) == 2 and parts[1].casefold() == element.name.casefold():
        item.fields.setdefault("forum", element.name)
        item.fields.setdefault("forum_url", url)
    elif parts and item.opens is None:
        item.opens = index
        item.fields.setdefault("title", element.name)
        item.fields.setdefault("url", url)


def _read_button(item: Item, index: int, element: Element) -> None:
    meaning, undone = control_meaning(element.name)
    if meaning:
        item.controls.setdefault(meaning, index)
        if undone or "pressed" in element.state.split():
            item.pressed.add(meaning)


def _read_text(item: Item, element: Element, body: list[str]) -> None:
    if element.value and element.value[:4].isdigit() and not element.ugc:
        item.fields.setdefault("time", element.value)
    elif element.ugc:
        body.append(element.name)
    elif _NUMBER.match(element.name):
        item.fields.setdefault("score", int(element.name.replace(",", "")))
    else:
        count = counted(element.name)
        if count:
            item.fields.setdefault(count[1], count[0])


def _finish(item: Item) -> None:
    if not item.kind:
        item.kind = "post" if "comments" in item.fields else ""
    if item.kind in ("comment", "message"):
        item.fields.pop("title", None)
        age = _AGE.search(item.text("heading"))
        if age and "time" not in item.fields:
            item.fields["age"] = int(age[1]) * _SECONDS[age[2]]
        if "author" not in item.fields and "body" not in item.fields:
            item.fields["deleted"] = True
    item.fields.setdefault("name", item.fields.get("title") or item.fields.get("heading") or "")
    if item.kind == "post" and item.fields.get("link") == item.fields.get("url"):
        item.fields.pop("link", None)
    link = item.text("link")
    if item.kind == "post" and link:
        item.fields["host"] = urlsplit(link).hostname or ""
    item.fields["row"] = item.key
    if "subscribe" in item.controls:
        item.fields["subscribed"] = "subscribe" in item.pressed
    item.fields["mine"] = not {"edit", "delete"}.isdisjoint(item.controls)


def _is_user(parts: tuple[str, ...]) -> bool:
    return len(parts) == 2 and (
        parts[0].rstrip("s") in (*kind_words("user"), "u", "people", "profile")
    )


def _has_body(fields: dict[str, Value]) -> bool:
    return "title" in fields


def subject_like(items: Sequence[Item], kind: str, row: str) -> Item | None:
    """Returns the row with a key, else the first row of a kind.

    Args:
        items: A page's rows.
        kind: Kind of the thing wanted.
        row: Row key, empty when any row of the kind will do.
    """
    if row:
        return next((item for item in items if item.key == row), None)
    return next((item for item in items if item.kind == kind), None)
