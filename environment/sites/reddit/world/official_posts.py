"""The posts that official tasks name, with the ids, titles, authors and ranks they presuppose."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

from environment.sites.reddit.world.official_dataset import Benchmark
from environment.sites.reddit.world.posts import Post, Votes, draw_votes
from environment.sites.reddit.world.prose import Slots, Topic, text_of
from environment.sites.reddit.world.rows import NOW, Submission

__all__ = ["ENTITY_TOP_NET", "Cast", "Entities", "Said", "entities", "named_posts"]

ENTITY_TOP_NET = 40_000
"""Net score of the best post of all time in a forum whose ranking a task asks for."""
_TOP_STEP = 3_000
_NEWEST = NOW - 9 * 3_600
_APART_S = 2 * 86_400
_WINDOW_S = 27 * 86_400
_FEW_REPLIES = 3
_MOST_ACTIVE_REPLIES = 42


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A comment that a task names; `author` is empty when anybody may have written it."""

    submission: int
    index: int
    id: int
    author: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities:
    """What tasks presuppose and the data set does not state as data; keys are submission ids."""

    forum_ids: Mapping[str, int]
    authors: Mapping[int, str]
    bodies: Mapping[int, str]
    votes: Mapping[int, Votes]
    replies: Mapping[int, int]
    minutes_apart: Mapping[str, int]
    """Forum name to minutes between its named posts, where two days would break a ranking."""
    own: frozenset[int]
    """Posts of the default user."""
    said: tuple[Said, ...]
    images: Mapping[int, str]
    """Submission id to what the picture shows, in the words of the task."""
    titles: Mapping[str, Mapping[int, str]]
    """Forum name to the named posts there."""


@cache
def entities() -> Entities:
    """Reads `official_entities.json`."""
    raw = json.loads(
        files("environment.sites.reddit.world")
        .joinpath("official_entities.json")
        .read_text(encoding="utf-8")
    )

    def by_id(name: str) -> dict[int, str]:
        return {int(key): value for key, value in raw[name].items()}

    return Entities(
        forum_ids=raw["forum_ids"],
        authors=by_id("authors"),
        bodies=by_id("bodies"),
        votes={int(key): Votes(*value) for key, value in raw["votes"].items()},
        replies={int(key): value for key, value in raw["replies"].items()},
        minutes_apart=raw["minutes_apart"],
        own=frozenset(raw["own"]),
        said=tuple(Said(**said) for said in raw["said"]),
        images=by_id("images"),
        titles={
            forum: {post["id"]: post["title"] for post in posts}
            for forum, posts in raw["posts"].items()
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who can have written a post: ids by user name, and the ids of the crowd."""

    by_name: Mapping[str, int]
    own_id: int
    crowd: Sequence[int]


def named_posts(
    rng: Random, bench: Benchmark, topic: Topic, forum_id: int, cast: Cast
) -> Iterator[Post]:
    """Yields the named posts of one forum in order of their ids, which is their order in time."""
    known = entities()
    name = topic.names[0]
    titles = known.titles.get(name, {})
    authors = _authors(bench, name)
    times = _times(sorted(titles), known.minutes_apart.get(name, 0) * 60)
    nets: set[int] = set()
    for number in sorted(titles):
        slots = Slots(rng, topic)
        votes = _votes(rng, bench, number, name, nets)
        url, body = _content(rng, bench, number, slots)
        writer = known.authors.get(number) or authors.get(number)
        row = Submission(
            id=number,
            forum_id=forum_id,
            user_id=_writer(rng, number, writer, cast),
            title=bench.titles.get(number, titles[number]),
            url=url,
            body=body,
            created_at=times[number],
            edited_at=None,
            upvotes=votes.up,
            downvotes=votes.down,
            deleted=0,
        )
        base = next((s.id - s.index for s in known.said if s.submission == number), None)
        yield Post(row=row, slots=slots, replies=_replies(bench, number), comment_base=base)


def _authors(bench: Benchmark, forum: str) -> dict[int, str]:
    return {
        number: user
        for (user, where), numbers in bench.authored.items()
        if where == forum.lower()
        for number in numbers
    }


def _writer(rng: Random, number: int, name: str | None, cast: Cast) -> int:
    if number in entities().own:
        return cast.own_id
    return rng.choice(cast.crowd) if name is None else cast.by_name[name]


def _times(numbers: Sequence[int], apart_s: int) -> dict[int, int]:
    """Spaces the posts evenly, the last one nine hours ago; post 1 is years older than all."""
    step = apart_s or min(_APART_S, _WINDOW_S // max(1, len(numbers)))
    last = len(numbers) - 1
    times = {
        number: _NEWEST - (last - index) * step - number % 600 * (index < last)
        for index, number in enumerate(numbers)
    }
    if 1 in times:
        times[1] = NOW - 3 * 365 * 86_400
    return times


def _votes(rng: Random, bench: Benchmark, number: int, forum: str, nets: set[int]) -> Votes:
    best = bench.top.get(forum.lower(), ())
    if number in best:
        net = ENTITY_TOP_NET - _TOP_STEP * best.index(number)
        return Votes(net + net // 10, net // 10)
    if number in entities().votes:
        votes = entities().votes[number]
        nets.add(votes.up - votes.down)
        return votes
    while True:
        votes = draw_votes(rng, nets)
        if votes.up - votes.down > 40:
            return votes


def _replies(bench: Benchmark, number: int) -> int:
    if number in bench.active:
        return _MOST_ACTIVE_REPLIES - 2 * bench.active.index(number)
    return entities().replies.get(number, _FEW_REPLIES)


def _content(
    rng: Random, bench: Benchmark, number: int, slots: Slots
) -> tuple[str | None, str | None]:
    known = entities()
    if number in known.bodies:
        return None, known.bodies[number]
    if number in known.images:
        return bench.images[known.images[number]], None
    if slots.topic.kind == "sights":
        return f"/submission_images/{rng.getrandbits(256):064x}.jpg", None
    if slots.topic.kind in ("news", "media", "field"):
        return f"https://www.{slots.topic.key}-daily.example/{number}", None
    return None, text_of(slots, 2)
