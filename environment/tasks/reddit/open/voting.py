"""Open definitions about votes and subscriptions."""

from __future__ import annotations

from random import Random

from environment.sites.reddit.world.rows import Submission
from environment.tasks.reddit import checks
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition, Goal, defined, mutate

__all__ = ["DEFINITIONS"]


@defined(
    "upvote_newest",
    "Upvote the newest post in the {forum} forum.",
    "Give an upvote to the most recent submission in f/{forum}.",
    "Like the latest post of {forum}.",
)
def _upvote_newest(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    post = _open_to_vote(world, world.posts(forum)[0])
    _open_to_vote(world, world.posts(other)[0])
    return mutate({"forum": forum.name}, checks.voted(post, 1), other=other.name)


@defined(
    "downvote_ranked",
    "Downvote the number {rank} of the all-time top posts in {forum}.",
    "In f/{forum}, sorted by top of all time, thumbs down the post in place {rank}.",
    "Dislike the post that is ranked {rank} by score in the {forum} forum.",
)
def _downvote_ranked(world: ForumView, rng: Random) -> Goal:
    forum = world.forum(rng)
    ranked = sorted(world.posts(forum), key=lambda row: -row.net)
    rank = rng.randrange(2, 8)
    post = _open_to_vote(world, ranked[rank - 1])
    _open_to_vote(world, ranked[rank])
    return mutate(
        {"rank": str(rank), "forum": forum.name}, checks.voted(post, -1), other=str(rank + 1)
    )


@defined(
    "upvote_titled",
    'Upvote the post "{title}" in {forum}.',
    'Find "{title}" in the {forum} forum and give it an upvote.',
    'Like the submission "{title}" in f/{forum}.',
)
def _upvote_titled(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng, lambda row: world.my_vote(row) == 0)
    other = _open_to_vote(world, world.neighbour(rng, post))
    slots = {"title": post.title, "forum": world.forum_of(post).name}
    return mutate(slots, checks.voted(post, 1), other=other.title)


@defined(
    "upvote_all_of_user",
    "Like all submissions created by {user} in the {forum} forum.",
    "Upvote every post that {user} has made in f/{forum}.",
    "Give an upvote to each of {user}'s posts in {forum}.",
)
def _upvote_all_of_user(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng)
    forum = world.forum_of(post)
    wanted = [row for row in world.posts(forum) if row.user_id == post.user_id]
    for row in wanted:
        _open_to_vote(world, row)
    other = _open_to_vote(world, world.neighbour(rng, post))
    return mutate(
        {"user": world.author(post).username, "forum": forum.name},
        *(checks.voted(row, 1) for row in wanted),
        other=world.author(other).username,
    )


@defined(
    "upvote_newest_in_three",
    "Upvote the newest posts in {first}, {second} and {third}.",
    "In each of the forums {first}, {second} and {third}, like the most recent submission.",
    "Give the latest post of f/{first}, of f/{second} and of f/{third} an upvote.",
    forks=3,
)
def _upvote_newest_in_three(world: ForumView, rng: Random) -> Goal:
    forums = world.several_forums(rng, 4)
    posts = [_open_to_vote(world, world.posts(one)[0]) for one in forums]
    slots = dict(zip(("first", "second", "third"), (one.name for one in forums), strict=False))
    return mutate(slots, *(checks.voted(row, 1) for row in posts[:3]), other=forums[3].name)


@defined(
    "upvote_and_downvote",
    "Upvote the newest post in {first} and downvote the newest post in {second}.",
    "Like the most recent submission of f/{first}, dislike the most recent one of f/{second}.",
    "The latest post in {first} deserves an upvote, the latest in {second} a downvote. Vote so.",
    forks=2,
)
def _upvote_and_downvote(world: ForumView, rng: Random) -> Goal:
    first, second = world.several_forums(rng, 2)
    liked, disliked = (_open_to_vote(world, world.posts(one)[0]) for one in (first, second))
    return mutate(
        {"first": first.name, "second": second.name},
        checks.voted(liked, 1),
        checks.voted(disliked, -1),
    )


@defined(
    "subscribe",
    "Subscribe to the {forum} forum.",
    "Join f/{forum}.",
    "Make me a subscriber of {forum}.",
)
def _subscribe(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    world.need(not {forum.id, other.id} & world.subscribed)
    return mutate({"forum": forum.name}, checks.subscribed(forum, True), other=other.name)


@defined(
    "unsubscribe",
    "Unsubscribe from the {forum} forum.",
    "Leave f/{forum}.",
    "I no longer want to be subscribed to {forum}. Unsubscribe me.",
)
def _unsubscribe(world: ForumView, rng: Random) -> Goal:
    ids = world.some(sorted(world.subscribed), 2)
    forum, other = (world.index.forums[one] for one in rng.sample(ids, 2))
    return mutate({"forum": forum.name}, checks.subscribed(forum, False), other=other.name)


@defined(
    "change_subscriptions",
    "Subscribe to {first} and {second}, and unsubscribe from {third}.",
    "Join the forums {first} and {second} and leave the forum {third}.",
    "Change my subscriptions: add f/{first} and f/{second}, drop f/{third}.",
    forks=3,
)
def _change_subscriptions(world: ForumView, rng: Random) -> Goal:
    absent = [one for one in world.forums if one.id not in world.subscribed]
    present = [one for one in world.forums if one.id in world.subscribed]
    first, second = rng.sample(world.some(absent, 2), 2)
    third, other = rng.sample(world.some(present, 2), 2)
    return mutate(
        {"first": first.name, "second": second.name, "third": third.name},
        checks.subscribed(first, True),
        checks.subscribed(second, True),
        checks.subscribed(third, False),
        other=other.name,
    )


def _open_to_vote(world: ForumView, post: Submission) -> Submission:
    world.need(post.user_id != world.me.id and world.my_vote(post) == 0)
    return post


DEFINITIONS: tuple[Definition[ForumView], ...] = (
    _upvote_newest,
    _downvote_ranked,
    _upvote_titled,
    _upvote_all_of_user,
    _upvote_newest_in_three,
    _upvote_and_downvote,
    _subscribe,
    _unsubscribe,
    _change_subscriptions,
)
