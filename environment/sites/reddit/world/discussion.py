"""Grows comment trees under posts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from environment.sites.reddit.world.posts import Post, Votes
from environment.sites.reddit.world.prose import Slots, phrases
from environment.sites.reddit.world.rows import NOW, Comment

__all__ = ["MAX_DEPTH", "Reply", "grow", "numbered", "with_ids"]

MAX_DEPTH = 4
"""Levels of comments below a post."""
_LATEST = NOW - 900
_PLAIN = 0.5
"""Share of comments that answer the post itself."""


@dataclass(slots=True, kw_only=True)
class Reply:
    """A comment before it has an id; `parent` is its index among the post's replies."""

    parent: int | None
    depth: int
    user_id: int
    body: str
    created_at: int
    votes: Votes


def grow(rng: Random, post: Post, authors: Sequence[int], *, latest: int = _LATEST) -> list[Reply]:
    """Draws the replies of a post in order of time, `post.replies` of them.

    Args:
        rng: The only source of chance.
        post: What they answer.
        authors: Ids to draw authors from; the post's own author joins in now and then.
        latest: No reply is younger than this, in Unix seconds.
    """
    start = post.row.created_at
    span = max(post.replies + 1, min(latest - start, 12 * 86_400))
    offsets = sorted(rng.sample(range(1, span + 1), post.replies))
    replies: list[Reply] = []
    for offset in offsets:
        parent = _parent(rng, replies)
        replies.append(
            Reply(
                parent=parent,
                depth=1 if parent is None else replies[parent].depth + 1,
                user_id=post.row.user_id if rng.random() < 0.15 else rng.choice(authors),
                body=_body(rng, post.slots),
                created_at=start + offset,
                votes=_votes(rng),
            )
        )
    return replies


def numbered(threads: Iterable[tuple[Post, list[Reply]]], *, first: int = 1) -> list[Comment]:
    """Turns replies into comments whose ids rise with time.

    Posts with a `comment_base` number their own comments from there; all others share one
    sequence that starts at `first`.
    """
    shared: list[tuple[int, int, int]] = []
    pairs = list(threads)
    ids: dict[tuple[int, int], int] = {}
    for place, (post, replies) in enumerate(pairs):
        for index, reply in enumerate(replies):
            if post.comment_base is None:
                shared.append((reply.created_at, place, index))
            else:
                ids[place, index] = post.comment_base + index
    for number, (_, place, index) in enumerate(sorted(shared), start=first):
        ids[place, index] = number
    return [
        Comment(
            id=ids[place, index],
            submission_id=post.row.id,
            parent_id=None if reply.parent is None else ids[place, reply.parent],
            user_id=reply.user_id,
            body=reply.body,
            created_at=reply.created_at,
            edited_at=None,
            upvotes=reply.votes.up,
            downvotes=reply.votes.down,
            deleted=0,
        )
        for place, (post, replies) in enumerate(pairs)
        for index, reply in enumerate(replies)
    ]


def with_ids(posts: Iterable[Post], ids: Iterable[int]) -> list[Post]:
    """Returns the posts with these submission ids, in the given order."""
    return [
        replace(post, row=post.row._replace(id=number))
        for post, number in zip(posts, ids, strict=True)
    ]


def _parent(rng: Random, replies: Sequence[Reply]) -> int | None:
    if not replies or rng.random() < _PLAIN:
        return None
    index = rng.randrange(len(replies))
    return index if replies[index].depth < MAX_DEPTH else replies[index].parent


def _body(rng: Random, slots: Slots) -> str:
    templates = phrases()[slots.topic.kind].comments
    return Slots(rng, slots.topic, slots["thing"]).fill(rng.choice(templates))


def _votes(rng: Random) -> Votes:
    """One comment in six has more downvotes than upvotes."""
    if rng.random() < 1 / 6:
        up = rng.randrange(1, 5)
        return Votes(up, up + rng.randrange(1, 15))
    up = int(rng.lognormvariate(1.5, 1.1)) + 1
    return Votes(up, int(up * rng.uniform(0.0, 0.8)))
