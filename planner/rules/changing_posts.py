"""New posts and comments, and their change and removal."""

from __future__ import annotations

import re

from core.pages import Value
from core.plans import Verb
from planner.rules.changing_sites import other
from planner.rules.draft import Flow, NodeHandle
from planner.rules.frames import Frame, Place
from planner.rules.recipes import Recipe, Url, branches, described_author

__all__ = ["comment", "delete", "edit", "post"]


def comment(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws comments on posts and replies to comments."""
    text: Value | Flow = frame.said.get("text", "")
    if not text and recipe.borrowed is not None:
        text = recipe.borrowed

    def draw(place: Place | None) -> NodeHandle:
        if _replies_to_comment(frame):
            thread: Url = recipe.target_comment(frame, place)
        else:
            thread = recipe.thread(frame, place) or recipe.home
        return recipe.draft.add(Verb.SUBMIT, "comment", ("url",), url=thread, body=text)

    return branches(recipe, frame, draw)


def _replies_to_comment(frame: Frame) -> bool:
    """Returns whether a comment, and not a post, is what is to be answered."""
    if "comment" in frame.said or described_author(frame):
        return True
    if frame.users and frame.speaks_of(
        r"'s (?:\w+ )?(?:comment|reply)|(?:comment|reply) (?:by|of|from)"
    ):
        return True
    if frame.users:
        return not frame.speaks_of(_POST_OF_USER)
    return frame.speaks_of(_TO_COMMENT) and not frame.speaks_of(r"\bwith my comment\b")


_POST_OF_USER = (
    r"'s (?:\w+ ){0,2}?(?:post|submission|thread)\b"
    r"|\b(?:post|submission|thread)s? (?:«\d+» )?(?:that|by|which)\b"
    r"|\b(?:post|submission)s? (?:of|from)\b"
)
_TO_COMMENT = (
    r"\b(?:to|answer|under) (?:the )?(?:[\w-]+ ){0,3}?(?:comment|reply)\b"
    r"(?! «)(?!s? (?:on|to) the (?:post|submission))"
    r"|\b(?:to|answer) (?:the )?(?:\w+ )?(?:comment|reply)\b(?! «)"
)


def post(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws new posts, also with a title or a link taken from another."""
    draft = recipe.draft
    title: Value | Flow = frame.said.get("title", "")
    body = frame.said.get("body", "")
    places = list(frame.places)
    link: Value | Flow = frame.links[0] if frame.links else ""
    if frame.said.get("post") and frame.speaks_of("image|picture|photo|link|re-?post"):
        picture = draft.add(
            Verb.FIND, "post", ("link",), url=recipe.start_url, name=frame.said["post"]
        )
        link = picture["link"]
    if (
        not places
        and recipe.created is not None
        and frame.speaks_of(r"\b(?:in it|there|to it|new forum)\b")
    ):
        places = [Place("", "flow", recipe.created)]
    elif (
        frame.order
        and len(places) > 1
        and not link
        and frame.speaks_of(r"\b(?:link|url|address) of\b")
    ):
        source = max(places, key=lambda place: _closeness(frame, place))
        donor = recipe.post(frame, source, ("url", "link"))
        assert donor is not None, "a frame with an order names a post"
        link, places = donor["link"], [place for place in places if place is not source]
    elif frame.order and len(places) > 1 and not title:
        title, places = _borrowed_title(recipe, frame, places)
    topic = title if isinstance(title, str) and title else body
    drawn = []
    for place in places or [Place("", "here" if recipe._starts_inside() else "topic")]:
        found = recipe.place(place, topic)
        made = draft.add(
            Verb.SUBMIT,
            "post",
            ("url",),
            url=found["url"] if found else place.flow or recipe.start_url,
            title=title,
            body=body,
            link=link,
            forum=found["name"] if found else "",
        )
        drawn.append(made)
        draft.branch += 1
    recipe.created = drawn[-1]["url"]
    return drawn


def _borrowed_title(recipe: Recipe, frame: Frame, places: list[Place]) -> tuple[Flow, list[Place]]:
    """Draws where a title is taken from: the place named right behind the order's words."""
    source = max(places, key=lambda place: _closeness(frame, place))
    donor = recipe.post(frame, source, ("url", "title"))
    assert donor is not None, "a frame with an order names a post"
    return donor["title"], [place for place in places if place is not source]


def _closeness(frame: Frame, place: Place) -> int:
    """Returns how near behind the word `title of` or an order a place stands; larger is nearer."""
    at = frame.text.find(place.text.casefold())
    marks = [
        m.end()
        for m in re.finditer(r"top|highest|newest|latest|recent|best|most|oldest", frame.text)
    ]
    distances = [at - mark for mark in marks if mark <= at]
    return -min(distances, default=10_000)


def edit(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws the change of a post, a comment or a forum."""
    draft = recipe.draft
    text = frame.said.get("text", "")
    place = frame.places[0] if frame.places else None
    appends = frame.speaks_of(
        r"\b(?:append|another line|add|adding|at the end|extra line|new line)\b"
    )
    mode = "append" if appends else "replace"
    if place is not None and not frame.said.get("post") and frame.speaks_of(_FORUM_FIELDS):
        found = recipe.place(place)
        field = "sidebar" if frame.speaks_of("sidebar") else "title"
        if frame.speaks_of(r"\bdescription\b"):
            field = "description"
        url: Url = found["url"] if found else recipe.start_url
        return [draft.add(Verb.EDIT, "forum", ("url",), url=url, mode=mode, **{field: text})]
    if frame.speaks_of(r"\b(?:comment|reply|commented|replied|answered)\b"):
        target = recipe.target_comment(frame, place)
        return [draft.add(Verb.EDIT, "comment", ("url",), url=target, body=text, mode=mode)]
    thread = recipe.thread(frame, place) or recipe.home
    field = "title" if frame.speaks_of(r"\b(?:title|rename|retitle)\b(?! «)") else "body"
    return [draft.add(Verb.EDIT, "post", ("url",), url=thread, mode=mode, **{field: text})]


_FORUM_FIELDS = (
    r"\bsidebar\b|\bdescription\b|\btitle of (?:the )?(?:[\w-]+ )?(?:forum|community|f/)"
    r"|\bforum'?s title\b|\b(?:rename|retitle) (?:the )?(?:forum|f/|[\w-]+ forum)"
)


def delete(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws the removal of a post or a comment."""
    draft = recipe.draft
    place = frame.places[0] if frame.places else None
    if frame.speaks_of(r"\b(?:comments?|reply|replies|commented|wrote under)\b"):
        target = recipe.target_comment(frame, place)
        return [draft.add(Verb.DELETE, "comment", ("done",), url=target)]
    thread = recipe.thread(frame, place) or recipe.home
    if thread == recipe.home:
        frame.predicate = "other:delete"
        return other(recipe, frame)
    return [draft.add(Verb.DELETE, "post", ("done",), url=thread)]
