"""From a request for a page to nodes; the last node ends on that page."""

from __future__ import annotations

import re
from collections.abc import Callable

from core.plans import Verb
from planner.rules.draft import NodeHandle
from planner.rules.frames import Frame
from planner.rules.people import is_indirect, person_url
from planner.rules.recipes import COMMENT_TARGET, Recipe

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
    for suits, draw in _KINDS:
        if suits(frame):
            return draw(recipe, frame)
    return _own_page(recipe, frame)


def _wants_search(frame: Frame) -> bool:
    return frame.predicate == "search" or "query" in frame.said


def _wants_profile(frame: Frame) -> bool:
    return is_indirect(frame) and frame.speaks_of(
        r"\b(?:profile|user page|submissions page|comments page|page) of\b|\bprofile\b"
    )


def _wants_conversation(frame: Frame) -> bool:
    talks = r"\bconversation\b|\bmessages? (?:thread )?(?:with|from|between)\b"
    return bool(frame.users) and frame.speaks_of(talks)


def _wants_editor(frame: Frame) -> bool:
    return frame.speaks_of(_EDITOR)


def _wants_forum_of_post(frame: Frame) -> bool:
    return "post" in frame.said and frame.speaks_of(r"\bforum (?:in which|where|that|of)\b")


def _wants_comment(frame: Frame) -> bool:
    in_thread = "post" in frame.said or bool(frame.order and frame.places)
    return in_thread and frame.speaks_of(COMMENT_TARGET) and not frame.speaks_of(r"\bcomments\b")


def _wants_post(frame: Frame) -> bool:
    return "post" in frame.said


def _wants_user(frame: Frame) -> bool:
    return bool(frame.users) and not frame.places


def _wants_list(frame: Frame) -> bool:
    return not frame.places and frame.speaks_of(
        r"\b(?:list of|all) (?:the )?(?:forums|communities)\b"
    )


def _wants_forum(frame: Frame) -> bool:
    return bool(frame.places or frame.order)


def _search(recipe: Recipe, frame: Frame) -> NodeHandle:
    draft = recipe.draft
    if frame.predicate != "search" and not frame.speaks_of(r"\bsearch\b|\bresults\b"):
        frame.said.setdefault("post", frame.said["query"])
        return _titled(recipe, frame)
    query = frame.said.get("query") or frame.said.get("post", "")
    found = draft.add(Verb.FIND, "search results", ("url",), url=recipe.home, query=query)
    if frame.speaks_of(r"\bfirst (?:result|hit|post|one)\b|\btop result\b"):
        return draft.add(Verb.OPEN, "post", ("url",), url=found["url"], rank=frame.rank)
    if frame.speaks_of(r"\b(?:for|among|in) (?:the )?comments\b|\bcomments that\b"):
        section = "user comments"
        return draft.add(Verb.OPEN, "section", ("url",), url=found["url"], section=section)
    return found


def _profile(recipe: Recipe, frame: Frame) -> NodeHandle:
    url = person_url(recipe, frame)
    for section, noun in (("user posts", "submissions"), ("user comments", "comments")):
        if frame.speaks_of(rf"\b{noun} page\b|\blist of {noun}\b|\ball {noun}\b"):
            return recipe.draft.add(Verb.OPEN, "user section", ("url",), url=url, section=section)
    return NodeHandle(url.ref.node, ("url",))


def _conversation(recipe: Recipe, frame: Frame) -> NodeHandle:
    return recipe.draft.add(
        Verb.FIND, "conversation", ("url",), name=frame.users[0], url=recipe.home
    )


def _comment(recipe: Recipe, frame: Frame) -> NodeHandle:
    place = frame.places[0] if frame.places else None
    found = recipe.comment(frame, recipe.thread(frame, place) or recipe.home)
    return recipe.draft.add(Verb.READ, "comment", ("url",), url=found["url"])


def _titled(recipe: Recipe, frame: Frame) -> NodeHandle:
    found = recipe.post(frame, frame.places[0] if frame.places else None)
    assert found is not None, "a quoted title names a post"
    return found


def _forum_list(recipe: Recipe, frame: Frame) -> NodeHandle:
    draft = recipe.draft
    listed = draft.add(Verb.OPEN, "section", ("url",), url=recipe.home, section="forums")
    match = re.search(
        r"(?:by|with the most) (?:\w+ ){0,3}?(name|title|subscri|submission|posts)", frame.text
    )
    if match is None:
        return listed
    order = {"subscri": "subscribers", "submission": "submissions", "posts": "submissions"}
    section = f"by {order.get(match[1], match[1])}"
    return draft.add(Verb.OPEN, "section", ("url",), url=listed["url"], section=section)


def _own_page(recipe: Recipe, frame: Frame) -> NodeHandle:
    draft = recipe.draft
    for section, pattern in _SECTIONS:
        if frame.speaks_of(pattern):
            return draft.add(Verb.OPEN, "section", ("url",), url=recipe.home, section=section)
    me = draft.add(Verb.FIND, "user", ("url",), name="me")
    for section, pattern in (("user posts", _SUBMITTED), ("user comments", _COMMENTED)):
        if frame.speaks_of(pattern):
            return draft.add(Verb.OPEN, "user section", ("url",), url=me["url"], section=section)
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


_KINDS: tuple[tuple[Callable[[Frame], bool], Callable[[Recipe, Frame], NodeHandle]], ...] = (
    (_wants_search, _search),
    (_wants_profile, _profile),
    (_wants_conversation, _conversation),
    (_wants_editor, _editor),
    (_wants_forum_of_post, _forum_of_post),
    (_wants_comment, _comment),
    (_wants_post, _titled),
    (_wants_user, _user_page),
    (_wants_list, _forum_list),
    (_wants_forum, _forum_page),
)
"""What can be asked for, the most telling first."""
