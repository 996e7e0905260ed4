"""Open definitions that want data from one place."""

from __future__ import annotations

from collections import Counter
from random import Random

from environment.sites.reddit.world.rows import Submission
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition, Goal, defined, retrieve

__all__ = ["DEFINITIONS"]


@defined(
    "newest_author",
    "Who wrote the newest post in the {forum} forum?",
    "Return the username of the author of the most recent submission in f/{forum}.",
    "Which user posted last in {forum}?",
)
def _newest_author(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    authors = [world.author(world.posts(one)[0]).username for one in (forum, other)]
    world.need(authors[0] != authors[1])
    return retrieve({"forum": forum.name}, authors[0], other=other.name)


@defined(
    "newest_comment_count",
    "How many comments does the newest post in {forum} have?",
    "Get the number of comments on the most recent submission of the {forum} forum.",
    "Count the comments on the latest post in f/{forum}.",
)
def _newest_comment_count(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    counts = [len(world.comments(world.posts(one)[0])) for one in (forum, other)]
    world.need(counts[0] > 0 and counts[0] != counts[1])
    return retrieve({"forum": forum.name}, counts[0], schema="number", other=other.name)


@defined(
    "top_title",
    "What is the title of the top post of all time in {forum}?",
    "Return the title of the highest scored submission in the {forum} forum.",
    "Which post in f/{forum} has the most points? Give me its title.",
)
def _top_title(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    top = world.best(world.posts(forum), lambda row: row.net)
    return retrieve({"forum": forum.name}, top.title, other=other.name)


@defined(
    "author_of_title",
    'Who posted "{title}" in the {forum} forum?',
    'Find the submission "{title}" in f/{forum} and return the username of its author.',
    'Which user is the author of the post "{title}" ({forum} forum)?',
)
def _author_of_title(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng)
    other = world.neighbour(rng, post)
    slots = {"title": post.title, "forum": world.forum_of(post).name}
    return retrieve(slots, world.author(post).username, other=other.title)


@defined(
    "posts_of_user_in_forum",
    "How many posts has {user} submitted to the {forum} forum?",
    "Count the submissions of the user {user} in f/{forum}.",
    "In {forum}, how many of the posts are by {user}?",
)
def _posts_of_user_in_forum(world: ForumView, rng: Random) -> Goal:
    forum, wanted = world.forum(rng), rng.randrange(1, 5)
    writers = [world.author(row).username for row in world.posts(forum)]
    counts = Counter(name for name in writers if name != world.me.username)
    user = rng.choice(world.some(sorted(name for name, n in counts.items() if n == wanted)))
    others = sorted(name for name, n in counts.items() if n != wanted)
    return retrieve(
        {"user": user, "forum": forum.name},
        wanted,
        schema="number",
        other=rng.choice(world.some(others)),
    )


@defined(
    "author_of_comment",
    'Who wrote the comment "{text}" on the post "{title}" in {forum}?',
    'In the {forum} forum, under "{title}", somebody commented "{text}". Return the username.',
    'Find the author of the comment that says "{text}" in the thread "{title}" of f/{forum}.',
)
def _author_of_comment(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng, lambda row: len(world.comments(row)) >= 3)
    rows = world.comments(post)
    texts = [row.body for row in rows]
    plain = [row for row in rows if texts.count(row.body) == 1 and world.plain(row.body)]
    comment = rng.choice(world.some(plain))
    others = [row.body for row in plain if row.user_id != comment.user_id]
    slots = {
        "text": comment.body,
        "title": post.title,
        "forum": world.forum_of(post).name,
    }
    other = rng.choice(world.some(others))
    return retrieve(slots, world.author(comment).username, other=other)


@defined(
    "subscriber_count",
    "How many subscribers does the {forum} forum have?",
    "Return the number of subscribers of f/{forum}.",
    "Tell me how many users are subscribed to {forum}.",
)
def _subscriber_count(world: ForumView, rng: Random) -> Goal:
    forum, other = world.several_forums(rng, 2)
    counts = [world.subscribers(one) for one in (forum, other)]
    world.need(counts[0] != counts[1] and counts[0] > 0)
    return retrieve({"forum": forum.name}, counts[0], schema="number", other=other.name)


@defined(
    "biography_of_user",
    "What does the biography of {user} say?",
    "Return the text of {user}'s bio.",
    "Look up the profile of the user {user} and give me the biography written there.",
)
def _biography_of_user(world: ForumView, rng: Random) -> Goal:
    user = world.user(rng, lambda one: world.plain(one.biography))
    other = world.user(rng, lambda one: bool(one.biography))
    world.need(user.biography != other.biography)
    return retrieve({"user": user.username}, user.biography, other=other.username)


@defined(
    "link_of_post",
    'Which address does the post "{title}" in {forum} link to?',
    'Return the URL that the submission "{title}" in the {forum} forum points to.',
    'The post "{title}" in f/{forum} is a link. Give me the link.',
)
def _link_of_post(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng, lambda row: (row.url or "").startswith("http"))
    rows = world.posts(world.forum_of(post))
    links = [row for row in rows if (row.url or "").startswith("http") and row.url != post.url]
    slots = {"title": post.title, "forum": world.forum_of(post).name}
    other = rng.choice(world.some(links)).title
    return retrieve(slots, post.url, other=other)


@defined(
    "disliked_comments",
    'How many comments on the post "{title}" in {forum} have more downvotes than upvotes?',
    'Count the comments with a negative score under "{title}" in the {forum} forum.',
    'In f/{forum}, how many replies in the thread "{title}" are below zero points?',
)
def _disliked_comments(world: ForumView, rng: Random) -> Goal:
    def disliked(row: Submission) -> int:
        return sum(one.net < 0 for one in world.comments(row))

    wanted = rng.randrange(1, 4)
    post = world.post(rng, lambda row: disliked(row) == wanted)
    other = world.neighbour(rng, post)
    world.need(disliked(other) != wanted)
    slots = {"title": post.title, "forum": world.forum_of(post).name}
    return retrieve(slots, wanted, schema="number", other=other.title)


@defined(
    "last_message",
    "What does the last message in my conversation with {user} say?",
    "Return the text of the newest private message between me and {user}.",
    "Open my message thread with {user} and give me the most recent message in it.",
)
def _last_message(world: ForumView, rng: Random) -> Goal:
    threads = {
        thread: next(user for user in pair if user != world.me.id)
        for thread, pair in world.index.threads.items()
        if world.me.id in pair
    }
    thread, other = rng.sample(world.some(sorted(threads), 2), 2)
    messages = [row for row in world.index.messages.values() if row.thread_id == thread]
    last = max(messages, key=lambda row: row.created_at)
    world.need(world.plain(last.body))
    user, decoy = (world.index.users[threads[one]].username for one in (thread, other))
    return retrieve({"user": user}, last.body, other=decoy)


DEFINITIONS: tuple[Definition[ForumView], ...] = (
    _newest_author,
    _newest_comment_count,
    _top_title,
    _author_of_title,
    _posts_of_user_in_forum,
    _author_of_comment,
    _subscriber_count,
    _biography_of_user,
    _link_of_post,
    _disliked_comments,
    _last_message,
)
