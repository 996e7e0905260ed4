"""A read-only view of a world in memory, for whoever computes tasks and answers from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from environment.sites.reddit.world.rows import (
    DEFAULT_USER,
    Comment,
    Forum,
    Message,
    Notification,
    Submission,
    User,
)

__all__ = ["WorldIndex"]

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldIndex:
    """Every row of a world by id and by what it belongs to; groups are in id order."""

    now: int
    """The present, in Unix seconds."""
    users: Mapping[int, User]
    forums: Mapping[int, Forum]
    submissions: Mapping[int, Submission]
    comments: Mapping[int, Comment]
    messages: Mapping[int, Message]
    threads: Mapping[int, tuple[int, int]]
    """Thread id to (sender id, receiver id)."""
    notifications: Mapping[int, Notification]
    subscriptions: Mapping[int, frozenset[int]]
    """User id to the ids of the forums the user is subscribed to."""
    submission_votes: Mapping[tuple[int, int], int]
    """(user id, submission id) to 1 or -1."""
    comment_votes: Mapping[tuple[int, int], int]
    submissions_of_forum: Mapping[int, tuple[Submission, ...]]
    submissions_of_user: Mapping[int, tuple[Submission, ...]]
    comments_of_submission: Mapping[int, tuple[Comment, ...]]
    comments_of_user: Mapping[int, tuple[Comment, ...]]
    replies_of_comment: Mapping[int, tuple[Comment, ...]]
    forum_by_name: Mapping[str, Forum]
    """Keys are lower-case names."""
    user_by_name: Mapping[str, User]
    """Keys are lower-case names."""

    @property
    def default_user(self) -> User:
        """The user whom the benchmark signs in."""
        return self.user_by_name[DEFAULT_USER.lower()]

    @classmethod
    def of(cls, snapshot: bytes) -> WorldIndex:
        """Reads a world.

        Args:
            snapshot: What `build_world` returned, or any later snapshot of it.
        """
        database = sqlite3.connect(":memory:")
        try:
            database.deserialize(snapshot)
            return _read(database)
        finally:
            database.close()


def _read(database: sqlite3.Connection) -> WorldIndex:
    def rows(table: str) -> list[tuple[int, ...]]:
        return database.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()

    users = [User._make(row) for row in rows("users")]
    forums = [Forum._make(row) for row in rows("forums")]
    submissions = [Submission._make(row) for row in rows("submissions")]
    comments = [Comment._make(row) for row in rows("comments")]
    now = database.execute("SELECT value FROM meta WHERE key = 'now'").fetchone()[0]
    forums_of_user: dict[int, set[int]] = {}
    for user, forum in rows("subscriptions"):
        forums_of_user.setdefault(user, set()).add(forum)
    return WorldIndex(
        now=int(now),
        users=_by(users, lambda row: row.id),
        forums=_by(forums, lambda row: row.id),
        submissions=_by(submissions, lambda row: row.id),
        comments=_by(comments, lambda row: row.id),
        messages=_by(map(Message._make, rows("messages")), lambda row: row.id),
        threads=MappingProxyType({row[0]: (row[1], row[2]) for row in rows("message_threads")}),
        notifications=_by(map(Notification._make, rows("notifications")), lambda row: row.id),
        subscriptions=MappingProxyType({u: frozenset(f) for u, f in forums_of_user.items()}),
        submission_votes=MappingProxyType({(u, s): c for u, s, c in rows("submission_votes")}),
        comment_votes=MappingProxyType({(u, s): c for u, s, c in rows("comment_votes")}),
        submissions_of_forum=_grouped(submissions, lambda row: row.forum_id),
        submissions_of_user=_grouped(submissions, lambda row: row.user_id),
        comments_of_submission=_grouped(comments, lambda row: row.submission_id),
        comments_of_user=_grouped(comments, lambda row: row.user_id),
        replies_of_comment=_grouped(
            (row for row in comments if row.parent_id is not None), lambda row: row.parent_id or 0
        ),
        forum_by_name=MappingProxyType({row.name.lower(): row for row in forums}),
        user_by_name=MappingProxyType({row.username.lower(): row for row in users}),
    )


def _by(rows: Iterable[_Row], key: Callable[[_Row], int]) -> Mapping[int, _Row]:
    return MappingProxyType({key(row): row for row in rows})


def _grouped(rows: Iterable[_Row], key: Callable[[_Row], int]) -> Mapping[int, tuple[_Row, ...]]:
    groups: dict[int, list[_Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return MappingProxyType({group: tuple(members) for group, members in groups.items()})
