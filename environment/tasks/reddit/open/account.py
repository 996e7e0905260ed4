"""Open definitions about one's own account, other users and forums."""

from __future__ import annotations

from random import Random

from environment.tasks.reddit import checks, words
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition, Goal, defined, mutate

__all__ = ["DEFINITIONS"]


@defined(
    "change_biography",
    'Change my bio to "{text}".',
    'Set my biography to "{text}".',
    'My profile should say "{text}" about me. Update the biography.',
)
def _change_biography(world: ForumView, rng: Random) -> Goal:
    text = words.biography(rng)
    return mutate({"text": text}, checks.biography_changed(world.me.username, text))


@defined(
    "send_message",
    'Send a private message to {user}: "{text}".',
    'Write "{text}" to the user {user} in a new private message.',
    'Message {user} with the text "{text}".',
)
def _send_message(world: ForumView, rng: Random) -> Goal:
    partners = {user for pair in world.index.threads.values() for user in pair}
    user, other = (world.user(rng, lambda one: one.id not in partners) for _ in range(2))
    world.need(user != other)
    text = words.message(rng)
    return mutate(
        {"user": user.username, "text": text},
        checks.message_sent(user.username, text),
        other=other.username,
    )


@defined(
    "block_user",
    "Block the user {user}.",
    "I do not want to see anything from {user} any more. Block this user.",
    "Put {user} on my block list.",
)
def _block_user(world: ForumView, rng: Random) -> Goal:
    user, other = world.user(rng), world.user(rng)
    world.need(user != other)
    return mutate({"user": user.username}, checks.user_blocked(user.username), other=other.username)


@defined(
    "create_forum",
    'Create a new forum with the name and title "{name}", the description "{description}" and the '
    'sidebar "{sidebar}".',
    'Start a forum. Its name and its title are "{name}", its description is "{description}" and '
    'its sidebar says "{sidebar}".',
    'Make the forum "{name}" (use this as name and as title) with description "{description}" and '
    'sidebar "{sidebar}".',
)
def _create_forum(world: ForumView, rng: Random) -> Goal:
    name, description, sidebar = words.forum_name(rng), words.biography(rng), words.sidebar(rng)
    world.need(name.lower() not in world.index.forum_by_name)
    return mutate(
        {"name": name, "description": description, "sidebar": sidebar},
        checks.forum_created(name, name, description, sidebar),
        other=f"{name}x",
    )


@defined(
    "biography_and_message",
    'Change my biography to "{bio}" and send {user} the private message "{text}".',
    'Send the message "{text}" to {user}. Also set my bio to "{bio}".',
    'Two things: my profile text becomes "{bio}", and {user} gets a private message: "{text}".',
    forks=2,
)
def _biography_and_message(world: ForumView, rng: Random) -> Goal:
    partners = {user for pair in world.index.threads.values() for user in pair}
    user, other = (world.user(rng, lambda one: one.id not in partners) for _ in range(2))
    world.need(user != other)
    bio, text = words.biography(rng), words.message(rng)
    return mutate(
        {"user": user.username, "bio": bio, "text": text},
        checks.biography_changed(world.me.username, bio),
        checks.message_sent(user.username, text),
        other=other.username,
    )


DEFINITIONS: tuple[Definition[ForumView], ...] = (
    _change_biography,
    _send_message,
    _block_user,
    _create_forum,
    _biography_and_message,
)
