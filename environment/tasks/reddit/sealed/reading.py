"""Sealed definitions that want data."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from random import Random

from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition, Goal, defined, retrieve

__all__ = ["DEFINITIONS"]

_MONEY = re.compile(r"\$\d+")


@defined(
    "sealed_01",
    "How many comments did the three most recent posts in the {forum} forum get altogether?",
    "Add up the number of comments on the 3 newest posts of f/{forum} and tell me the total.",
    "Take the latest three submissions in {forum}. What is the sum of their comment counts?",
)
def _sum_of_comments(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    totals = []
    for one in (forum, other):
        latest = world.some(world.posts(one), 3)[:3]
        totals.append(sum(len(world.comments(post)) for post in latest))
    world.need(totals[0] > 0 and totals[0] != totals[1])
    return retrieve({"forum": forum.name}, totals[0], schema="number", other=other.name)


@defined(
    "sealed_02",
    "What is the title of the very first post ever made in the {forum} forum?",
    "Give me the title of the oldest submission in f/{forum}.",
    "Which post started the forum {forum}? Return the title of the earliest one.",
)
def _oldest_title(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    return retrieve({"forum": forum.name}, world.posts(forum)[-1].title, other=other.name)


@defined(
    "sealed_03",
    'Who wrote the most comments on the post "{title}" in the {forum} forum?',
    'In f/{forum} there is a thread called "{title}". Which user commented there most often?',
    'Find the most active commenter of "{title}" ({forum} forum) and return the username.',
)
def _most_active(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng, lambda row: len(world.comments(row)) >= 5)
    other = world.neighbour(rng, post)
    world.need(len(world.comments(other)) > 0)
    writers = [world.author(row).username for row in world.comments(post)]
    winner = world.best(set(writers), writers.count)
    writers = [world.author(row).username for row in world.comments(other)]
    world.need(winner not in writers)
    slots = {"title": post.title, "forum": world.forum_of(post).name}
    return retrieve(slots, winner, other=other.title)


@defined(
    "sealed_04",
    'On the post "{title}" in {forum}, who answered the comment that {user} wrote?',
    'Which user replied to {user} in the thread "{title}" of the {forum} forum?',
    '{user} commented on "{title}" in f/{forum}. Give the username of whoever replied to it.',
)
def _replier(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng, lambda row: len(world.comments(row)) >= 4)
    rows = world.comments(post)
    writers = [row.user_id for row in rows]
    answered = [
        row
        for row in rows
        if len(world.replies(row)) == 1
        and writers.count(row.user_id) == 1
        and row.user_id != world.me.id
    ]
    comment = rng.choice(world.some(answered))
    reply = world.replies(comment)[0]
    wrong = [row for row in rows if row.user_id not in (comment.user_id, reply.user_id)]
    slots = {
        "title": post.title,
        "forum": world.forum_of(post).name,
        "user": world.author(comment).username,
    }
    decoy = world.author(rng.choice(world.some(wrong))).username
    return retrieve(slots, world.author(reply).username, decoy=decoy)


@defined(
    "sealed_05",
    'On what date was "{title}" posted in the {forum} forum? Answer as YYYY-MM-DD.',
    'When was the submission "{title}" in f/{forum} published? Give the date (YYYY-MM-DD, UTC).',
    'Return the calendar day, in the form YYYY-MM-DD, on which "{title}" appeared in {forum}.',
)
def _day_of_post(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng)
    other = world.neighbour(rng, post)
    days = [datetime.fromtimestamp(row.created_at, UTC).date() for row in (post, other)]
    world.need(days[0] != days[1])
    slots = {"title": post.title, "forum": world.forum_of(post).name}
    schema = {"type": "string", "format": "date"}
    return retrieve(slots, days[0].isoformat(), schema=schema, other=other.title)


@defined(
    "sealed_06",
    "Compare the best rated posts of all time of the forums {first}, {second} and {third}. "
    "What is the title of the one with the highest score?",
    "Of the all-time top posts in f/{first}, f/{second} and f/{third}, "
    "return the title of the post with the most points.",
    "Look at the top post of {first}, of {second} and of {third}. "
    "Which of these three posts scored highest? Return its title.",
    forks=3,
)
def _highest_of_three(world: ForumView, rng: Random) -> Goal:
    forums = world.several_forums(rng, 3)
    tops = [world.best(world.posts(forum), lambda row: row.net) for forum in forums]
    winner = world.best(tops, lambda row: row.net)
    names = [forum.name for forum in forums]
    slots = dict(zip(("first", "second", "third"), names, strict=True))
    rest = tuple(name for name, top in zip(names, tops, strict=True) if top is not winner)
    return retrieve(slots, winner.title, names=tuple(names), rest=rest)


@defined(
    "sealed_07",
    'How much money is mentioned in the text of the post "{title}" in the {forum} forum?',
    'The author of "{title}" in f/{forum} names an amount of dollars in the post. How much is it?',
    'Read the body of "{title}" ({forum} forum) and return the dollar amount that it states.',
)
def _amount_in_body(world: ForumView, rng: Random) -> Goal:
    def one_amount(title: str, body: str | None) -> bool:
        return len(_MONEY.findall(body or "")) == 1 and "$" not in title

    post = world.post(rng, lambda row: one_amount(row.title, row.body))
    other = world.post(rng, lambda row: one_amount(row.title, row.body))
    amounts = [_MONEY.findall(row.body or "")[0] for row in (post, other)]
    world.need(amounts[0] != amounts[1])
    return retrieve(
        {"title": post.title, "forum": world.forum_of(post).name},
        amounts[0],
        schema={"type": "number", "format": "currency"},
        other=other.title,
        other_forum=world.forum_of(other).name,
    )


@defined(
    "sealed_08",
    "List the titles of all posts by {user} that have more than {number} comments.",
    "Which submissions of the user {user} got more than {number} comments? Return their titles.",
    "Go through everything {user} has submitted and return the title of each post "
    "with over {number} comments.",
)
def _discussed_posts_of_user(world: ForumView, rng: Random) -> Goal:
    user = world.user(rng, lambda one: 3 <= len(world.posts_by(one)) <= 20)
    other = world.user(rng, lambda one: 3 <= len(world.posts_by(one)) <= 20)
    number = rng.randrange(1, 6)
    titles = [row.title for row in world.posts_by(user) if len(world.comments(row)) > number]
    world.need(0 < len(titles) < len(world.posts_by(user)) and user != other)
    world.need(len(set(titles)) == len(titles))
    slots = {"user": user.username, "number": str(number)}
    return retrieve(slots, *titles, other=other.username)


@defined(
    "sealed_09",
    "Which forum has the most subscribers? Return its name.",
    "Tell me the name of the forum on this site with the largest number of subscribers.",
    "Find the most subscribed forum and return what it is called (its short name).",
)
def _most_subscribed(world: ForumView, rng: Random) -> Goal:
    forum = world.best(world.forums, world.subscribers)
    rest = [one for one in world.forums if one is not forum]
    return retrieve({}, forum.name, decoy=rng.choice(rest).name)


@defined(
    "sealed_10",
    "List the usernames of everybody who replied directly to the newest post in {forum}.",
    "Which users left a top-level comment on the most recent submission of f/{forum}? "
    "Return each username once.",
    "Open the latest post of the {forum} forum and return the names of the users whose comments "
    "answer the post itself, not another comment.",
)
def _direct_commenters(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    found = []
    for one in (forum, other):
        rows = world.comments(world.posts(one)[0])
        direct = [world.author(row).username for row in rows if row.parent_id is None]
        found.append(list(dict.fromkeys(direct)))
    world.need(bool(found[0]) and bool(found[1]) and set(found[0]) != set(found[1]))
    return retrieve({"forum": forum.name}, *found[0], other=other.name)


DEFINITIONS: tuple[Definition[ForumView], ...] = (
    _sum_of_comments,
    _oldest_title,
    _most_active,
    _replier,
    _day_of_post,
    _highest_of_three,
    _amount_in_body,
    _discussed_posts_of_user,
    _most_subscribed,
    _direct_commenters,
)
