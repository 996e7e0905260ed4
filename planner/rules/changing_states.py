"""Votes and subscriptions."""

from __future__ import annotations

from core.pages import Value
from core.plans import Verb
from planner.rules.draft import NodeHandle
from planner.rules.frames import Frame, Place
from planner.rules.recipes import COMMENT_TARGET, Recipe, branches, by_user

__all__ = ["subscription", "vote"]


def vote(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws votes on posts or comments, one or all that meet conditions."""
    meaning = "upvote" if frame.predicate == "unvote" else frame.predicate
    if frame.predicate == "unvote" and frame.speaks_of("downvote|dislike"):
        meaning = "downvote"
    state = False if frame.predicate == "unvote" else None

    def draw(place: Place | None) -> NodeHandle:
        draft = recipe.draft
        if frame.speaks_of(COMMENT_TARGET) or "comment" in frame.said:
            if frame.wants_all and frame.speaks_of(
                r"\b(?:comments|replies)\b|(?:every|each) (?:comment|reply)"
            ):
                where = by_user(frame) + list(frame.where())
                thread = recipe.thread(frame, place) or recipe.home
                return draft.add(
                    Verb.TOGGLE, f"{meaning} comments", ("count",), url=thread, all=True,
                    where=where, state=state,
                )  # fmt: skip
            return draft.add(
                Verb.TOGGLE,
                f"{meaning} comment",
                ("done",),
                url=recipe.target_comment(frame, place),
                state=state,
            )
        if frame.users and not frame.said.get("post") and (frame.wants_all or not frame.order):
            return _vote_all_of_user(recipe, frame, place, meaning, state)
        limit = frame.limit
        if limit > 1 or _votes_on_list(frame):
            url = recipe.place_url(frame, place) or recipe.home
            return draft.add(
                Verb.TOGGLE,
                f"{meaning} posts",
                ("count",),
                url=url,
                order=frame.order,
                period=frame.period,
                limit=limit or None,
                all=None if limit else True,
                where=by_user(frame) + list(frame.where()),
                state=state,
            )
        url = recipe.thread(frame, place) or recipe.place_url(frame, place) or recipe.home
        return draft.add(Verb.TOGGLE, f"{meaning} post", ("done",), url=url, state=state)

    return branches(recipe, frame, draw)


def _votes_on_list(frame: Frame) -> bool:
    return (
        frame.wants_all and not frame.order and frame.speaks_of(r"\b(?:posts|submissions|post)\b")
    )


def _vote_all_of_user(
    recipe: Recipe, frame: Frame, place: Place | None, meaning: str, state: bool | None
) -> NodeHandle:
    draft = recipe.draft
    user = draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])
    where: list[Value] = list(frame.where())
    if place is not None:
        where.append({"field": "forum", "op": "is", "value": place.text})
    return draft.add(
        Verb.TOGGLE,
        f"{meaning} posts",
        ("count",),
        url=user["url"],
        section="user posts",
        all=True,
        where=where,
        state=state,
    )


def subscription(recipe: Recipe, frame: Frame) -> list[NodeHandle]:
    """Draws subscribing to forums, or leaving them."""
    verb = frame.predicate
    draft = recipe.draft
    if frame.users and not frame.places:
        found = draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])
        return [draft.add(Verb.TOGGLE, f"{verb} user", ("done",), url=found["url"])]

    def draw(place: Place | None) -> NodeHandle:
        from_post = recipe.post(frame, place) if frame.order or frame.said.get("post") else None
        url = from_post["url"] if from_post else recipe.place_url(frame, place)
        return draft.add(Verb.TOGGLE, f"{verb} forum", ("done",), url=url or recipe.start_url)

    return branches(recipe, frame, draw)
