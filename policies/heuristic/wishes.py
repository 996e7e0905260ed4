"""What the reasoning about a subgoal asks for, and how candidates are scored against it.

A wish is one action that would help now: a known element, or a description of one in words and
structure, or a value to note. Candidates get a logit for each wish; the best wish counts. A softmax
over all candidates gives the choice and how sure it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.pages import Action, Click, Element
from policies.candidates import Candidate
from policies.text import likeness

__all__ = ["Ranked", "Wish", "rank"]

_EXACT = 12.0
"""Logit of a candidate that is the very action wished for."""
_NAME = 11.0
_ROLE = 0.5
_BY_USER = -8.0
"""A control whose name a user wrote is hardly ever the site's own control."""
_NOT_SHOWN = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One action that would help now."""

    action: Action | None = None
    """The very action, when it is known."""
    phrases: tuple[str, ...] = ()
    """Else: names that the element to be clicked may have."""
    roles: tuple[str, ...] = ("link", "button")
    in_row: str = ""
    """Row key that the element must have, empty: outside of rows preferred."""
    sure: float = 1.0
    """How sure the reasoning is that this is the right step, in (0, 1]."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """The choice among candidates."""

    action: Action
    confidence: float


def rank(
    wishes: Sequence[Wish], candidates: Sequence[Candidate], elements: Sequence[Element]
) -> Ranked:
    """Returns the candidate that fits the wishes best.

    Args:
        wishes: At least one; earlier ones win ties.
        candidates: What could be done; wishes for known actions are added to them.
        elements: The page's elements.
    """
    pool: dict[str, tuple[float, Action]] = {}
    for position, wish in enumerate(wishes):
        if wish.action is not None:
            logit = _EXACT - 2.0 * position + 4.0 * math.log(wish.sure)
            _offer(pool, wish.action, logit)
    described = [wish for wish in wishes if wish.phrases]
    rest = 0
    for candidate in candidates:
        logit = max((_fit(wish, candidate, elements) for wish in described), default=_NOT_SHOWN)
        if logit > 0:
            _offer(pool, candidate.action, logit)
        else:
            rest += 1
    logit, action = max(pool.values(), key=lambda pair: pair[0])
    total = sum(math.exp(other - logit) for other, _ in pool.values()) + rest * math.exp(-logit)
    return Ranked(action, 1.0 / total)


def _offer(pool: dict[str, tuple[float, Action]], action: Action, logit: float) -> None:
    key = repr(action)
    known = pool.get(key)
    if known is None or known[0] < logit:
        pool[key] = logit, action


def _fit(wish: Wish, candidate: Candidate, elements: Sequence[Element]) -> float:
    if candidate.element is None or not isinstance(candidate.action, Click):
        return _NOT_SHOWN
    element = elements[candidate.element]
    if element.role not in wish.roles or (wish.in_row and element.row != wish.in_row):
        return _NOT_SHOWN
    name = max(likeness(phrase, element.name) for phrase in wish.phrases)
    if name < 0.6:
        return _NOT_SHOWN
    logit = _NAME * name + 4.0 * math.log(wish.sure) + _ROLE * (element.role == wish.roles[0])
    if element.ugc:
        logit += _BY_USER
    if element.row and not wish.in_row:
        logit -= 3.0
    return logit
