"""Questions about many things at once: sums, differences, distinct people, ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.pages import Value
from core.plans import Verb
from planner.rules.draft import Flow, NodeHandle
from planner.rules.frames import Frame
from planner.rules.recipes import COMMENT_TARGET, Recipe

__all__ = ["Answering", "aggregate"]

_PEOPLE = r"\b(?:users?|people|persons|authors?|commenters?|members|usernames|accounts|who)\b"


@dataclass(slots=True)
class Answering:
    """What the respond node builds the answer from."""

    shape: str
    keys: list[tuple[str, str]]
    """Pairs of wanted key and the argument or field that fills it."""
    values: dict[str, Flow] = field(default_factory=dict)

    @classmethod
    def one(cls, name: str, flow: Flow) -> Answering:
        """Returns the answer that consists of one value, or of one list of values."""
        return cls("values", [(name, name)], {name: flow})


def aggregate(recipe: Recipe, frame: Frame, fields: set[str]) -> Answering | None:
    """Draws the nodes of a question about many things; `None` when it is not one."""
    for suits, draw in _KINDS:
        if suits(frame, fields):
            return draw(recipe, frame)
    return None


# What is asked


def _is_common(frame: Frame, fields: set[str]) -> bool:
    del fields
    return len(frame.places) == 2 and frame.speaks_of(r"\bboth\b") and frame.speaks_of(_PEOPLE)


def _is_difference(frame: Frame, fields: set[str]) -> bool:
    del fields
    return frame.speaks_of(r"\bdifference\b|\bdiffers?\b|\bhow many more\b|\bhow many fewer\b")


def _is_total(frame: Frame, fields: set[str]) -> bool:
    several = len(frame.places) > 1 or frame.limit or frame.said.get("post")
    is_tally = bool(frame.users) and not several
    if is_tally and not frame.speaks_of(r"\b(?:scores?|points|votes|average|mean)\b"):
        return False
    many = frame.limit > 1 or len(frame.places) > 1 or frame.wants_all or "count" in fields
    return many and frame.speaks_of(
        r"\b(?:total|sum|combined|in sum|together|average|mean|add(?:ed)? up)\b"
    )


def _is_busiest(frame: Frame, fields: set[str]) -> bool:
    del fields
    return frame.speaks_of(
        r"most often|most active|most frequent|(?:written|posted|left|made|submitted|has"
        r"|wrote) the most"
        r" (?:comments|posts|submissions|replies)|commented (?:the )?most\b|most prolific"
    ) and frame.speaks_of(r"\b(?:who|user|users|username|person|member|author|commenter)\b")


def _is_distinct(frame: Frame, fields: set[str]) -> bool:
    del fields
    return (
        frame.speaks_of(
            r"\b(?:different|distinct|unique) (?:users|people|authors|commenters|members|persons)\b"
            r"|\b(?:users|people|members|accounts) (?:took part|participated|take part"
            r"|are involved|joined in)"
            r"|\b(?:users|people|everyone|everybody|all|who|usernames) (?:who|that|has"
            r"|have) (?:have )?"
            r"(?:commented|replied|posted|submitted|left (?:a )?comments?|wrote (?:a )?comments?)\b"
            r"|^(?:\W*)who (?:all )?(?:commented|replied|left (?:a )?comments?)\b"
        )
        and not frame.users
        and not frame.speaks_of(r"\b(?:first|last) comment\b")
    )


def _is_forum_rank(frame: Frame, fields: set[str]) -> bool:
    if frame.places or frame.said.get("post") or not frame.speaks_of(r"\b(?:forums?|communit)"):
        return False
    about = frame.speaks_of(r"\b(?:subscribers?|members|submissions|posts)\b") or "count" in fields
    return about and frame.speaks_of(
        r"\b(?:which|what|name|names|how many|list|number of|largest|most)\b"
    )


# How it is drawn


def _common(recipe: Recipe, frame: Frame) -> Answering:
    lists: dict[str, Flow] = {}
    for number, place in enumerate(frame.places):
        url = recipe.place_url(frame, place)
        rows = recipe.draft.add(
            Verb.COLLECT, "posts", ("items",), url=url, order="newest", fields=["author"]
        )
        lists[f"list_{number}"] = rows["items"]
        recipe.draft.branch += 1
    common = recipe.draft.add(Verb.COMPUTE, "common", ("values",), by="author", **lists)
    return Answering.one("values", common["values"])


def _difference(recipe: Recipe, frame: Frame) -> Answering:
    numbers = {f"n_{i}": flow for i, flow in enumerate(_numbers(recipe, frame))}
    found = recipe.draft.add(Verb.COMPUTE, "difference", ("value",), **numbers)
    return Answering.one("value", found["value"])


def _total(recipe: Recipe, frame: Frame) -> Answering:
    operation = "average" if frame.speaks_of(r"\b(?:average|mean)\b") else "sum"
    metric = metric_of(frame)
    if metric == "subscribers" or (len(frame.places) > 1 and not frame.limit):
        numbers = {f"n_{i}": flow for i, flow in enumerate(_numbers(recipe, frame))}
        found = recipe.draft.add(Verb.COMPUTE, operation, ("value",), **numbers)
        return Answering.one("value", found["value"])
    rows = _rows(recipe, frame, (metric,))
    found = recipe.draft.add(Verb.COMPUTE, operation, ("value",), items=rows["items"], by=metric)
    return Answering.one("value", found["value"])


def _busiest(recipe: Recipe, frame: Frame) -> Answering:
    rows = _rows(recipe, frame, ("author",))
    groups = recipe.draft.add(Verb.COMPUTE, "group", ("items",), items=rows["items"], by="author")
    top = recipe.draft.add(
        Verb.COMPUTE, "pick max", ("author",), items=groups["items"], by="count", rank=frame.rank
    )
    return Answering.one("author", top["author"])


def _distinct(recipe: Recipe, frame: Frame) -> Answering:
    rows = _rows(recipe, frame, ("author",))
    if frame.speaks_of(r"\bhow many\b|\bnumber of\b|\bcount\b"):
        counted = recipe.draft.add(
            Verb.COMPUTE, "count", ("count",), items=rows["items"], distinct="author"
        )
        return Answering.one("count", counted["count"])
    names = recipe.draft.add(Verb.COMPUTE, "union", ("values",), list_0=rows["items"], by="author")
    return Answering.one("values", names["values"])


def _forum_rank(recipe: Recipe, frame: Frame) -> Answering:
    metric = "subscribers" if frame.speaks_of(r"subscri|members") else "posts"
    names: list[Value] = ["name", metric]
    where = list(frame.where())
    if where or not frame.speaks_of(
        r"\b(?:most|fewest|least|largest|biggest|smallest|highest|lowest|top)\b"
    ):
        if frame.speaks_of(r"\bhow many\b|\bnumber of\b"):
            counted = recipe.draft.add(Verb.COUNT, "forums", ("count",), where=where)
            return Answering.one("count", counted["count"])
        rows = recipe.draft.add(Verb.COLLECT, "forums", ("items",), where=where, fields=["name"])
        return Answering("column", [("name", "name")], {"items": rows["items"]})
    rows = recipe.draft.add(Verb.COLLECT, "forums", ("items",), fields=names)
    which = "min" if frame.speaks_of(r"\b(?:fewest|least|smallest|lowest)\b") else "max"
    if frame.limit > 1:
        ranked = recipe.draft.add(
            Verb.COMPUTE, "sort", ("items",), items=rows["items"], by=metric,
            descending=which == "max", limit=frame.limit,
        )  # fmt: skip
        return Answering("column", [("name", "name")], {"items": ranked["items"]})
    best = recipe.draft.add(
        Verb.COMPUTE, f"pick {which}", ("name",), items=rows["items"], by=metric, rank=frame.rank
    )
    return Answering.one("name", best["name"])


def metric_of(frame: Frame) -> str:
    """Returns the number that a comparison or a sum is about."""
    if frame.speaks_of(r"\bsubscri|\bmembers\b|(?:larger|bigger|smaller) forum"):
        return "subscribers"
    if frame.speaks_of(r"\b(?:number of|more|fewer|most|fewest|many) (?:posts|submissions)\b"):
        return "posts"
    if frame.speaks_of(r"\b(?:scores?|points|votes|upvotes|upvoted|rated)\b"):
        return "score"
    if frame.speaks_of(r"\b(?:newer|older|earlier|later|more recent)\b"):
        return "time"
    return "comments"


def _numbers(recipe: Recipe, frame: Frame) -> list[Flow]:
    """Draws one number for each thing named."""
    metric, found = metric_of(frame), []
    titles = frame.titles if len(frame.titles) > 1 else []
    if titles:
        for number, title in enumerate(titles):
            place = frame.places[min(number, len(frame.places) - 1)] if frame.places else None
            one = recipe.draft.add(
                Verb.FIND, "post", ("url", metric), url=recipe.place_url(frame, place), name=title
            )
            found.append(one[metric])
            recipe.draft.branch += 1
        return found
    for place in frame.places:
        if metric == "subscribers":
            url = recipe.place_url(frame, place) or recipe.start_url
            read: NodeHandle | None = recipe.draft.add(Verb.READ, "forum", (metric,), url=url)
        elif metric == "posts" or not frame.order:
            url = recipe.place_url(frame, place) or recipe.start_url
            read = recipe.draft.add(Verb.COUNT, "posts", ("count",), url=url)
        else:
            read = recipe.post(frame, place, ("url", metric))
        assert read is not None, "each branch reads one number"
        found.append(read[metric if metric in read.outputs else "count"])
        recipe.draft.branch += 1
    return found


def _rows(recipe: Recipe, frame: Frame, fields: Sequence[str]) -> NodeHandle:
    """Draws the list that a question runs over: the comments of a thread, or posts."""
    place = frame.places[0] if frame.places else None
    names: list[Value] = list(fields)
    about_thread = frame.said.get("post") or frame.speaks_of(COMMENT_TARGET) or (
        frame.speaks_of(r"\bcomment(?:ed|ers?|s)?\b|\brepl") and frame.order and not frame.limit
    )  # fmt: skip
    if about_thread:
        thread = recipe.thread(frame, place) or recipe.home
        return recipe.draft.add(Verb.COLLECT, "comments", ("items",), url=thread, fields=names)
    return recipe.draft.add(
        Verb.COLLECT,
        "posts",
        ("items",),
        url=recipe.place_url(frame, place) or recipe.home,
        order=frame.order or "newest",
        period=frame.period,
        limit=frame.limit or None,
        where=list(frame.where()),
        fields=names,
    )


_KINDS: tuple[
    tuple[Callable[[Frame, set[str]], bool], Callable[[Recipe, Frame], Answering]], ...
] = (
    (_is_common, _common),
    (_is_difference, _difference),
    (_is_total, _total),
    (_is_busiest, _busiest),
    (_is_distinct, _distinct),
    (_is_forum_rank, _forum_rank),
)
