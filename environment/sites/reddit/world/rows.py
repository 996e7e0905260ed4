"""The rows of a forum world, one type per table, fields in column order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = [
    "DEFAULT_PASSWORD",
    "DEFAULT_USER",
    "NOW",
    "Comment",
    "Draft",
    "Forum",
    "Message",
    "Notification",
    "Submission",
    "User",
]

DEFAULT_USER = "MarvelsGrantMan136"
"""The user whom the benchmark signs in."""
DEFAULT_PASSWORD = "test1234"
"""The benchmark's public password of its default user."""
NOW = 1_680_264_000
"""The present of every world in Unix seconds: 2023-03-31 12:00 UTC."""


class User(NamedTuple):
    """One account."""

    id: int
    username: str
    password: str
    biography: str
    created_at: int


class Forum(NamedTuple):
    """One forum; `name` stands in its path, `title` above its pages."""

    id: int
    name: str
    title: str
    description: str
    sidebar: str
    creator_id: int | None
    created_at: int


class Submission(NamedTuple):
    """One post: a link when `url` is set, else a text."""

    id: int
    forum_id: int
    user_id: int
    title: str
    url: str | None
    body: str | None
    created_at: int
    edited_at: int | None
    upvotes: int
    downvotes: int
    deleted: int

    @property
    def net(self) -> int:
        """Upvotes minus downvotes."""
        return self.upvotes - self.downvotes


class Comment(NamedTuple):
    """One comment; `parent_id` is `None` when it answers the submission itself."""

    id: int
    submission_id: int
    parent_id: int | None
    user_id: int
    body: str
    created_at: int
    edited_at: int | None
    upvotes: int
    downvotes: int
    deleted: int

    @property
    def net(self) -> int:
        """Upvotes minus downvotes."""
        return self.upvotes - self.downvotes


class Message(NamedTuple):
    """One private message of a thread."""

    id: int
    thread_id: int
    sender_id: int
    body: str
    created_at: int


class Notification(NamedTuple):
    """One inbox entry: a reply (`comment_id`) or a private message (`message_id`)."""

    id: int
    user_id: int
    comment_id: int | None
    message_id: int | None
    created_at: int
    seen: int


@dataclass(slots=True)
class Draft:
    """A world while it is being written: plain rows, table by table.

    `threads` holds (id, sender, receiver); votes hold (user, target, choice).
    """

    users: list[User] = field(default_factory=list)
    forums: list[Forum] = field(default_factory=list)
    subscriptions: list[tuple[int, int]] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    submission_votes: list[tuple[int, int, int]] = field(default_factory=list)
    comment_votes: list[tuple[int, int, int]] = field(default_factory=list)
    threads: list[tuple[int, int, int]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)

    def user_named(self, username: str) -> User:
        """Returns the account of a name, ignoring case.

        Raises:
            KeyError: There is no such account.
        """
        for user in self.users:
            if user.username.lower() == username.lower():
                return user
        raise KeyError(username)
