"""Messages, blocks, one's own profile."""

from __future__ import annotations

from core.pages import Value
from core.plans import Verb
from planner.rules.draft import Flow, NodeHandle
from planner.rules.frames import Frame
from planner.rules.people import person_url
from planner.rules.recipes import Recipe

__all__ = ["block", "edit_biography", "message"]


def block(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws blocking users, or letting them back in."""
    drawn = []
    for url in _people(recipe, frame):
        drawn.append(recipe.draft.add(Verb.TOGGLE, f"{frame.predicate} user", ("done",), url=url))
        recipe.draft.branch += 1
    return drawn


def message(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws private messages."""
    drawn = []
    text: Value | Flow = frame.said.get("text", "")
    if not text and recipe.borrowed is not None:
        text = recipe.borrowed
    if frame.users and frame.speaks_of(_ANSWERS):
        found = recipe.draft.add(
            Verb.FIND, "conversation", ("url",), name=frame.users[0], url=recipe.home
        )
        return [recipe.draft.add(Verb.SUBMIT, "message", ("url",), url=found["url"], body=text)]
    for url in _people(recipe, frame):
        drawn.append(recipe.draft.add(Verb.SUBMIT, "message", ("url",), url=url, body=text))
        recipe.draft.branch += 1
    return drawn


_ANSWERS = r"\b(?:answer|reply|respond)\b|\bconversation with\b|\bthread with\b|\bexisting\b"


def _people(recipe: Recipe, frame: Frame) -> list[Flow]:
    if len(frame.users) <= 1:
        return [person_url(recipe, frame)]
    urls = []
    for user in frame.users:
        urls.append(recipe.draft.add(Verb.FIND, "user", ("url",), name=user)["url"])
        recipe.draft.branch += 1
    return urls


def edit_biography(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws the change of one's own profile text."""
    me = recipe.draft.add(Verb.FIND, "user", ("url",), name="me")
    text: Value | Flow = frame.said.get("text", "")
    if not text and frame.users:
        other = recipe.draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])
        text = recipe.draft.add(Verb.READ, "user", ("biography",), url=other["url"])["biography"]
    mode = "append" if frame.speaks_of(r"\b(?:append|add|adding)\b") else "replace"
    return [
        recipe.draft.add(Verb.EDIT, "biography", ("url",), url=me["url"], biography=text, mode=mode)
    ]
