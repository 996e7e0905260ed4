"""From a request that changes the site to nodes, one branch for each of its targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.pages import Value
from core.plans import Verb
from planner.rules.changing_people import block, edit_biography, message
from planner.rules.changing_posts import comment, delete, edit, post
from planner.rules.changing_sites import clear, create_forum, other
from planner.rules.changing_states import subscription, vote
from planner.rules.draft import Flow, NodeHandle
from planner.rules.frames import Frame, Place
from planner.rules.recipes import Recipe

__all__ = ["change"]


def change(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws the nodes of a request that changes the site, one branch for each of its targets."""
    _settle_choice(recipe, frame)
    return _CHANGES.get(frame.predicate, other)(recipe, frame)


def _settle_choice(recipe: Recipe, frame: Frame) -> None:
    """Draws a comparison of places when a request means the winner of several."""
    if len(frame.places) < 2 or not frame.speaks_of(_WINNER):
        return
    which = "min" if frame.speaks_of(r"\b(?:fewer|smaller|less|least|fewest|smallest)\b") else "max"
    metric = "subscribers"
    if frame.speaks_of(r"\b(?:more|fewer|most|fewest) (?:posts|submissions)\b"):
        metric = "posts"
    records: dict[str, Flow] = {}
    for number, place in enumerate(frame.places):
        fields: list[Value] = ["name", "url", metric]
        if metric == "posts":
            listed = recipe.draft.add(
                Verb.COLLECT, "forums", ("items",), fields=fields,
                where=[{"field": "name", "op": "is", "value": place.text}],
            )  # fmt: skip
            records[f"option_{number}"] = listed["items"]
        else:
            url = recipe.place_url(frame, place) or recipe.home
            read = recipe.draft.add(Verb.READ, "forum", ("record",), url=url, fields=fields)
            records[f"option_{number}"] = read["record"]
        recipe.draft.branch += 1
    picked = recipe.draft.add(Verb.COMPUTE, f"pick {which}", ("url", "name"), by=metric, **records)
    frame.places = [Place("", "flow", picked["url"])]
    if frame.order == "top" and frame.speaks_of(r"most (?:posts|submissions|subscribers|members)"):
        frame.order = ""


_WINNER = (
    r"\bwhichever\b|\bthe (?:one|forum) (?:of|with|that|which)\b|\bwhich of\b|\bof the two\b"
    r"|\b(?:larger|bigger|smaller|busier|more popular) (?:of|one|forum)\b"
)


_CHANGES: Mapping[str, Callable[[Recipe, Frame], list[NodeHandle]]] = {
    "upvote": vote,
    "downvote": vote,
    "unvote": vote,
    "subscribe": subscription,
    "unsubscribe": subscription,
    "block": block,
    "unblock": block,
    "comment": comment,
    "post": post,
    "edit": edit,
    "delete": delete,
    "message": message,
    "edit_biography": edit_biography,
    "create_forum": create_forum,
    "clear": clear,
}
