"""Sealed definitions whose goal cannot be reached."""

from __future__ import annotations

from random import Random

from core.tasks import ResponseStatus, TaskType
from environment.tasks.reddit import words
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition, Goal, defined, refuse

__all__ = ["DEFINITIONS"]


@defined(
    "sealed_24",
    'Reply "{text}" to the comment by {user} on the post "{title}" in the {forum} forum.',
    'In f/{forum}, under "{title}", answer what {user} commented with "{text}".',
    '{user} commented on "{title}" in {forum}. Reply to it: "{text}".',
)
def _reply_to_absent(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng, lambda row: len(world.comments(row)) >= 2)
    writers = {row.user_id for row in world.comments(post)} | {post.user_id}
    user = world.user(rng, lambda one: one.id not in writers)
    slots = {
        "text": words.remark(rng),
        "user": user.username,
        "title": post.title,
        "forum": world.forum_of(post).name,
    }
    return refuse(slots, ResponseStatus.NOT_FOUND_ERROR, TaskType.MUTATE)


@defined(
    "sealed_25",
    'Change the biography of {user} to "{text}".',
    'Set the bio on the profile of the user {user} to "{text}".',
    'On {user}\'s profile page, edit the biography so that it says "{text}".',
)
def _biography_of_other(world: ForumView, rng: Random) -> Goal:
    slots = {"user": world.user(rng).username, "text": words.biography(rng)}
    return refuse(slots, ResponseStatus.PERMISSION_DENIED_ERROR, TaskType.MUTATE)


@defined(
    "sealed_26",
    'Pin the post "{title}" to the top of the {forum} forum.',
    'Make "{title}" a sticky post in f/{forum}, so that it always comes first.',
    'In the {forum} forum, fix the submission "{title}" at the top of the list.',
)
def _pin_post(world: ForumView, rng: Random) -> Goal:
    post = world.post(rng)
    slots = {"title": post.title, "forum": world.forum_of(post).name}
    return refuse(slots, ResponseStatus.ACTION_NOT_ALLOWED_ERROR, TaskType.MUTATE)


DEFINITIONS: tuple[Definition[ForumView], ...] = (
    _reply_to_absent,
    _biography_of_other,
    _pin_post,
)
