"""Questions that compare: one branch for each thing, then the winner is picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.pages import Value
from core.plans import Verb
from planner.rules.aggregates import Answering, metric_of
from planner.rules.draft import Flow, NodeHandle
from planner.rules.frames import Frame, Place
from planner.rules.recipes import Recipe
from planner.rules.wording import Ask

__all__ = ["compares", "comparison"]

_MORE = (
    r"\b(?:more|larger|bigger|higher|greater|most|largest|biggest|highest|newer|longer|busier)\b"
)
_LESS = r"\b(?:fewer|smaller|lower|less|least|fewest|smallest|lowest|older|shorter)\b"
_COMPARATIVE = (
    r"\b(?:more|larger|bigger|higher|greater|newer|longer|busier|fewer|smaller|lower|less|older"
    r"|shorter|earlier|later)\b(?! than (?:\d|zero|one|two))(?! (?:down|up)votes than)(?! recent)"
)


def compares(frame: Frame) -> bool:
    """Returns whether a question asks for the larger or smaller of several things."""
    return frame.speaks_of(_COMPARATIVE) or (
        frame.speaks_of(r"\bwhich (?:of|one|forum|user|post)\b|\bwho\b")
        and frame.speaks_of(r"\b(?:most|highest|largest|biggest|fewest|lowest|least)\b(?! recent)")
    )


def comparison(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
    """Draws one branch for each thing compared, then picks the winner."""
    which = "min" if frame.speaks_of(_LESS) and not frame.speaks_of(_MORE) else "max"
    metric = metric_of(frame)
    if metric == "time" and frame.speaks_of(r"\b(?:older|earlier|oldest|first)\b"):
        which = "min"
    if len(frame.users) > 1 and len(frame.places) < 2 and len(frame.titles) < 2:
        return _compared_users(recipe, frame, which)
    records: dict[str, Flow] = {}
    options: list[tuple[str, Place | None]] = [("", place) for place in frame.places]
    if len(frame.titles) > 1:
        places: list[Place | None] = list(frame.places) or [None]
        options = [(one, places[min(i, len(places) - 1)]) for i, one in enumerate(frame.titles)]
    for number, (title, place) in enumerate(options):
        records[f"option_{number}"] = _option(recipe, frame, title, place, metric)
        recipe.draft.branch += 1
    fields = [one.field for one in asked if one.field in ("title", "author", "url")]
    of_post = metric in ("comments", "score", "time")
    own_name = "forum" if of_post and len(frame.titles) < 2 else "title" if of_post else "name"
    wanted = fields[0] if fields and of_post and not _asks_forum(frame) else own_name
    picked = recipe.draft.add(Verb.COMPUTE, f"pick {which}", (wanted,), by=metric, **records)
    return Answering.one(wanted, picked[wanted])


def _compared_users(recipe: Recipe, frame: Frame, which: str) -> Answering:
    numbers: dict[str, Flow] = {}
    section = "user comments" if frame.speaks_of(r"\bcomments?\b|commented") else "user posts"
    what = "comments" if section == "user comments" else "posts"
    where: list[Value] = list(frame.where())
    if frame.places:
        where.append({"field": "forum", "op": "is", "value": frame.places[0].text})
    place = frame.places[0] if frame.places else None
    if frame.said.get("post"):
        thread = recipe.thread(replace(frame, users=[]), place) or recipe.home
    for number, user in enumerate(frame.users):
        if frame.said.get("post"):
            by_one: list[Value] = [{"field": "author", "op": "is", "value": user}]
            counted = recipe.draft.add(Verb.COUNT, "comments", ("count",), url=thread, where=by_one)
            numbers[f"value_{number}"] = counted["count"]
            recipe.draft.branch += 1
            continue
        found = recipe.draft.add(Verb.FIND, "user", ("url",), name=user)
        counted = recipe.draft.add(
            Verb.COUNT, what, ("count",), url=found["url"], section=section, where=where
        )
        numbers[f"value_{number}"] = counted["count"]
        recipe.draft.branch += 1
    names: list[Value] = list(frame.users)
    chosen = recipe.draft.add(Verb.COMPUTE, f"choose {which}", ("name",), names=names, **numbers)
    return Answering.one("name", chosen["name"])


def _asks_forum(frame: Frame) -> bool:
    return frame.speaks_of(
        r"(?:which|what) (?:of the (?:two |three )?)?(?:forum|community)|forum'?s?'? name"
        r"|name of the (?:\w+ )?(?:forum|community)|which forum|return its name"
    )


def _option(recipe: Recipe, frame: Frame, title: str, place: Place | None, metric: str) -> Flow:
    draft = recipe.draft
    fields: list[Value] = ["name", metric]
    if metric == "subscribers":
        url = recipe.place_url(frame, place) or recipe.start_url
        return draft.add(Verb.READ, "forum", ("record",), url=url, fields=fields)["record"]
    if metric == "posts" and place is not None:
        where: list[Value] = [{"field": "name", "op": "is", "value": place.text}]
        rows = draft.add(Verb.COLLECT, "forums", ("items",), where=where, fields=fields)
        return rows["items"]
    if title:
        found: NodeHandle | None = draft.add(
            Verb.FIND, "post", ("url",), url=recipe.place_url(frame, place), name=title
        )
    else:
        found = recipe.post(frame, place)
    if found is None:
        url = recipe.place_url(frame, place) or recipe.home
        found = draft.add(Verb.OPEN, "post", ("url",), url=url, order="newest")
    names: list[Value] = ["forum", "title", "author", "url", metric]
    return draft.add(Verb.READ, "post", ("record",), url=found["url"], fields=names)["record"]
