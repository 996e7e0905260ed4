"""Who is meant: a user by name, oneself, or whoever wrote a post or a comment."""

from __future__ import annotations

from core.plans import Verb
from planner.rules.draft import Flow
from planner.rules.frames import Frame
from planner.rules.recipes import COMMENT_TARGET, Recipe

__all__ = ["is_indirect", "person_url"]

_WRITER = (
    r"\b(?:author|poster|writer|submitter|op|original poster)\b"
    r"|\b(?:user|person|one|whoever|somebody|someone) (?:who|that) (?:wrote|posted|submitted"
    r"|made|created|started)\b"
    r"|\b(?:who|whoever|which user) (?:wrote|posted|submitted|made|created|started)\b"
)
_FOUNDER = (
    r"\b(?:creator|founder|owner|moderator) of (?:the )?(?:forum|f/|[\w-]+ forum)"
    r"|\bforum'?s? (?:creator|founder|owner)"
    r"|\b(?:who|whoever) (?:founded|created|started|opened) (?:the )?(?:forum|f/|[\w-]+ forum)"
)


def is_indirect(frame: Frame) -> bool:
    """Returns whether somebody is named by what they wrote or made."""
    return not frame.users and (frame.speaks_of(_WRITER) or frame.speaks_of(_FOUNDER))


def person_url(recipe: Recipe, frame: Frame) -> Flow:
    """Draws how the page of the person meant is found."""
    name = _name(recipe, frame)
    return recipe.draft.add(Verb.FIND, "user", ("url",), name=name)["url"]


def _name(recipe: Recipe, frame: Frame) -> Flow | str:
    if frame.users:
        return frame.users[0]
    place = frame.places[0] if frame.places else None
    if frame.speaks_of(_FOUNDER):
        url = recipe.place_url(frame, place) or recipe.start_url
        return recipe.draft.add(Verb.READ, "forum", ("creator",), url=url)["creator"]
    if not frame.speaks_of(_WRITER):
        return "me"
    if frame.speaks_of(COMMENT_TARGET) or "comment" in frame.said:
        thread = recipe.thread(frame, place) or recipe.home
        return recipe.comment(frame, thread, ("author",))["author"]
    found = recipe.post(frame, place, ("url", "author"))
    if found is None:
        url = recipe.start_url
        return recipe.draft.add(Verb.READ, "post", ("author",), url=url)["author"]
    return found["author"]
