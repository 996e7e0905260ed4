"""What keeps the rules from changing a site: a plan that acts on a guess is not carried out.

A change that nobody asked for is worse than one that is not made. So a request is read once more
before it becomes nodes, and the nodes are looked at once more before they become a plan:

    words   no condition and no `not` was read over, every quotation has its part, and no word that
            is neither plain English nor a name is left
    nodes   every text to be written is there, every act has the one thing that it is done to, and
            nobody is taken for the signed-in user who was not spoken of

All functions return what the doubt is, in words, or an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from core.plans import NodeInput, PlanNode, Verb
from planner.rules.frames import Frame
from planner.rules.masking import QUOTE
from planner.rules.mentions import unread_names

__all__ = ["doubt_of_nodes", "doubt_of_words"]

_CONDITION = re.compile(
    r"\b(?:unless|otherwise|or else|provided(?: that)?|in case|only (?:if|when)|as long as"
    r"|depending on|except(?:ing)?|apart from|other than|excluding|but not|instead of|rather than"
    r"|if (?!you\b|possible\b|necessary\b|needed\b|there (?:is|are) (?:one|any)\b))"
)
_NOT = re.compile(r"\b(?:not|never|nobody|none|neither)\b|\b\w+n't\b")
_READ_NOT = re.compile(
    r"\bno (?:fewer|less|more) than\b|\bnot (?:been )?commented\b|\bnobody has commented\b"
    r"|\b(?:never|not|don't) (?:ever )?(?:want|wish|like|need|care)\b"
)
"""Negations that mean something to the rules, or that say why something is wanted."""
_AMOUNT = re.compile(
    r"\b(?:more|fewer|less|greater|higher|lower|at least|at most|over|above|below|exceed\w*)"
    r" (?:than )?\d+\b"
)

_TEXTS = {"comment": ("body",), "message": ("body",), "post": ("title", "link"), "forum": ("name",)}
"""What is sent, and the inputs of which one at least must be there."""
_EDITED = ("title", "body", "biography", "sidebar", "description")
_EMPTIES = re.compile(r"\b(?:clear|empty|remove|delete|erase|blank|nothing)\b")
_ONESELF = re.compile(r"\b(?:me|my|mine|myself|own|i)\b")
_CHANGES = frozenset({Verb.TOGGLE, Verb.EDIT, Verb.DELETE, Verb.SUBMIT})


# Words


def doubt_of_words(frame: Frame) -> str:
    """Returns what a request for a change says that the rules have no reading for."""
    for pattern in (_CONDITION, _NOT):
        match = pattern.search(_READ_NOT.sub("", frame.text))
        if match is not None:
            return f"{match[0].strip()!r} is a condition that the rules do not read"
    amount = _AMOUNT.search(frame.text)
    if amount is not None and not frame.where():
        return f"{amount[0]!r} is a condition that the rules do not read"
    quotes = _unread_quotes(frame)
    if quotes:
        return f"no part of the request is played by {quotes[0]!r}"
    words = unread_names(frame.masked, _names(frame))
    return f"the rules do not know what {words[0]!r} means here" if words else ""


def _unread_quotes(frame: Frame) -> list[str]:
    """Returns the quotations that no part of the request took."""
    known = _names(frame)
    quotes = [frame.masked.quote(match[1]) for match in QUOTE.finditer(frame.masked.text)]
    return [quote for quote in quotes if quote not in known]


def _names(frame: Frame) -> set[str]:
    places = {place.text for place in frame.places}
    return {*frame.said.values(), *frame.keys, *places, *frame.users, *frame.titles}


# Nodes


def doubt_of_nodes(nodes: Sequence[PlanNode], text: str, home: str) -> str:
    """Returns what a drawn plan would write, or where, without the task having said so.

    Args:
        nodes: The plan's nodes.
        text: The task's words, lower-cased.
        home: Address of the site's first page, which is never what a change is meant for.
    """
    by_id = {node.id: node for node in nodes}
    for node in nodes:
        if node.subgoal.verb not in _CHANGES:
            continue
        goal = f"{node.subgoal.verb.value} {node.subgoal.object}"
        if _lacks_text(node, text):
            return f"{goal}: the request does not say what is to be written"
        source = _source(node, by_id)
        if _lacks_target(node, source, home):
            return f"{goal}: the request does not say which one"
        if _means_oneself(node, source) and not _ONESELF.search(text):
            return f"{goal}: the request does not say who"
    return ""


def _lacks_text(node: PlanNode, text: str) -> bool:
    given = {one.name for one in node.inputs}
    if node.subgoal.verb is Verb.SUBMIT:
        needed = _TEXTS.get(node.subgoal.object, ())
        return bool(needed) and given.isdisjoint(needed)
    if node.subgoal.verb is Verb.EDIT:
        return given.isdisjoint(_EDITED) and not _EMPTIES.search(text)
    return False


def _source(node: PlanNode, by_id: dict[int, PlanNode]) -> PlanNode | NodeInput | None:
    """Returns what a node's page comes from: another node, or an address that was given."""
    page = next((one for one in node.inputs if one.name == "url"), None)
    if page is None or page.source is None:
        return page
    return by_id.get(page.source.node, page)


def _lacks_target(node: PlanNode, source: PlanNode | NodeInput | None, home: str) -> bool:
    """Returns whether one of many is to be changed and nothing says which."""
    verb, thing = node.subgoal.verb, node.subgoal.object.split()[-1]
    if verb is Verb.SUBMIT and thing in ("post", "forum"):
        return False
    if thing not in ("post", "comment", "forum"):
        return False
    if isinstance(source, PlanNode):
        found = source.subgoal
        is_list = found.verb is Verb.FIND and found.object in ("forum", "user")
        return is_list and thing != "forum"
    return source is None or str(source.const).rstrip("/") == home.rstrip("/")


def _means_oneself(node: PlanNode, source: PlanNode | NodeInput | None) -> bool:
    """Returns whether somebody is to be written to or blocked, and it is the user."""
    if node.subgoal.object.split()[-1] not in ("message", "user"):
        return False
    inputs: Iterable[NodeInput] = source.inputs if isinstance(source, PlanNode) else ()
    return any(one.name == "name" and one.const == "me" for one in inputs)
