"""Sealed definitions that want a page to be open."""

from __future__ import annotations

from random import Random
from urllib.parse import quote

from environment.tasks.reddit.checks import HOME
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition, Goal, defined, navigate

__all__ = ["DEFINITIONS"]


@defined(
    "sealed_11",
    "Open the profile of the user who wrote the all-time top post in the {forum} forum.",
    "Take me to the user page of the author of the highest scored submission in f/{forum}.",
    "Who posted the best rated post of {forum}? Go to that user's profile page.",
)
def _profile_of_top_author(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    authors = [
        world.author(world.best(world.posts(one), lambda row: row.net)) for one in (forum, other)
    ]
    world.need(authors[0] != authors[1])
    return navigate(
        {"forum": forum.name}, f"{HOME}/user/{quote(authors[0].username)}", other=other.name
    )


@defined(
    "sealed_12",
    "Show me page {number} of all posts on the site, ordered by the number of comments.",
    "Open the list of posts from all forums sorted by most commented and go to page {number}.",
    "Go to page {number} of the most commented submissions across every forum.",
)
def _later_page(world: ForumView, rng: Random) -> Goal:
    number = rng.randrange(2, 6)
    posts = sum(len(world.posts(forum)) for forum in world.forums)
    world.need(posts > 25 * number)
    return navigate(
        {"number": str(number)},
        f"{HOME}/all/most_commented?page={number}",
        f"{HOME}/all/most_commented?page={number}&t=all",
        previous=str(number - 1),
    )


@defined(
    "sealed_13",
    'Open the permalink of the comment by {user} on "{title}" in the {forum} forum.',
    '{user} commented on the post "{title}" in f/{forum}. Open that single comment\'s own page.',
    'Go to the direct link of what {user} wrote under "{title}" ({forum} forum).',
)
def _permalink(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng, lambda row: len(world.comments(row)) >= 3)
    rows = world.comments(post)
    writers = [row.user_id for row in rows]
    single = [row for row in rows if writers.count(row.user_id) == 1]
    comment, other = rng.sample(world.some(single, 2), 2)
    forum = world.forum_of(post)
    slots = {
        "user": world.author(comment).username,
        "title": post.title,
        "forum": forum.name,
    }
    base = f"{HOME}/f/{quote(forum.name)}/{post.id}"
    return navigate(
        slots,
        f"{base}/-/comment/{comment.id}",
        f"{world.url(post)}/comment/{comment.id}",
        other=world.author(other).username,
    )


DEFINITIONS: tuple[Definition[ForumView], ...] = (
    _profile_of_top_author,
    _later_page,
    _permalink,
)
