"""Writes a draft as the bytes of one small SQLite database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from importlib.resources import files
from operator import itemgetter

from environment.sites.reddit.world.rows import NOW, Draft

__all__ = ["PAGE_SIZE", "to_bytes"]

PAGE_SIZE = 2048
"""Bytes per database page: small enough that half-empty pages of small tables cost little."""


_ID = itemgetter(0)


def to_bytes(draft: Draft) -> bytes:
    """Returns the database of a draft; equal drafts give equal bytes."""
    database = sqlite3.connect(":memory:")
    try:
        database.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        database.executescript(files("environment.sites.reddit").joinpath("schema.sql").read_text())
        with database:
            _insert(database, "meta", 2, [("now", str(NOW))])
            for table, width, rows in _tables(draft):
                _insert(database, table, width, rows)
        database.execute("VACUUM")
        return database.serialize()
    finally:
        database.close()


def _tables(draft: Draft) -> Iterable[tuple[str, int, Sequence[tuple[object, ...]]]]:
    """Yields table name, number of columns and rows in primary-key order."""
    yield "users", 5, sorted(draft.users)
    yield "forums", 7, sorted(draft.forums)
    yield "subscriptions", 2, sorted(draft.subscriptions)
    yield "submissions", 11, sorted(draft.submissions, key=_ID)
    yield "comments", 10, sorted(draft.comments, key=_ID)
    yield "submission_votes", 3, sorted(draft.submission_votes)
    yield "comment_votes", 3, sorted(draft.comment_votes)
    yield "message_threads", 3, sorted(draft.threads)
    yield "messages", 5, sorted(draft.messages)
    yield "notifications", 6, sorted(draft.notifications, key=_ID)


def _insert(
    database: sqlite3.Connection, table: str, width: int, rows: Sequence[tuple[object, ...]]
) -> None:
    places = ", ".join("?" * width)
    database.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
