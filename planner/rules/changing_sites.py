"""New forums, notifications, and acts that the rules do not know."""

from __future__ import annotations

from core.plans import Verb
from planner.rules.draft import NodeHandle
from planner.rules.frames import Frame
from planner.rules.recipes import Recipe, Url

__all__ = ["clear", "create_forum", "other"]


def create_forum(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws a new forum."""
    said = frame.said
    name = said.get("name", "") or said.get("full_title", "")
    made = [
        recipe.draft.add(
            Verb.SUBMIT,
            "forum",
            ("url",),
            url=recipe.home,
            name=name,
            title=said.get("full_title", "") or name,
            description=said.get("description", ""),
            sidebar=said.get("sidebar", ""),
        )
    ]
    recipe.created = made[0]["url"]
    return made


def clear(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws that all notifications are read."""
    del frame
    clear = recipe.draft.add(
        Verb.TOGGLE,
        "clear-notifications",
        ("done",),
        url=recipe.home,
        section="notifications",
    )
    return [clear]


def other(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws an act that the rules do not know: the site may offer a control that is called so."""
    verb = frame.predicate.removeprefix("other:")
    place = frame.places[0] if frame.places else None
    url: Url = recipe.home
    if frame.order or frame.speaks_of(r"(?:posts?|submissions?|threads?|questions?)(?: \w+)? «"):
        url = recipe.thread(frame, place) or recipe.home
    elif frame.users:
        url = recipe.draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])["url"]
    elif place is not None:
        url = recipe.place_url(frame, place) or recipe.home
    return [recipe.draft.add(Verb.TOGGLE, f"{verb} thing", ("done",), url=url)]
