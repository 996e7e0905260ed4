"""What keeps the rules from changing a site: a plan that acts on a guess is not carried out.

A change that nobody asked for is worse than one that is not made. So the drawn nodes are looked at
once more before they become a plan: every text to be written is there, every act has the one thing
that it is done to, nobody is taken for the signed-in user who was not spoken of, and what is meant
for many is not done to one. What the words leave unread, `planner.rules.unread` tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.plans import NodeInput, PlanNode, Verb

__all__ = ["doubt"]

_TEXTS = {"comment": ("body",), "message": ("body",), "post": ("title", "link"), "forum": ("name",)}
"""What is sent, and the inputs of which one at least must be there."""
_EDITED = ("title", "body", "biography", "sidebar", "description")
_EMPTIES = re.compile(r"\b(?:clear|empty|remove|delete|erase|blank|nothing)\b")
_ONESELF = re.compile(r"\b(?:me|my|mine|myself|own|i)\b")
_CHANGES = frozenset({Verb.TOGGLE, Verb.EDIT, Verb.DELETE, Verb.SUBMIT})
_PLURAL_DELETE = re.compile(r"\b(?:posts?|submissions?|threads?|comments?|repl(?:y|ies))\b")
_MANY = re.compile(r"(?<!of )\b(?:all|every|each|everyone|everybody|everything)\b(?!-| time)")
_PURPOSE = re.compile(r"\b(?:so that|because|in order to)\b[^.;]*")
"""Why something is wanted, not what."""
_ONE_THING = frozenset({"post", "comment", "forum", "user", "message", "thing"})


def doubt(nodes: Sequence[PlanNode], text: str, home: str) -> str:
    """Returns what nodes would write, or where, without the request having said so.

    Args:
        nodes: The nodes of one request that changes the site.
        text: The request's words, lower-cased.
        home: Address of the site's first page, which is never what a change is meant for.

    Returns:
        The doubt in words; empty when there is none.
    """
    by_id = {node.id: node for node in nodes}
    for node in nodes:
        goal = f"{node.subgoal.verb.value} {node.subgoal.object}"
        source = _source(node, by_id)
        if _lacks_text(node, text):
            return f"{goal}: the request does not say what is to be written"
        if _lacks_target(node, source, home) or _deletes_a_list(node, text):
            return f"{goal}: the request does not say which one"
        if _means_oneself(node, source) and not _ONESELF.search(text):
            return f"{goal}: the request does not say who"
    acts = [node for node in nodes if node.subgoal.verb in _CHANGES]
    if len(acts) == 1 and _thing(acts[0]) in _ONE_THING and _MANY.search(_PURPOSE.sub("", text)):
        return f"{acts[0].subgoal.object}: the request speaks of several"
    return ""


def _thing(node: PlanNode) -> str:
    return node.subgoal.object.split()[-1]


def _lacks_text(node: PlanNode, text: str) -> bool:
    given = {one.name for one in node.inputs}
    if node.subgoal.verb is Verb.SUBMIT:
        needed = _TEXTS.get(node.subgoal.object, ())
        return bool(needed) and given.isdisjoint(needed)
    if node.subgoal.verb is Verb.EDIT:
        return given.isdisjoint(_EDITED) and not _EMPTIES.search(text)
    return False


def _source(node: PlanNode, by_id: Mapping[int, PlanNode]) -> PlanNode | NodeInput | None:
    """Returns what a node's page comes from: another node, or an address that was given."""
    page = next((one for one in node.inputs if one.name == "url"), None)
    if page is None or page.source is None:
        return page
    return by_id.get(page.source.node, page)


def _lacks_target(node: PlanNode, source: PlanNode | NodeInput | None, home: str) -> bool:
    """Returns whether one of many is meant and nothing says which."""
    thing = _thing(node)
    if thing not in _things_on_own_page(node.subgoal.verb):
        return False
    if isinstance(source, PlanNode):
        found = source.subgoal
        is_list = found.verb is Verb.FIND and found.object in ("forum", "user")
        is_of_user = any(one.name == "section" for one in node.inputs)
        return is_list and thing != "forum" and not is_of_user
    if source is None:
        return True
    return source.source is None and str(source.const).rstrip("/") == home.rstrip("/")


def _things_on_own_page(verb: Verb) -> frozenset[str]:
    """Returns what a verb is done to on that thing's own page, reached by other nodes."""
    if verb in (Verb.TOGGLE, Verb.EDIT, Verb.DELETE):
        return frozenset({"post", "comment", "forum"})
    if verb is Verb.SUBMIT or verb is Verb.FIND:
        return frozenset({"comment"})
    return frozenset({"post"}) if verb is Verb.READ else frozenset()


def _deletes_a_list(node: PlanNode, text: str) -> bool:
    """Returns whether posts or comments are to be deleted that no node has found."""
    return node.subgoal.object == "delete thing" and bool(_PLURAL_DELETE.search(text))


def _means_oneself(node: PlanNode, source: PlanNode | NodeInput | None) -> bool:
    """Returns whether somebody is to be written to or blocked, and it is the user."""
    if node.subgoal.verb not in _CHANGES or _thing(node) not in ("message", "user"):
        return False
    inputs = source.inputs if isinstance(source, PlanNode) else ()
    return any(one.name == "name" and one.const == "me" for one in inputs)
