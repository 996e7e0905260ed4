"""A request with its parts named: places, people, texts, order, place in the list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.pages import Value
from planner.rules.clauses import Clause
from planner.rules.draft import Flow
from planner.rules.masking import LINK, Masked
from planner.rules.mentions import Mention, QuoteUse, find_mentions, quote_uses
from planner.rules.roles import assign
from planner.rules.wording import (
    ORDER_WORDS,
    RANK_WORDS,
    conditions,
    limit_of,
    order_of,
    period_of,
    rank_of,
)

__all__ = ["COMMENT_ORDER", "Frame", "Place", "read_frame"]

_ROLES: dict[str, tuple[str, ...]] = {
    "upvote": ("post", "comment", "word", "forum", "forum_title", "topic"),
    "downvote": ("post", "comment", "word", "forum", "forum_title", "topic"),
    "unvote": ("post", "comment", "forum", "forum_title"),
    "navigate": ("post", "comment", "forum", "forum_title", "topic", "query"),
    "retrieve": ("post", "comment", "word", "forum", "forum_title", "topic"),
    "subscribe": ("forum", "forum_title", "topic", "post"),
    "unsubscribe": ("forum", "forum_title", "topic", "post"),
    "comment": ("text", "post", "forum", "forum_title", "comment_ref"),
    "post": ("title", "body", "forum", "forum_title", "topic", "post"),
    "edit": ("text", "post", "forum", "forum_title"),
    "delete": ("post", "comment", "forum", "forum_title"),
    "message": ("text", "post", "comment_ref"),
    "block": ("post", "comment"),
    "unblock": (),
    "edit_biography": ("text",),
    "create_forum": ("name", "full_title", "description", "sidebar"),
    "search": ("query",),
}
_DEFAULTS = ("text", "post", "title", "body", "query", "name")
"""Roles that a quotation may have without any cue."""
_COPIES = re.compile(r"\b(?:images?|pictures?|photos?|re-?post|cross-?post)\b")
_ALIASES = {"comment_ref": "comment"}
_PEOPLE = re.compile(
    r"\bwho (?:has |have )?(?:wrote|written|posted|submitted|commented|made|joined|registered)\b"
    r"|\b(?:bios?|biograph\w+|profiles?|messages?|conversation|follow(?:er)?|users?|members?"
    r"|block)\b"
)
_KEYS = re.compile(r"(?:with (?:the )?)?keys? ((?:«\d+»(?:, and |,? and |, |,)?)+)")
_HERE = re.compile(
    r"\b(?:this|the current) (?:post|page|forum|thread|submission|discussion|community|user)\b"
    r"|\bhere\b"
    r"|\bon (?:the )?page\b"
)
_ANY_FORUM = re.compile(
    r"\b(?:(?:most )?(?:relevant|appropriate|suitable|fitting|best|right|proper|matching)"
    r" (?:forum|community|subreddit)"
    r"|(?:forum|community) (?:where|that|which) (?:i am|i'm|people|someone|fits|suits|it (?:fits"
    r"|suits|belongs)"
    r"|is (?:most|best)|would)"
    r"|(?:forum|community) (?:of your choice|it fits|that fits))\b"
)
_TO_PEOPLE = frozenset({"message", "block", "unblock"})
_BY_DEED = (
    r"\b(?:author|poster|writer|wrote|posted|submitted|creator|founder|commented|replied"
    r"|commenters?|authors|posters)\b"
)
COMMENT_ORDER = re.compile(
    r"\b(?:comment|reply) (?:that has |that got |with |having )(?:the )?"
    r"(?:most|highest|best|lowest|fewest) (?:score|points|votes|upvotes|rating)"
    rf"|\b(?:{ORDER_WORDS}|{RANK_WORDS}) (?:\w+ )?(?:comment|reply)\b(?! count)"
)
"""Words for the place of a comment in its thread, which say nothing about the thread's own."""
_ALL = re.compile(r"\b(?:all|every|each|any|everything)\b")
_MINE = re.compile(
    r"\b(?:my|mine|i (?:wrote|posted|commented|submitted|made|have|left|gave|replied|shared))\b"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A forum as a request names it."""

    text: str
    by: str = "name"
    """`name`, `address` (as written in its URL), `topic`, `here` (the page that the task starts
    on), or `flow`."""
    flow: Flow | None = None
    """The address, when an earlier node finds it."""


@dataclass(slots=True, kw_only=True)
class Frame:
    """One request, understood."""

    predicate: str
    text: str
    """Lower-cased words, quotations masked."""
    masked: Masked
    places: list[Place] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    """Role to quotation."""
    titles: list[str] = field(default_factory=list)
    """Quotations that name posts, when there may be several."""
    links: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    """Keys that the answer's records must have."""
    order: str = ""
    period: str = ""
    rank: int = 1
    limit: int = 0

    def where(self) -> list[Value]:
        """Returns the conditions that the words put on items."""
        found = conditions(self.text)
        word = self.said.get("word", "")
        if word:
            about_body = self.speaks_of(r"\b(?:comments?|repl\w+|bod(?:y|ies)|texts?)\b[^«]{0,40}«")
            found.append({"field": "body" if about_body else "title", "op": "has", "value": word})
        return found

    @property
    def is_here(self) -> bool:
        """Whether it speaks of the page that the task starts on."""
        return bool(_HERE.search(self.text))

    @property
    def is_mine(self) -> bool:
        """Whether it speaks of something of the signed-in user's."""
        return bool(_MINE.search(self.text))

    @property
    def wants_all(self) -> bool:
        """Whether it speaks of all things of a kind."""
        return bool(_ALL.search(self.text))

    def speaks_of(self, pattern: str) -> bool:
        """Returns whether a pattern occurs in the words."""
        return bool(re.search(pattern, self.text))


def read_frame(clause: Clause, swapped: frozenset[str] = frozenset()) -> Frame:
    """Returns a clause's parts.

    Args:
        clause: One request.
        swapped: Names whose kind was guessed wrongly before.
    """
    masked, keys = _without_keys(clause.masked)
    low = masked.text.casefold()
    roles = _roles_of_quotes(clause.predicate, masked)
    people = bool(_PEOPLE.search(low)) and not re.search(r"\bforums?\b|\bf/|subscri", low)
    mentions = find_mentions(
        masked,
        people=people or clause.predicate in _TO_PEOPLE,
        swapped=swapped,
    )
    frame = Frame(predicate=clause.predicate, text=low, masked=masked, keys=keys)
    frame.said = {_ALIASES.get(role, role): use.text for role, use in roles.items()}
    frame.places = _named_places(clause.predicate, mentions, roles)
    frame.users = [one.name for one in mentions if one.kind == "user"]
    if clause.predicate in _TO_PEOPLE:
        _settle_people(frame)
    if clause.predicate == "retrieve":
        taken = [use for role, use in roles.items() if role != "post"]
        frame.titles = [use.text for use in quote_uses(masked) if use not in taken]
    frame.links = [masked.link(match[1]) for match in LINK.finditer(masked.text)]
    _settle_open_place(frame)
    frame.places = _distinct(frame.places)
    frame.users = list(dict.fromkeys(frame.users))
    of_thread = COMMENT_ORDER.sub("", low)
    frame.order, frame.rank = order_of(of_thread), rank_of(of_thread)
    if not frame.order:
        frame.order, frame.rank = order_of(low), rank_of(low)
    frame.period, frame.limit = period_of(low), limit_of(low)
    return frame


def _named_places(
    predicate: str, mentions: Sequence[Mention], roles: Mapping[str, QuoteUse]
) -> list[Place]:
    """Returns the forums that are named, in the order of the words."""
    names = [
        (one.start, Place(one.name, "address" if one.is_address else "name"))
        for one in mentions
        if one.kind == "forum"
    ]
    names += [
        (roles[role].start, Place(roles[role].text))
        for role in ("forum", "forum_title")
        if role in roles
    ]
    names.sort(key=lambda pair: pair[0])
    if "post" in roles and predicate not in ("retrieve", "post") and len(names) > 1:
        names = _beside(names, roles["post"].start)
    return [place for _, place in names]


def _settle_people(frame: Frame) -> None:
    """Settles which names are people's, where a request is addressed to people.

    Whoever is meant by what they wrote is no name: the names are of places. Otherwise all names
    are people's, but those written as only forums are.
    """
    if frame.speaks_of(_BY_DEED):
        if not frame.places:
            frame.places, frame.users = [Place(name) for name in frame.users], []
        return
    people = [place for place in frame.places if not _is_written_as_forum(frame, place)]
    frame.users += [place.text for place in people]
    frame.places = [place for place in frame.places if place not in people]


def _is_written_as_forum(frame: Frame, place: Place) -> bool:
    name = re.escape(place.text.casefold())
    return place.by == "address" or frame.speaks_of(rf"\b{name} (?:forum|community|subreddit)\b")


def _settle_open_place(frame: Frame) -> None:
    """Adds the place that a request describes instead of naming it."""
    if "topic" in frame.said:
        frame.places.append(Place(frame.said["topic"], "topic"))
    elif not frame.places and _ANY_FORUM.search(frame.text):
        frame.places.append(Place("", "topic"))
    elif not frame.places and frame.predicate != "retrieve":
        frame.places += _ranked_place(frame.text)


def _beside(names: list[tuple[int, Place]], start: int) -> list[tuple[int, Place]]:
    """Returns the place of a titled post: the first named behind its title, else the last one."""
    behind = [pair for pair in names if pair[0] > start]
    return behind[:1] or names[-1:]


def _roles_of_quotes(predicate: str, masked: Masked) -> dict[str, QuoteUse]:
    """Returns which quotation plays which part; one without a cue gets the first free part."""
    low, wanted = masked.text.casefold(), _ROLES.get(predicate, ("post",))
    if predicate == "post" and not _COPIES.search(low):
        wanted = tuple(role for role in wanted if role != "post")
    if predicate == "navigate" and re.search(r"\bsearch\b|\bresults\b", low):
        wanted = ("query",)
    uses = quote_uses(masked)
    roles = assign(uses, wanted)
    for use in uses:
        free = [role for role in wanted if role in _DEFAULTS and role not in roles]
        if free and use not in roles.values():
            roles[free[0]] = use
    return roles


def _ranked_place(text: str) -> list[Place]:
    """Returns the forum that is named by being the largest, the smallest, ... of all."""
    match = re.search(
        r"(?:forum|community) (?:with|that has|having) the (most|fewest|highest number of"
        r"|largest number of"
        r"|lowest number of|smallest number of) (subscribers|members|posts|submissions)"
        r"|(largest|biggest|most popular|smallest|most subscribed) (?:forum|community)\b",
        text,
    )
    if match is None:
        return []
    word, noun = match[1] or match[3], match[2] or "subscribers"
    which = "min" if word.startswith(("fewest", "lowest", "smallest")) else "max"
    metric = "subscribers" if noun in ("subscribers", "members") else "posts"
    return [Place(f"{which} {metric}", "ranked")]


def _distinct(places: list[Place]) -> list[Place]:
    seen: dict[str, Place] = {}
    for place in places:
        seen.setdefault(place.text.casefold(), place)
    return list(seen.values())


def _without_keys(masked: Masked) -> tuple[Masked, list[str]]:
    match = _KEYS.search(masked.text)
    if match is None:
        return masked, []
    keys = [masked.quote(number) for number in re.findall(r"«(\d+)»", match[1])]
    return masked.part(masked.text[: match.start()] + masked.text[match.end() :]), keys
