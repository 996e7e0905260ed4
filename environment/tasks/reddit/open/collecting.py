"""Open definitions that want data from several places, which agents can share."""

from __future__ import annotations

from random import Random

from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition, Goal, defined, retrieve

__all__ = ["DEFINITIONS"]


@defined(
    "busier_newest_post",
    "Compare the newest posts of {first} and {second}: "
    "which of the two forums' newest post has more comments? Return the forum's name.",
    "Look at the most recent submission in f/{first} and in f/{second}. "
    "Give me the name of the forum whose post got more comments.",
    "Is the latest post of {first} or the latest post of {second} commented more? "
    "Answer with the name of the forum.",
    forks=2,
)
def _busier_newest_post(world: ForumView, rng: Random) -> Goal:
    forums = world.several_forums(rng, 2)
    winner = world.best(forums, lambda one: len(world.comments(world.posts(one)[0])))
    loser = next(one for one in forums if one is not winner)
    slots = {"first": forums[0].name, "second": forums[1].name}
    return retrieve(slots, winner.name, decoy=loser.name)


@defined(
    "two_biographies",
    "Collect the biographies of the users {first} and {second}.",
    "Return what {first} and {second} say about themselves in their bios, as a list of two texts.",
    "I need the bio texts from the profiles of {first} and of {second}.",
    forks=2,
)
def _two_biographies(world: ForumView, rng: Random) -> Goal:
    users = [world.user(rng, lambda one: world.plain(one.biography)) for _ in range(3)]
    world.need(len({one.biography for one in users}) == 3)
    return retrieve(
        {"first": users[0].username, "second": users[1].username},
        users[0].biography,
        users[1].biography,
        other=users[2].username,
    )


@defined(
    "three_newest_titles",
    "Return the titles of the newest posts in {first}, {second} and {third}.",
    "What are the most recent submissions in f/{first}, f/{second} and f/{third}? List the titles.",
    "Get me three titles: the latest post of {first}, of {second} and of {third}.",
    forks=3,
)
def _three_newest_titles(world: ForumView, rng: Random) -> Goal:
    forums = world.several_forums(rng, 4)
    titles = [world.posts(one)[0].title for one in forums]
    world.need(len(set(titles)) == 4)
    slots = dict(zip(("first", "second", "third"), (one.name for one in forums), strict=False))
    return retrieve(slots, *titles[:3], other=forums[3].name)


@defined(
    "more_subscribers",
    "Which forum has more subscribers, {first} or {second}? Return its name.",
    "Compare the subscriber counts of f/{first} and f/{second} and return the name of the "
    "larger forum.",
    "Return the name of the forum with the higher number of subscribers: {first} or {second}.",
    forks=2,
)
def _more_subscribers(world: ForumView, rng: Random) -> Goal:
    forums = world.several_forums(rng, 2)
    winner = world.best(forums, world.subscribers)
    loser = next(one for one in forums if one is not winner)
    slots = {"first": forums[0].name, "second": forums[1].name}
    return retrieve(slots, winner.name, decoy=loser.name)


DEFINITIONS: tuple[Definition[ForumView], ...] = (
    _busier_newest_post,
    _two_biographies,
    _three_newest_titles,
    _more_subscribers,
)
