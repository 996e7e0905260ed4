"""The profile `generated`: a forum site that is drawn from its seed."""

from __future__ import annotations

from random import Random

from environment.sites.reddit.world.activity import live_in
from environment.sites.reddit.world.discussion import grow, numbered, with_ids
from environment.sites.reddit.world.people import YEAR_S, crowd
from environment.sites.reddit.world.posts import Post, draw_posts
from environment.sites.reddit.world.prose import Topic, topics
from environment.sites.reddit.world.rows import DEFAULT_USER, NOW, Draft, Forum

__all__ = ["generated_draft"]

_USERS = 150
_OWN_POSTS = 14
_FIRST_FORUM_ID = 10_001


def generated_draft(rng: Random) -> Draft:
    """Draws a whole world: 24 to 30 forums, about 600 posts and 2500 comments."""
    pool = rng.sample(topics(), rng.randrange(24, 31))
    draft = Draft(users=crowd(rng, _USERS, pool))
    draft.forums = [_forum(rng, draft, topic, index) for index, topic in enumerate(pool)]
    default_id = draft.user_named(DEFAULT_USER).id
    authors = [user.id for user in draft.users if user.id != default_id]
    posts = _posts(rng, draft, pool, authors)
    for post in rng.sample(posts, _OWN_POSTS):
        post.row = post.row._replace(user_id=default_id)
    draft.submissions = [post.row for post in posts]
    writers = authors + [default_id] * 3
    draft.comments = numbered((post, grow(rng, post, writers)) for post in posts)
    live_in(rng, draft, pool, voted=[row.id for row in draft.submissions])
    return draft


def _forum(rng: Random, draft: Draft, topic: Topic, index: int) -> Forum:
    return Forum(
        id=_FIRST_FORUM_ID + index,
        name=rng.choice(topic.names),
        title=topic.title,
        description=topic.about,
        sidebar=f"{topic.about}\n\nBe kind. No reselling. Report spam.",
        creator_id=rng.choice(draft.users).id,
        created_at=NOW - 3 * YEAR_S - 86_400 + 60 * index,
    )


def _posts(rng: Random, draft: Draft, pool: list[Topic], authors: list[int]) -> list[Post]:
    """Returns all posts in order of time; later posts have higher ids, and no two share a time."""
    sizes = [rng.randrange(21, 25) for _ in pool]
    times = _times(rng, sum(sizes))
    rng.shuffle(times)
    posts: list[Post] = []
    for forum, topic, size in zip(draft.forums, pool, sizes, strict=True):
        mine, times = times[:size], times[size:]
        regulars = rng.sample(authors, 24)
        posts += draw_posts(rng, topic, forum.id, regulars, mine)
    posts.sort(key=lambda post: post.row.created_at)
    ids = sorted(rng.sample(range(100, 100 + 4 * len(posts)), len(posts)))
    return with_ids(posts, ids)


def _times(rng: Random, count: int) -> list[int]:
    """Draws different times over three years, denser towards the present."""
    times: set[int] = set()
    while len(times) < count:
        times.add(NOW - 3_600 - int(3 * YEAR_S * rng.random() ** 1.6))
    return sorted(times)
