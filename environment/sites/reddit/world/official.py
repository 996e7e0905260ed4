"""The profile `official`: a forum site in which every official task can be solved.

Within a forum, ids and times rise together: drawn posts have ids below 13,000 and are at least 40
days old, named posts keep the ids of the benchmark and lie in the last month. So "newest" and
"hottest" mean named posts whichever of the two a reader sorts by.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from environment.sites.reddit.world.activity import live_in
from environment.sites.reddit.world.discussion import Reply, grow, numbered, with_ids
from environment.sites.reddit.world.official_dataset import Benchmark, benchmark
from environment.sites.reddit.world.official_forums import forum_numbers, official_topics
from environment.sites.reddit.world.official_posts import Cast, entities, named_posts
from environment.sites.reddit.world.people import YEAR_S, crowd
from environment.sites.reddit.world.posts import Post, Talk, Votes, draw_posts
from environment.sites.reddit.world.prose import Topic
from environment.sites.reddit.world.rows import DEFAULT_USER, NOW, Draft, Forum

__all__ = ["FIRST_NAMED_ID", "official_draft"]

FIRST_NAMED_ID = 13_000
"""Drawn posts have lower ids, named posts (but number 1) have higher ones."""
_CROWD = 220
_IDS_PER_FORUM = 110
_BUSY = (22, Talk(leaders=3, most=2))
_CALM = (14, Talk(leaders=2, most=2))
_OWN_DRAWN_POSTS = 18
_YOUNGEST_DRAWN = NOW - 40 * 86_400
_QUIET_SINCE = NOW - 5 * 3_600
"""Only the most active posts have comments younger than this."""


def official_draft(rng: Random) -> Draft:
    """Draws the distractors of the official tasks around the entities that the tasks name."""
    bench = benchmark()
    pool = official_topics()
    draft = Draft(users=crowd(rng, _CROWD, pool, named=_user_names(bench)))
    numbers = _forum_numbers(bench, pool)
    draft.forums = [_forum(rng, draft, topic, numbers[topic.names[0]]) for topic in pool]
    cast = _cast(draft, bench)
    named = [
        post
        for topic in pool
        for post in named_posts(rng, bench, topic, numbers[topic.names[0]], cast)
    ]
    drawn = _drawn_posts(rng, pool, numbers, cast, named)
    _share_authors(rng, draft, drawn, bench, numbers)
    draft.submissions = [post.row for post in drawn + named]
    writers = [user.id for user in draft.users] + [cast.own_id] * 3
    draft.comments = numbered(
        [(post, grow(rng, post, writers)) for post in drawn]
        + [(post, _named_thread(rng, post, cast, writers, bench)) for post in named]
    )
    asked = _asked_forums()
    unfollowed = frozenset(row.id for row in draft.forums if row.name.lower() in asked)
    voted = [post.row.id for post in drawn]
    live_in(rng, draft, pool, voted=voted, unfollowed=unfollowed)
    return draft


def _forum_numbers(bench: Benchmark, pool: list[Topic]) -> dict[str, int]:
    extra = {name.lower(): number for name, number in entities().forum_ids.items()}
    return forum_numbers([topic.names[0] for topic in pool], {**bench.forum_ids, **extra})


def _user_names(bench: Benchmark) -> list[str]:
    known = entities()
    names = [user for user, _ in bench.authored] + list(known.authors.values())
    return names + [said.author for said in known.said if said.author]


def _cast(draft: Draft, bench: Benchmark) -> Cast:
    named = {name.lower() for name in _user_names(bench)} | {DEFAULT_USER.lower()}
    return Cast(
        by_name={user.username: user.id for user in draft.users},
        own_id=draft.user_named(DEFAULT_USER).id,
        crowd=[user.id for user in draft.users if user.username.lower() not in named],
    )


def _forum(rng: Random, draft: Draft, topic: Topic, number: int) -> Forum:
    return Forum(
        id=number,
        name=topic.names[0],
        title=topic.title,
        description=topic.about,
        sidebar=f"{topic.about}\n\nBe kind. Report spam.",
        creator_id=rng.choice(draft.users).id,
        created_at=NOW - 4 * YEAR_S + 60 * (number - 10_000),
    )


def _drawn_posts(
    rng: Random, pool: list[Topic], numbers: dict[str, int], cast: Cast, named: list[Post]
) -> list[Post]:
    asked = _asked_forums()
    posts: list[Post] = []
    for place, topic in enumerate(pool):
        size, talk = _BUSY if topic.names[0].lower() in asked else _CALM
        first = 100 + _IDS_PER_FORUM * place
        ids = sorted(rng.sample(range(first, first + _IDS_PER_FORUM), size))
        span = range(NOW - 3 * YEAR_S + 86_400, _YOUNGEST_DRAWN)
        times = sorted(rng.sample(span, size))
        regulars = rng.sample(list(cast.crowd), 20)
        forum_id = numbers[topic.names[0]]
        nets = [post.row.net for post in named if post.row.forum_id == forum_id]
        posts += with_ids(draw_posts(rng, topic, forum_id, regulars, times, talk, nets), ids)
    return posts


def _asked_forums() -> set[str]:
    """Returns the lower-case names of the forums that tasks name or expect."""
    bench = benchmark()
    asked = {name.lower() for name in entities().titles} | set(bench.forum_ids)
    return asked | {forum for _, forum in bench.authored}


def _share_authors(
    rng: Random, draft: Draft, drawn: list[Post], bench: Benchmark, numbers: dict[str, int]
) -> None:
    """Gives named users posts elsewhere, so that only their forum separates right from wrong."""
    lower = {name.lower(): number for name, number in numbers.items()}
    free = rng.sample(drawn, len(drawn))
    own_id = draft.user_named(DEFAULT_USER).id
    for _ in range(_OWN_DRAWN_POSTS):
        post = free.pop()
        post.row = post.row._replace(user_id=own_id)
    for user, forum in bench.authored:
        user_id = draft.user_named(user).id
        elsewhere = [post for post in free if post.row.forum_id != lower[forum]][:3]
        for post in elsewhere:
            free.remove(post)
            post.row = post.row._replace(user_id=user_id)


def _named_thread(
    rng: Random, post: Post, cast: Cast, writers: list[int], bench: Benchmark
) -> list[Reply]:
    """Grows the comments of a named post and gives them the ranks and words that tasks expect."""
    latest = _QUIET_SINCE
    if post.row.id in bench.active:
        latest = NOW - 1_200 * (1 + bench.active.index(post.row.id))
    replies = grow(rng, post, writers, latest=latest)
    if post.row.id in bench.active:
        replies[-1].created_at = latest
    if post.row.title in bench.downvoted_by_others:
        _set_dislikes(post, replies, bench.downvoted_by_others[post.row.title])
    for said in entities().said:
        if said.submission == post.row.id:
            reply = replies[said.index]
            reply.parent, reply.depth, reply.body = None, 1, said.body
            reply.user_id = cast.by_name[said.author] if said.author else rng.choice(cast.crowd)
            reply.votes = Votes(900 - said.index, 12)
    return replies


def _set_dislikes(post: Post, replies: list[Reply], others: int) -> None:
    """Leaves exactly `others` disliked comments by others, and one by the author."""
    left = others
    for reply in _of_others(post, replies):
        if left > 0:
            reply.votes = Votes(1, 4)
            left -= 1
        elif reply.votes.down > reply.votes.up:
            reply.votes = Votes(reply.votes.down, reply.votes.up)
    replies[-1].user_id = post.row.user_id
    replies[-1].votes = Votes(1, 6)


def _of_others(post: Post, replies: list[Reply]) -> Iterator[Reply]:
    return (reply for reply in replies[:-1] if reply.user_id != post.row.user_id)
