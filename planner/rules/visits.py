"""From a request for a page to nodes; the last node ends on that page."""

from __future__ import annotations

from core.plans import Verb
from planner.rules.draft import NodeHandle
from planner.rules.frames import Frame
from planner.rules.people import is_indirect, person_url
from planner.rules.recipes import Recipe

__all__ = ["visit"]

_SECTIONS = (
    ("notifications", r"\b(?:inbox|notifications?|alerts)\b"),
    ("messages", r"\b(?:messages|conversations|chats)\b"),
    ("account", r"\b(?:account|settings|preferences)\b"),
    ("forums", r"\b(?:list of (?:all )?(?:forums|communities)|all forums|forums page)\b"),
    ("blocked", r"\bblock(?:ed)? (?:list|users)\b"),
    ("new forum", r"\b(?:form|page) .*(?:new forum|creat\w+ (?:a )?forums?)"),
    ("new post", r"\b(?:form|page) .*(?:new post|submit\w*|creat\w+ (?:a )?posts?)"),
)
_SUBMITTED = r"\b(?:submissions?|posts?|posted|submitted|threads)\b"
_COMMENTED = r"\b(?:comments?|commented|replies)\b"
_ONE_POST = (
    r"\b(?:post|submission|thread|question|one|item|entry|discussion)\b(?! (?:list|page of))"
)


def visit(recipe: Recipe, frame: Frame) -> NodeHandle:
    """Draws the nodes that lead to the page that a request asks for."""
    draft = recipe.draft
    if frame.predicate == "search" or "query" in frame.said:
        if frame.predicate == "search" or frame.speaks_of(r"\bsearch\b|\bresults\b"):
            query = frame.said.get("query") or frame.said.get("post", "")
            return draft.add(Verb.FIND, "search results", ("url",), url=recipe.home, query=query)
        frame.said.setdefault("post", frame.said["query"])
    place = frame.places[0] if frame.places else None
    if frame.speaks_of(
        r"\b(?:profile|user page|account page|page) of\b|\bprofile\b"
    ) and is_indirect(frame):
        return NodeHandle(person_url(recipe, frame).ref.node, ("url",))
    if (
        frame.speaks_of(r"\bconversation\b|\bmessages? (?:thread )?(?:with|from|between)\b")
        and frame.users
    ):
        return draft.add(Verb.FIND, "conversation", ("url",), name=frame.users[0], url=recipe.home)
    if frame.speaks_of(_EDITOR):
        return _editor(recipe, frame)
    if frame.said.get("post") and frame.speaks_of(r"\bforum (?:in which|where|that|of)\b"):
        return _forum_of_post(recipe, frame)
    if frame.said.get("post"):
        found = recipe.post(frame, place)
        assert found is not None, "a quoted title names a post"
        return found
    if frame.users and place is None:
        return _user_page(recipe, frame)
    if place is not None or frame.order:
        return _forum_page(recipe, frame)
    for section, pattern in _SECTIONS:
        if frame.speaks_of(pattern):
            return draft.add(Verb.OPEN, "section", ("url",), url=recipe.home, section=section)
    me = draft.add(Verb.FIND, "user", ("url",), name="me")
    if frame.speaks_of(_SUBMITTED):
        return draft.add(Verb.OPEN, "user section", ("url",), url=me["url"], section="user posts")
    return me


_EDITOR = (
    r"\bform\b|\beditor\b|\bpage (?:for|to|where|on which|that lets) .*(?:edit|change"
    r"|creat|submit|writ|compos)"
)


def _editor(recipe: Recipe, frame: Frame) -> NodeHandle:
    """Draws the way to a form that is not to be sent."""
    draft = recipe.draft
    if frame.speaks_of(r"\b(?:settings|password|account)\b"):
        return draft.add(Verb.OPEN, "section", ("url",), url=recipe.home, section="account")
    if frame.speaks_of(r"\b(?:bio|biography|profile)\b"):
        me = draft.add(Verb.FIND, "user", ("url",), name="me")
        return draft.add(
            Verb.OPEN, "user section", ("url",), url=me["url"], section="edit biography"
        )
    if frame.speaks_of(r"\bmessage\b") and frame.users:
        user = draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])
        return draft.add(Verb.OPEN, "section", ("url",), url=user["url"], section="new message")
    place = frame.places[0] if frame.places else None
    if place is not None:
        url = recipe.place_url(frame, place) or recipe.home
        section = "edit forum" if frame.speaks_of(r"\bedit|\bchang") else "new post"
        return draft.add(Verb.OPEN, "section", ("url",), url=url, section=section)
    section = "new forum" if frame.speaks_of(r"\b(?:forum|community)\b") else "new post"
    return draft.add(Verb.OPEN, "section", ("url",), url=recipe.home, section=section)


def _forum_of_post(recipe: Recipe, frame: Frame) -> NodeHandle:
    found = recipe.post(frame, frame.places[0] if frame.places else None, ("url", "forum"))
    assert found is not None, "a quoted title names a post"
    return recipe.draft.add(Verb.FIND, "forum", ("url",), name=found["forum"])


def _user_page(recipe: Recipe, frame: Frame) -> NodeHandle:
    found = recipe.draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])
    if frame.order and frame.speaks_of(_ONE_POST):
        listed = recipe.draft.add(
            Verb.OPEN, "user section", ("url",), url=found["url"], section="user posts"
        )
        return recipe.draft.add(Verb.OPEN, "post", ("url",), url=listed["url"], rank=frame.rank)
    if frame.speaks_of(r"\b(?:newest|latest|last|most recent) comment\b"):
        return recipe.draft.add(
            Verb.OPEN, "comment", ("url",), url=found["url"], section="user comments"
        )
    for section, pattern in (("user posts", _SUBMITTED), ("user comments", _COMMENTED)):
        if frame.speaks_of(pattern):
            return recipe.draft.add(
                Verb.OPEN, "user section", ("url",), url=found["url"], section=section
            )
    return found


def _forum_page(recipe: Recipe, frame: Frame) -> NodeHandle:
    place = frame.places[0] if frame.places else None
    wants_one = frame.speaks_of(_ONE_POST) or frame.rank > 1
    if frame.order and wants_one and not frame.speaks_of(r"\b(?:posts|submissions|threads|ones)\b"):
        found = recipe.post(frame, place)
        assert found is not None, "an order names a post"
        return found
    url = recipe.place_url(frame, place)
    if frame.speaks_of(r"\b(?:second|next|2nd) page\b|\bpage (?:2|two)\b"):
        return recipe.draft.add(
            Verb.OPEN, "section", ("url",), url=url or recipe.home, section="more",
            order=frame.order,
        )  # fmt: skip
    if not frame.order and url is not None and not isinstance(url, str):
        return NodeHandle(url.ref.node, ("url",))
    return recipe.draft.add(
        Verb.OPEN,
        "forum",
        ("url",),
        url=url or recipe.home,
        order=frame.order,
        period=frame.period,
    )
