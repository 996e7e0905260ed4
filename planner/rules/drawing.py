"""From an intent to a plan: requests are read, drawn as nodes, and declined when in doubt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.plans import Plan
from core.tasks import ResponseStatus, TaskType
from planner.requests import PlanRequest
from planner.rules.changes import change
from planner.rules.clauses import Clause, is_change, split_clauses
from planner.rules.doubts import doubt
from planner.rules.draft import Draft
from planner.rules.frames import Frame, read_frame
from planner.rules.masking import mask
from planner.rules.questions import ask
from planner.rules.recipes import Recipe
from planner.rules.unread import unread_part
from planner.rules.visits import visit

__all__ = ["Drawing", "drawn", "task_type_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """How a plan is to be drawn."""

    avoid: frozenset[str] = frozenset()
    """Agents that failed before and are taken last."""
    cap_factor: int = 1
    revision: int = 0
    """How many plans came before."""
    swapped: frozenset[str] = frozenset()
    """Names that were looked for in vain: what was taken for a forum is a user."""
    first_id: int = 0
    is_cautious: bool = True
    """Whether a change that the rules only guess at is declined."""


def drawn(request: PlanRequest, how: Drawing) -> Plan:
    """Returns the plan of a task.

    Raises:
        PlanError: The pool cannot do what the plan needs.
    """
    task = request.task
    clauses = split_clauses(mask(task.intent))
    task_type = task_type_of(clauses)
    frames = [read_frame(clause, how.swapped) for clause in clauses]
    _share_context(frames)
    draft = _draft(request, how)
    recipe = Recipe(draft, task.start_urls[0], task.base_urls[task.sites[0]] + "/")
    if task_type is TaskType.MUTATE:
        wanted = [frame for frame in frames if is_change(frame.predicate)]
        why = _draw_changes(recipe, wanted, is_cautious=how.is_cautious)
        if why:
            return _declined(_draft(request, how), why, how.revision)
        return draft.finish(task_type, revision=how.revision)
    if task_type is TaskType.NAVIGATE:
        visit(recipe, frames[-1])
        return draft.finish(task_type, revision=how.revision)
    answering = ask(recipe, frames[-1])
    return draft.finish(
        task_type,
        shape=answering.shape,
        keys=answering.keys,
        revision=how.revision,
        values=answering.values,
    )


def task_type_of(clauses: Sequence[Clause]) -> TaskType:
    """Returns what a task asks for: a change, a page, or data."""
    predicates = {clause.predicate for clause in clauses}
    if any(is_change(predicate) for predicate in predicates):
        return TaskType.MUTATE
    return TaskType.NAVIGATE if predicates & {"navigate", "search"} else TaskType.RETRIEVE


def _draft(request: PlanRequest, how: Drawing) -> Draft:
    return Draft(
        request=request,
        site=request.task.sites[0],
        avoid=how.avoid,
        cap_factor=how.cap_factor,
        first_id=how.first_id,
    )


def _draw_changes(recipe: Recipe, frames: Sequence[Frame], *, is_cautious: bool) -> str:
    """Draws requests that change the site; returns why they should not be carried out, if so."""
    for frame in frames:
        first = len(recipe.draft.nodes)
        plain = _without_borrowed(recipe, frame)
        why = unread_part(plain) if is_cautious else ""
        change(recipe, plain)
        if is_cautious:
            why = why or doubt(recipe.draft.nodes[first:], frame.text, recipe.home)
        if why:
            return why
    return ""


def _declined(draft: Draft, why: str, revision: int) -> Plan:
    """Returns a plan that changes nothing and answers why."""
    return draft.finish(
        TaskType.MUTATE,
        status=ResponseStatus.UNKNOWN_ERROR,
        reason=f"nothing was changed: {why}",
        revision=revision,
    )


_BORROWED = re.compile(
    r"\b(?:with|saying|that says|containing|consisting of|namely|whose text is|of"
    r"|the text)\s+((?:the )?"
    r"(?:title|author(?:'s name)?|username|name|score|number of comments|text|body|url"
    r"|subscriber count"
    r"|number of subscribers)\b.*)",
    re.IGNORECASE,
)
"""A text described by where it stands on the site."""


def _without_borrowed(recipe: Recipe, frame: Frame) -> Frame:
    """Draws where a text that is not quoted comes from, and returns the rest of the request."""
    recipe.borrowed = None
    if frame.predicate not in ("comment", "message") or frame.said.get("text"):
        return frame
    match = _BORROWED.search(frame.masked.text)
    if match is None:
        return frame
    question = read_frame(Clause("retrieve", frame.masked.part(match[1])))
    values = ask(recipe, question).values
    recipe.borrowed = next(iter(values.values()), None)
    rest = frame.masked.text[: match.start()] + frame.masked.text[match.end() :]
    return read_frame(Clause(frame.predicate, frame.masked.part(rest)))


def _share_context(frames: Sequence[Frame]) -> None:
    """Gives a request without a place or a person those of the request before it.

    The first request may speak of the place of the one after it: before leaving f/x, ... its ...
    """
    for before, frame in pairwise(frames):
        refers = frame.speaks_of(
            r"\b(?:there|it|its|that forum|this forum|that post|that user|the same|them|him|her)\b"
        )
        if refers and not frame.places and frame.predicate != "create_forum":
            frame.places = list(before.places)
        if refers and not frame.users and frame.predicate in ("message", "block", "subscribe"):
            frame.users = list(before.users)
    if len(frames) > 1 and not frames[0].places and frames[0].speaks_of(r"\b(?:its|there)\b"):
        frames[0].places = list(frames[1].places)
