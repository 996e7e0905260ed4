"""Open definitions that want a page to be open."""

from __future__ import annotations

from random import Random
from urllib.parse import quote

from environment.tasks.reddit.checks import HOME
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition, Goal, defined, navigate

__all__ = ["DEFINITIONS"]

_ORDERS = {
    "new": "newest",
    "top": "top",
    "controversial": "most controversial",
    "most_commented": "most commented",
    "active": "most recently active",
}
_ANY_PERIOD = ("^t$",)


@defined(
    "open_sorted_forum",
    "Open the {forum} forum with the {order} posts first.",
    "Go to f/{forum} and sort its submissions so that the {order} ones come first.",
    "Show me the {order} posts of the {forum} forum.",
)
def _open_sorted_forum(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    sort = rng.choice(list(_ORDERS))
    return navigate(
        {"forum": forum.name, "order": _ORDERS[sort]},
        f"{HOME}/f/{quote(forum.name)}/{sort}",
        ignored=_ANY_PERIOD,
        sort=sort,
        other=other.name,
    )


@defined(
    "open_post",
    'Open the post "{title}" of the {forum} forum.',
    'Go to the page with the comments of "{title}" in f/{forum}.',
    'Take me to the thread "{title}" ({forum} forum).',
)
def _open_post(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng)
    other = world.neighbour(rng, post)
    slots = {"title": post.title, "forum": world.forum_of(post).name}
    return navigate(slots, world.url(post), other=other.title)


@defined(
    "open_user_submissions",
    "Open the list of everything that {user} has submitted.",
    "Go to the submissions page of the user {user}.",
    "Show me all posts by {user} on that user's own page.",
)
def _open_user_submissions(world: ForumView, rng: Random) -> Goal:
    user, other = world.user(rng), world.user(rng)
    world.need(user != other)
    return navigate(
        {"user": user.username},
        f"{HOME}/user/{quote(user.username)}/submissions",
        other=other.username,
    )


@defined(
    "open_search",
    'Search the site for "{words}" and leave the results open.',
    'Use the search to look for "{words}".',
    'Show me the search results for "{words}".',
)
def _open_search(world: ForumView, rng: Random) -> Goal:
    titles = [world.post(rng).title.split() for _ in range(2)]
    found = [[word.strip(",.:?()\"'").lower() for word in title] for title in titles]
    picks = [[word for word in one if len(word) > 3 and word.isalpha()] for one in found]
    chosen = [" ".join(rng.sample(world.some(one, 2), 2)) for one in picks]
    world.need(chosen[0] != chosen[1])
    query = chosen[0].replace(" ", "+")
    return navigate(
        {"words": chosen[0]}, f"{HOME}/search?q={query}", other=chosen[1], ignored=("^type$",)
    )


@defined(
    "open_most_commented",
    "Open the most commented post of the {forum} forum.",
    "Go to the page of the submission with the most comments in f/{forum}.",
    "Which post in {forum} has been commented most? Open its page.",
)
def _open_most_commented(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    post = world.best(world.posts(forum), lambda row: len(world.comments(row)))
    return navigate({"forum": forum.name}, world.url(post), other=other.name)


DEFINITIONS: tuple[Definition[ForumView], ...] = (
    _open_sorted_forum,
    _open_post,
    _open_user_submissions,
    _open_search,
    _open_most_commented,
)
