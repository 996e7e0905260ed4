"""Open definitions whose goal cannot be reached."""

from __future__ import annotations

from random import Random

from core.tasks import ResponseStatus, TaskType
from environment.tasks.reddit import words
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition, Goal, defined, refuse

__all__ = ["DEFINITIONS"]


@defined(
    "like_absent_posts",
    "Like all submissions created by {user} in the {forum} forum.",
    "Upvote every post that {user} has made in f/{forum}.",
    "Give an upvote to each of {user}'s posts in {forum}.",
)
def _like_absent_posts(world: ForumView, rng: Random) -> Goal:
    forum = world.forum(rng)
    writers = {row.user_id for row in world.posts(forum)}
    user = world.user(rng, lambda one: one.id not in writers)
    slots = {"user": user.username, "forum": forum.name}
    return refuse(slots, ResponseStatus.NOT_FOUND_ERROR, TaskType.MUTATE)


@defined(
    "newest_in_missing_forum",
    "Who wrote the newest post in the {forum} forum?",
    "Return the username of the author of the most recent submission in f/{forum}.",
    "Which user posted last in {forum}?",
)
def _newest_in_missing_forum(world: ForumView, rng: Random) -> Goal:
    return refuse(
        {"forum": world.missing_forum(rng)}, ResponseStatus.NOT_FOUND_ERROR, TaskType.RETRIEVE
    )


@defined(
    "message_missing_user",
    'Send a private message to {user}: "{text}".',
    'Write "{text}" to the user {user} in a new private message.',
    'Message {user} with the text "{text}".',
)
def _message_missing_user(world: ForumView, rng: Random) -> Goal:
    slots = {"user": world.missing_user(rng), "text": words.message(rng)}
    return refuse(slots, ResponseStatus.NOT_FOUND_ERROR, TaskType.MUTATE)


@defined(
    "edit_foreign_post",
    'Edit the post "{title}" by {user} in {forum}: its text should be "{text}".',
    'Replace the body of {user}\'s submission "{title}" in f/{forum} by "{text}".',
    'Change what {user} wrote in "{title}" ({forum} forum) to "{text}".',
)
def _edit_foreign_post(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng)
    slots = {
        "title": post.title,
        "user": world.author(post).username,
        "forum": world.forum_of(post).name,
        "text": words.paragraph(rng),
    }
    return refuse(slots, ResponseStatus.PERMISSION_DENIED_ERROR, TaskType.MUTATE)


@defined(
    "follow_user",
    "Follow the user {user}.",
    "Become a follower of {user}, so that I hear about every new post.",
    "Add {user} to the users whom I follow.",
)
def _follow_user(world: ForumView, rng: Random) -> Goal:
    slots = {"user": world.user(rng).username}
    return refuse(slots, ResponseStatus.ACTION_NOT_ALLOWED_ERROR, TaskType.MUTATE)


DEFINITIONS: tuple[Definition[ForumView], ...] = (
    _like_absent_posts,
    _newest_in_missing_forum,
    _message_missing_user,
    _edit_foreign_post,
    _follow_user,
)
