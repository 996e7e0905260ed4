"""Questions about comments: whose, what, how many, in reply to what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.pages import Value
from core.plans import Verb
from planner.rules.aggregates import Answering
from planner.rules.draft import Flow
from planner.rules.frames import Frame
from planner.rules.recipes import COMMENT_TARGET, Recipe, by_user
from planner.rules.wording import Ask

__all__ = ["asks_about_comment_of_user", "asks_about_comments", "comment_of_user", "of_comments"]

_OF_USER = frozenset({"biography", "joined"})


def asks_about_comments(frame: Frame, fields: set[str]) -> bool:
    """Returns whether a question is about the comments of a thread."""
    if "comment" in frame.said:
        return True
    if frame.speaks_of(r"\bto whom\b|\bwhom\b") and ("post" in frame.said or frame.order):
        return True
    if "title" in fields:
        return False
    if frame.limit > 1 and frame.speaks_of(r"\b(?:posts|submissions|threads)\b"):
        return False
    of_thread = "post" in frame.said or bool(frame.order) or frame.is_here
    if not of_thread:
        return False
    restricted = bool(frame.where()) or (
        bool(frame.users)
        and not frame.speaks_of(r"(?:posts?|submissions?|threads?) (?:by|of|from|that)")
    )
    if fields & {"comments", "count"}:
        counts = r"\b(?:comments|replies)\b"
        return restricted and frame.speaks_of(counts) and "titles" not in frame.text
    asked_of_comment = fields & {"author", "body", "score", "time", "url"}
    return (
        bool(asked_of_comment)
        and frame.speaks_of(COMMENT_TARGET)
        and frame.speaks_of(
            r"\b(?:comment|reply)\b|\b(?:comments|replies)\b.{0,30}\b(?:under|on|below|of|in|to)\b"
        )
    )


def asks_about_comment_of_user(frame: Frame, fields: set[str]) -> bool:
    """Returns whether a question is about a user's latest or best comment."""
    latest = (
        r"\b(?:newest|latest|last|most recent|top|best|highest[- ]\w+"
        r"|lowest[- ]\w+) (?:\w+ )?comment\b|comment(?:ed)? last"
    )
    mine = frame.speaks_of(r"\bmy (?:\w+[- ]){0,3}?(?:comment|reply)\b|\bi comment(?:ed)? last\b")
    lone = (bool(frame.users) or mine) and not frame.places and not frame.said.get("post")
    return lone and frame.speaks_of(latest) and not fields & _OF_USER


def comment_of_user(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
    """Draws a question about one comment of a user's own list."""
    known = {"title": "post_title", "name": "body", "comments": "score", "count": "score"}
    fields = list(dict.fromkeys(known.get(one.field, one.field) for one in asked))
    named = frame if frame.users else replace(frame, users=["me"])
    found = recipe.comment_of_user(named, fields)
    return Answering("values", [(name, name) for name in fields], {n: found[n] for n in fields})


def of_comments(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
    """Draws a question about the comments of one thread."""
    place = frame.places[0] if frame.places else None
    fields = [one.field for one in asked]
    thread = recipe.thread(frame, place) or recipe.home
    if frame.speaks_of(_REPLIES_TO) and ("comment" in frame.said or frame.users):
        return _replies(recipe, frame, thread, fields)
    if "count" in fields or "comments" in fields:
        where = list(frame.where())
        if frame.users:
            where.append({"field": "author", "op": "is", "value": frame.users[0]})
        counted = recipe.draft.add(Verb.COUNT, "comments", ("count",), url=thread, where=where)
        return Answering("values", [("count", "count")], {"count": counted["count"]})
    wanted = [name for name in fields if name in ("author", "body", "score", "url", "time")]
    if "comment" in frame.said:
        wanted = [name for name in wanted if name != "body"]
    wanted = wanted or ["author"]
    if frame.wants_all or frame.limit > 1:
        rows = recipe.draft.add(
            Verb.COLLECT,
            "comments",
            ("items",),
            url=thread,
            fields=list(wanted),
            limit=frame.limit or None,
            where=[*frame.where(), *by_user(frame)],
        )
        shape = "column" if len(wanted) == 1 else "records"
        return Answering(shape, [(name, name) for name in wanted], {"items": rows["items"]})
    found = recipe.comment(frame, thread, wanted)
    values = {name: found[name] for name in wanted}
    return Answering("values", [(name, name) for name in wanted], values)


_REPLIES_TO = (
    r"\brepl(?:y|ies|ied) (?:\w+ )?(?:to|did|does|has|of|under)\b|\breplies\b.*\bcomment\b"
    r"|\banswers? to\b"
    r"|\bin reply to\b|\b(?:replied|answered) to\b|\bto whom\b|\bwhom\b"
)


def _replies(recipe: Recipe, frame: Frame, thread: Flow | str, fields: list[str]) -> Answering:
    """Draws a question about the replies to a comment, or about what a comment replies to."""
    if frame.speaks_of(r"\bto whom\b|\bwhom\b|\bwho .* (?:reply|replying|answering) to\b"):
        found = recipe.comment(frame, thread, ("parent_author",))
        return Answering.one("parent_author", found["parent_author"])
    comment = recipe.comment(frame, thread)
    where: list[Value] = [{"field": "parent", "op": "is", "input": "comment_url"}]
    if {"count", "comments"} & set(fields):
        counted = recipe.draft.add(
            Verb.COUNT, "comments", ("count",), url=thread, where=where, comment_url=comment["url"]
        )
        return Answering.one("count", counted["count"])
    wanted = [name for name in fields if name in ("author", "body", "score")] or ["author"]
    names: list[Value] = list(wanted)
    rows = recipe.draft.add(
        Verb.COLLECT, "comments", ("items",), url=thread, where=where, fields=names,
        comment_url=comment["url"],
    )  # fmt: skip
    shape = "column" if len(wanted) == 1 else "records"
    return Answering(shape, [(name, name) for name in wanted], {"items": rows["items"]})
