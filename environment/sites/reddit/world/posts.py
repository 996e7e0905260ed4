"""Draws the posts of one forum: titles, bodies or links, and votes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from environment.sites.reddit.world.prose import Slots, Titles, Topic, text_of
from environment.sites.reddit.world.rows import Submission

__all__ = ["LIVELY", "Post", "Talk", "Votes", "draw_posts", "draw_votes", "reply_counts"]


_MOST_NET = 4_000


class Votes(NamedTuple):
    """What a post or comment received, its author's own upvote included."""

    up: int
    down: int


class Talk(NamedTuple):
    """How much the posts of a forum are discussed."""

    leaders: int
    """Posts with more comments than all others, 16 at the most."""
    most: int
    """Most comments of any other post."""


LIVELY = Talk(leaders=6, most=4)


@dataclass(slots=True, kw_only=True)
class Post:
    """A submission together with what the rest of the world needs to grow around it."""

    row: Submission
    slots: Slots
    replies: int
    """How many comments it is to get."""
    comment_base: int | None = None
    """First comment id of this post when its comments are numbered apart."""


def draw_posts(
    rng: Random,
    topic: Topic,
    forum_id: int,
    authors: Sequence[int],
    times: Sequence[int],
    talk: Talk = LIVELY,
    nets: Iterable[int] = (),
) -> Iterator[Post]:
    """Yields one post per time, with id 0; net scores and leading reply counts are all different.

    Args:
        rng: The only source of chance.
        topic: What the forum talks about.
        forum_id: Where the posts stand.
        authors: User ids to draw from.
        times: When the posts were written, in Unix seconds.
        talk: How much the posts are discussed.
        nets: Net scores that other posts of the forum have.
    """
    titles = Titles(rng, topic)
    taken = set(nets)
    for created_at, replies in zip(times, reply_counts(rng, len(times), talk), strict=True):
        title, slots = titles.draw()
        votes = draw_votes(rng, taken)
        url, body = _content(rng, slots)
        row = Submission(
            id=0,
            forum_id=forum_id,
            user_id=rng.choice(authors),
            title=title,
            url=url,
            body=body,
            created_at=created_at,
            edited_at=None,
            upvotes=votes.up,
            downvotes=votes.down,
            deleted=0,
        )
        yield Post(row=row, slots=slots, replies=replies)


def draw_votes(rng: Random, taken: set[int]) -> Votes:
    """Draws votes whose net score `taken` lacks, and adds it; one post in ten is disliked."""
    if rng.random() < 0.1:
        net = -rng.randrange(1, 40)
        step = -1
    else:
        net = min(_MOST_NET, int(rng.lognormvariate(3.4, 1.5)) + 1)
        step = 1
    while net in taken:
        net += step
    taken.add(net)
    if net < 0:
        up = rng.randrange(1, 6)
        return Votes(up, up - net)
    down = int(net * rng.uniform(0.0, 0.4))
    return Votes(net + down, down)


def reply_counts(rng: Random, posts: int, talk: Talk) -> list[int]:
    """Draws how many comments each post gets: those of the leaders all differ."""
    leaders = rng.sample(range(talk.most + 1, 17), min(talk.leaders, posts))
    rest = [rng.randrange(0, talk.most + 1) for _ in range(posts - len(leaders))]
    counts = leaders + rest
    rng.shuffle(counts)
    return counts


def _content(rng: Random, slots: Slots) -> tuple[str | None, str | None]:
    """Returns the url and the body of a post, of which at least one is set."""
    chance = rng.random()
    if slots.topic.kind == "sights" and chance < 0.85:
        return f"/submission_images/{rng.getrandbits(256):064x}.jpg", None
    if slots.topic.kind != "sights" and chance < 0.3:
        return slots["link"], None
    return None, text_of(slots, 1 + int(rng.random() * 3))
