"""From a question to nodes: attributes of things, counts, lists and comparisons."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from core.pages import Value
from core.plans import Verb
from planner.rules.aggregates import Answering, aggregate
from planner.rules.comment_questions import (
    asks_about_comment_of_user,
    asks_about_comments,
    comment_of_user,
    of_comments,
)
from planner.rules.comparisons import compares, comparison
from planner.rules.draft import Flow, NodeHandle
from planner.rules.frames import Frame, Place
from planner.rules.people import is_indirect, person_url
from planner.rules.recipes import COLLECTED_ORDERS, Recipe
from planner.rules.wording import Ask, asked_attributes

__all__ = ["Answering", "ask"]

_OF_FORUM = frozenset({"subscribers", "description", "sidebar", "creator", "full_title"})
_OF_USER = frozenset({"biography", "joined"})
_ONE = r"\b(?:post|submission|thread|question|discussion|one)\b(?! titles)"
_SUBSCRIPTIONS = (
    r"\b(?:forums|communities)\b.{0,20}\b(?:i am|i'm|am i|do i|did i|have i|i have|i)\b.{0,12}"
    r"\b(?:subscri|joined|follow|member)|\bmy (?:\w+ )?(?:subscriptions|subscribed forums)\b"
)
_PLURAL = (
    r"\b(?:titles|usernames|authors|users|urls|links|scores|names|texts|posts|submissions|comments"
    r"|threads)\b"
)


def ask(recipe: Recipe, frame: Frame) -> Answering:
    """Draws the nodes of a question and says how the answer is put together."""
    asked = _asked(frame)
    fields = {one.field for one in asked}
    many = None if frame.speaks_of(_SUBSCRIPTIONS) else aggregate(recipe, frame, fields)
    if many is not None:
        return many
    entities = max(len(frame.places), len(frame.titles), len(frame.users))
    if entities > 1 and compares(frame):
        return comparison(recipe, frame, asked)
    for suits, draw in _KINDS:
        if suits(frame, fields):
            return draw(recipe, frame, asked)
    return _of_posts(recipe, frame, asked)


def _is_list(frame: Frame, fields: set[str]) -> bool:
    is_one = bool(frame.order) and frame.limit <= 1 and frame.speaks_of(_ONE)
    return frame.limit > 1 or (not is_one and _wants_list(frame, fields))


def _is_count(frame: Frame, fields: set[str]) -> bool:
    if "comments" in fields:
        lone = bool(frame.users) and not (frame.places or frame.order or frame.said.get("post"))
        return lone and not frame.speaks_of(r"'s (?:\w+ )?(?:post|submission|thread)\b")
    return "count" in fields and not (fields & {"author", "title"} and frame.order)


def _is_talk(frame: Frame, fields: set[str]) -> bool:
    del fields
    return not frame.places and frame.speaks_of(r"\bmessages?\b|\bconversation\b")


def _asked(frame: Frame) -> list[Ask]:
    text = frame.text
    if frame.keys:
        found = [_field_of_key(key) for key in frame.keys]
        return [Ask(name, "", position) for position, name in enumerate(found)]
    asked = asked_attributes(text)
    if not asked:
        return [Ask("title" if frame.speaks_of("post|submission|thread") else "name")]
    names = [one.field for one in asked]
    if "score" in names and frame.order in ("top", "lowest") and len(names) > 1:
        asked = [one for one in asked if one.field != "score" or _asks_score(text)]
    if {"body", "url"} & set(names) and set(names) & (_OF_USER | _OF_FORUM):
        asked = [one for one in asked if one.field not in ("body", "url")]
    if "body" in names and len(names) > 1:
        asked = [one for one in asked if one.field != "body" or _asks_body(text)]
    if "forum" in names and not re.search(
        r"(?:which|what) (?:forum|community)|forum'?s? name|name of (?:the|its) forum", text
    ):
        asked = [one for one in asked if one.field != "forum"]
    if len(asked) > 1 and not re.search(r"\band\b|,", text):
        asked = asked[:1] if asked[0].field not in ("author",) or "who" in text else asked
    return asked


def _asks_score(text: str) -> bool:
    return bool(
        re.search(r"(?:what|return|get|give|tell|and|how).{0,30}(?:score|points|votes)\b", text)
    ) and not re.search(r"(?:most|highest|best|more|by) (?:points|score|votes)", text)


def _asks_body(text: str) -> bool:
    return bool(
        re.search(
            r"\b(?:text|body|content)\b (?:of|and|from)|\band (?:the |its )?(?:text|body)\b", text
        )
    )


def _field_of_key(key: str) -> str:
    words = key.replace("_", " ").replace("-", " ").casefold()
    if words in ("count", "number", "amount"):
        return "count"
    if "comment" in words and re.search(r"count|num|comments$", words):
        return "comments"
    if "forum" in words:
        return "forum"
    found = asked_attributes(words)
    return found[0].field if found else words.replace(" ", "_")


def _wants_list(frame: Frame, fields: set[str]) -> bool:
    if frame.said.get("post") or frame.places[1:]:
        return False
    several = frame.speaks_of(_PLURAL) and (frame.wants_all or bool(frame.where()))
    return several or (bool(frame.users) and frame.wants_all and "count" not in fields)


def _branches(frame: Frame) -> list[Place | None]:
    return list(frame.places) or [None]


# Things


def _of_site(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
    """Draws numbers that the site itself shows: unread notifications, results of a search."""
    if any(one.field == "results" for one in asked):
        query = frame.said.get("post", "")
        found = recipe.draft.add(
            Verb.FIND, "search results", ("url", "results"), url=recipe.home, query=query
        )
        return Answering.one("results", found["results"])
    read = recipe.draft.add(Verb.READ, "site", ("notifications",), url=recipe.home)
    return Answering.one("notifications", read["notifications"])


def _of_posts(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
    counts_comments = [one for one in asked if one.field == "count"]
    fields = [one.field for one in asked if one.field != "count"]
    answer = Answering("values", [])
    for number, place in enumerate(_branches(frame)):
        outputs = list(dict.fromkeys(["url", *fields, *(["author"] if counts_comments else [])]))
        found = recipe.post(frame, place, outputs)
        if found is None:
            found = _here_or_place(recipe, frame, place, outputs)
        for one in asked:
            name = f"{one.field}_{number}" if len(frame.places) > 1 else one.field
            answer.keys.append((name, name))
            answer.values[name] = (
                _counted_comments(recipe, frame, found)
                if one.field == "count"
                else found[one.field]
            )
        recipe.draft.branch += 1
    return _as_record(answer, frame, asked)


def _here_or_place(
    recipe: Recipe, frame: Frame, place: Place | None, outputs: Sequence[str]
) -> NodeHandle:
    url = recipe.place_url(frame, place) or recipe.start_url
    return recipe.draft.add(Verb.READ, "post", outputs, url=url)


def _counted_comments(recipe: Recipe, frame: Frame, post: NodeHandle) -> Flow:
    where = list(frame.where())
    author: Flow | None = None
    if frame.speaks_of(
        r"(?:not|n't) (?:from|by|written by|made by) (?:the )?(?:author|op|original|poster|same)"
    ):
        where.append({"field": "author", "op": "is_not", "input": "author"})
        author = post["author"]
    counted = recipe.draft.add(
        Verb.COUNT, "comments", ("count",), url=post["url"], where=where, author=author
    )
    return counted["count"]


def _as_record(answer: Answering, frame: Frame, asked: Sequence[Ask]) -> Answering:
    if frame.keys and len(frame.keys) == len(asked):
        answer.shape = "record"
        fields = [field for _, field in answer.keys]
        answer.keys = list(zip(frame.keys, fields, strict=False))
    return answer


def _of_users(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
    answer = Answering("values", [])
    fields = [one.field for one in asked if one.field in _OF_USER]
    if is_indirect(frame):
        read = recipe.draft.add(Verb.READ, "user", fields, url=person_url(recipe, frame))
        return Answering("values", [(name, name) for name in fields], {n: read[n] for n in fields})
    for number, user in enumerate(frame.users or [place.text for place in frame.places] or ["me"]):
        found = recipe.draft.add(Verb.FIND, "user", ("url",), name=user)
        read = recipe.draft.add(Verb.READ, "user", fields, url=found["url"])
        for name in fields:
            answer.keys.append((f"{name}_{number}", f"{name}_{number}"))
            answer.values[f"{name}_{number}"] = read[name]
        recipe.draft.branch += 1
    return answer


def _of_forums(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
    answer = Answering("values", [])
    fields = [one.field for one in asked if one.field in _OF_FORUM]
    for number, place in enumerate(_branches(frame)):
        url = recipe.place_url(frame, place) or recipe.start_url
        read = recipe.draft.add(Verb.READ, "forum", fields, url=url)
        for name in fields:
            answer.keys.append((f"{name}_{number}", f"{name}_{number}"))
            answer.values[f"{name}_{number}"] = read[name]
        recipe.draft.branch += 1
    return answer


def _subscribed(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
    """Draws the forums that the signed-in user has joined, or how many they are."""
    del asked
    where: list[Value] = [{"field": "subscribed", "op": "is", "value": True}, *frame.where()]
    if frame.speaks_of(r"\bhow many\b|\bnumber of\b|\bcount\b"):
        counted = recipe.draft.add(Verb.COUNT, "forums", ("count",), where=where)
        return Answering.one("count", counted["count"])
    rows = recipe.draft.add(Verb.COLLECT, "forums", ("items",), where=where, fields=["name"])
    return Answering("column", [("name", "name")], {"items": rows["items"]})


def _last_message(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
    del asked
    user = frame.users[0] if frame.users else ""
    found = recipe.draft.add(Verb.FIND, "conversation", ("url",), name=user, url=recipe.home)
    if frame.speaks_of(r"\bhow many\b|\bnumber of\b|\bcount\b"):
        counted = recipe.draft.add(Verb.COUNT, "messages", ("count",), url=found["url"])
        return Answering.one("count", counted["count"])
    field = "author" if frame.speaks_of(r"\bwho\b") else "body"
    read = recipe.draft.add(Verb.READ, "message", (field,), url=found["url"], which="last")
    return Answering("values", [(field, field)], {field: read[field]})


def _count(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
    del asked
    draft = recipe.draft
    where: list[Value] = list(frame.where())
    mine = not frame.users and frame.speaks_of(
        r"\b(?:have|did) i\b|\bmy (?:posts|submissions|comments)\b|\bi have\b"
    )
    if (frame.users or mine) and not frame.said.get("post"):
        user = draft.add(Verb.FIND, "user", ("url",), name=frame.users[0] if frame.users else "me")
        section = "user comments" if frame.speaks_of(r"\bcomments?\b") else "user posts"
        if frame.places:
            where.append({"field": "forum", "op": "is", "value": frame.places[0].text})
        what = "comments" if section == "user comments" else "posts"
        counted = draft.add(
            Verb.COUNT, what, ("count",), url=user["url"], section=section, where=where
        )
        return Answering("values", [("count", "count")], {"count": counted["count"]})
    what = (
        "forums"
        if frame.speaks_of(r"\b(?:how many|number of|count the) (?:\w+ )?forums\b")
        else "posts"
    )
    answer = Answering("values", [])
    for number, place in enumerate(_branches(frame)):
        url = recipe.place_url(frame, place) or (None if what == "forums" else recipe.home)
        counted = draft.add(
            Verb.COUNT,
            what,
            ("count",),
            url=url,
            order=frame.order if frame.limit else "",
            limit=frame.limit or None,
            where=where,
        )
        answer.keys.append((f"count_{number}", f"count_{number}"))
        answer.values[f"count_{number}"] = counted["count"]
        draft.branch += 1
    return answer


def _list(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
    draft = recipe.draft
    fields = [one.field for one in asked if one.field != "count"] or ["title"]
    place = frame.places[0] if frame.places else None
    url: Flow | str | None = recipe.place_url(frame, place)
    where: list[Value] = list(frame.where())
    section = ""
    if frame.users:
        if url is None:
            url = draft.add(Verb.FIND, "user", ("url",), name=frame.users[0])["url"]
            section = "user comments" if frame.speaks_of(r"\bcomments\b") else "user posts"
        else:
            where.append({"field": "author", "op": "is", "value": frame.users[0]})
    what = "forums" if frame.speaks_of(r"\bforums\b") and place is None else "posts"
    names: list[Value] = list(fields)
    by = COLLECTED_ORDERS.get(frame.order)
    rows = draft.add(
        Verb.COLLECT,
        "comments" if section == "user comments" else what,
        ("items",),
        url=url if url is not None else (None if what == "forums" else recipe.home),
        section=section,
        order="" if by else frame.order,
        period=frame.period,
        limit=None if by else frame.limit or None,
        where=where,
        fields=[*names, by[1]] if by else names,
    )
    if by:
        rows = draft.add(
            Verb.COMPUTE, "sort", ("items",), items=rows["items"], by=by[1],
            limit=frame.limit or 1,
        )  # fmt: skip
    keys = frame.keys if len(frame.keys) == len(fields) else fields
    shape = "column" if len(fields) == 1 and not frame.keys else "records"
    return Answering(shape, list(zip(keys, fields, strict=False)), {"items": rows["items"]})


_KINDS: tuple[
    tuple[Callable[[Frame, set[str]], bool], Callable[[Recipe, Frame, Sequence[Ask]], Answering]],
    ...,
] = (
    (lambda _, fields: bool(fields & {"notifications", "results"}), _of_site),
    (lambda frame, _: not frame.places and frame.speaks_of(_SUBSCRIPTIONS), _subscribed),
    (_is_talk, _last_message),
    (asks_about_comment_of_user, comment_of_user),
    (lambda _, fields: bool(fields & _OF_USER), _of_users),
    (lambda frame, fields: bool(fields & _OF_FORUM) and not frame.order, _of_forums),
    (asks_about_comments, of_comments),
    (_is_count, _count),
    (_is_list, _list),
)
"""What can be asked about, the most telling first; everything else is about posts."""
