"""From a question to nodes: attributes of things, counts, lists and comparisons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from core.pages import Value
from core.plans import Verb
from planner.rules.aggregates import Answering, aggregate, metric_of
from planner.rules.draft import Flow, NodeHandle
from planner.rules.frames import Frame, Place
from planner.rules.people import is_indirect, person_url
from planner.rules.recipes import COLLECTED_ORDERS, COMMENT_TARGET, Recipe
from planner.rules.wording import Ask, asked_attributes

__all__ = ["Answering", "ask"]

_OF_FORUM = frozenset({"subscribers", "description", "sidebar", "creator", "full_title"})
_OF_USER = frozenset({"biography", "joined"})
_MORE = (
    r"\b(?:more|larger|bigger|higher|greater|most|largest|biggest|highest|newer|longer|busier)\b"
)
_LESS = r"\b(?:fewer|smaller|lower|less|least|fewest|smallest|lowest|older|shorter)\b"
_COMPARATIVE = (
    r"\b(?:more|larger|bigger|higher|greater|newer|longer|busier|fewer|smaller|lower|less|older"
    r"|shorter|earlier|later)\b(?! than (?:\d|zero|one|two))(?! (?:down|up)votes than)(?! recent)"
)
_ONE = r"\b(?:post|submission|thread|question|discussion|one)\b(?! titles)"
_PLURAL = (
    r"\b(?:titles|usernames|authors|users|urls|links|scores|names|texts|posts|submissions|comments"
    r"|threads)\b"
)


def ask(recipe: Recipe, frame: Frame) -> Answering:
    """Draws the nodes of a question and says how the answer is put together."""
    asked = _asked(frame)
    fields = {one.field for one in asked}
    many = aggregate(recipe, frame, fields)
    if many is not None:
        return many
    entities = max(len(frame.places), len(frame.titles), len(frame.users))
    if entities > 1 and _compares(frame):
        return _comparison(recipe, frame, asked)
    if fields & {"notifications", "results"}:
        return _of_site(recipe, frame, fields)
    if frame.speaks_of(r"\bmessages?\b|\bconversation\b") and not frame.places:
        return _last_message(recipe, frame)
    if _asks_about_comment_of_user(frame, fields):
        return _comment_of_user(recipe, frame, asked)
    if fields & _OF_USER:
        return _of_users(recipe, frame, asked)
    if fields & _OF_FORUM and not frame.order:
        return _of_forums(recipe, frame, asked)
    if _asks_about_comments(frame, fields):
        return _of_comments(recipe, frame, asked)
    if "count" in fields and not (fields & {"author", "title"} and frame.order):
        return _count(recipe, frame)
    is_one = bool(frame.order) and frame.limit <= 1 and frame.speaks_of(_ONE)
    if frame.limit > 1 or (not is_one and _wants_list(frame, fields)):
        return _list(recipe, frame, asked)
    return _of_posts(recipe, frame, asked)


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
        r"(?:which|what) (?:forum|community)|forum'?s? name|name of the forum", text
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


def _compares(frame: Frame) -> bool:
    return frame.speaks_of(_COMPARATIVE) or (
        frame.speaks_of(r"\bwhich (?:of|one|forum|user|post)\b|\bwho\b")
        and frame.speaks_of(r"\b(?:most|highest|largest|biggest|fewest|lowest|least)\b(?! recent)")
    )


def _asks_about_comments(frame: Frame, fields: set[str]) -> bool:
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


def _asks_about_comment_of_user(frame: Frame, fields: set[str]) -> bool:
    latest = (
        r"\b(?:newest|latest|last|most recent|top|best|highest[- ]\w+"
        r"|lowest[- ]\w+) (?:\w+ )?comment\b|comment(?:ed)? last"
    )
    mine = frame.speaks_of(r"\bmy (?:\w+[- ]){0,3}?(?:comment|reply)\b|\bi comment(?:ed)? last\b")
    lone = (bool(frame.users) or mine) and not frame.places and not frame.said.get("post")
    return lone and frame.speaks_of(latest) and not fields & _OF_USER


def _comment_of_user(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
    known = {"title": "post_title", "name": "body", "comments": "score", "count": "score"}
    fields = list(dict.fromkeys(known.get(one.field, one.field) for one in asked))
    named = frame if frame.users else replace(frame, users=["me"])
    found = recipe.comment_of_user(named, fields)
    return Answering("values", [(name, name) for name in fields], {n: found[n] for n in fields})


def _wants_list(frame: Frame, fields: set[str]) -> bool:
    if frame.said.get("post") or frame.places[1:]:
        return False
    several = frame.speaks_of(_PLURAL) and (frame.wants_all or bool(frame.where()))
    return several or (bool(frame.users) and frame.wants_all and "count" not in fields)


def _branches(frame: Frame) -> list[Place | None]:
    return list(frame.places) or [None]


# Things


def _of_site(recipe: Recipe, frame: Frame, fields: set[str]) -> Answering:
    """Draws numbers that the site itself shows: unread notifications, results of a search."""
    if "results" in fields:
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


def _last_message(recipe: Recipe, frame: Frame) -> Answering:
    user = frame.users[0] if frame.users else ""
    found = recipe.draft.add(Verb.FIND, "conversation", ("url",), name=user, url=recipe.home)
    if frame.speaks_of(r"\bhow many\b|\bnumber of\b|\bcount\b"):
        counted = recipe.draft.add(Verb.COUNT, "messages", ("count",), url=found["url"])
        return Answering.one("count", counted["count"])
    field = "author" if frame.speaks_of(r"\bwho\b") else "body"
    read = recipe.draft.add(Verb.READ, "message", (field,), url=found["url"], which="last")
    return Answering("values", [(field, field)], {field: read[field]})


def _of_comments(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
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
            where=[
                *frame.where(),
                *({"field": "author", "op": "is", "value": user} for user in frame.users[:1]),
            ],
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


# Counts, lists, comparisons


def _count(recipe: Recipe, frame: Frame) -> Answering:
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


def _comparison(recipe: Recipe, frame: Frame, asked: Sequence[Ask]) -> Answering:
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
    for number, user in enumerate(frame.users):
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
