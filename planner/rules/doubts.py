"""What keeps the rules from changing a site: a plan that acts on a guess is not carried out.

A change that nobody asked for is worse than one that is not made. So a drawn plan is looked at
once more: every quotation must have found its part, every text to be written must be there, every
vote its post, and no condition may have been read over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.plans import PlanNode, Verb
from planner.rules.frames import Frame
from planner.rules.masking import QUOTE

__all__ = ["is_condition_unread", "is_guess", "unread_quotes"]

_CONDITION = re.compile(
    r"\b(?:unless|otherwise|else|provided(?: that)?|in case|only (?:if|when)|as long as|except"
    r"|apart from|but not|if (?!you\b|possible\b|necessary\b|needed\b|there (?:is|are) (?:one|any)\b))"
)
_TEXTS = {"comment": ("body",), "message": ("body",), "post": ("title", "link")}
"""What is sent, and the inputs of which one at least must be there."""
_EDITED = ("title", "body", "biography", "sidebar", "description")
_EMPTIES = re.compile(r"\b(?:clear|empty|remove|delete|erase|blank|nothing)\b")


def is_condition_unread(frame: Frame) -> bool:
    """Returns whether a change hangs on a condition that the rules have no words for."""
    return bool(_CONDITION.search(frame.text))


def unread_quotes(frame: Frame) -> list[str]:
    """Returns the quotations that no part of the request took."""
    known = {*frame.said.values(), *frame.keys, *(place.text for place in frame.places)}
    known |= {*frame.users, *frame.titles}
    quotes = [frame.masked.quote(match[1]) for match in QUOTE.finditer(frame.masked.text)]
    return [quote for quote in quotes if quote not in known]


def is_guess(nodes: Sequence[PlanNode], text: str, home: str) -> bool:
    """Returns whether a plan would write what, or where, the task does not say.

    Args:
        nodes: The plan's nodes.
        text: The task's words, lower-cased.
        home: Address of the site's first page, where nothing is what a task means.
    """
    by_id = {node.id: node for node in nodes}
    return any(_lacks_text(node, text) or _lacks_target(node, by_id, home) for node in nodes)


def _lacks_text(node: PlanNode, text: str) -> bool:
    given = {one.name for one in node.inputs}
    if node.subgoal.verb is Verb.SUBMIT:
        needed = _TEXTS.get(node.subgoal.object, ())
        return bool(needed) and given.isdisjoint(needed)
    if node.subgoal.verb is Verb.EDIT:
        return given.isdisjoint(_EDITED) and not _EMPTIES.search(text)
    return False


def _lacks_target(node: PlanNode, by_id: dict[int, PlanNode], home: str) -> bool:
    """Returns whether one post or comment is to be changed on a page that lists many."""
    if node.subgoal.verb not in (Verb.TOGGLE, Verb.EDIT, Verb.DELETE, Verb.SUBMIT):
        return False
    if node.subgoal.object.split()[-1] not in ("post", "comment"):
        return False
    if node.subgoal.verb is Verb.SUBMIT and node.subgoal.object == "post":
        return False
    for one in node.inputs:
        if one.name != "url":
            continue
        if one.source is not None:
            goal = by_id[one.source.node].subgoal if one.source.node in by_id else None
            return goal is not None and goal.verb is Verb.FIND and goal.object in ("forum", "user")
        return str(one.const).rstrip("/") == home.rstrip("/")
    return True
