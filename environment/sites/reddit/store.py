"""One running world: a private database, its clock and a record of which tables were written."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache

from environment.sites.changes import changed_rows
from environment.sites.contract import Row, TableChanges
from environment.sites.reddit.rankings import ensure_rankings, rerank

__all__ = ["EFFECT_TABLES", "Record", "Store", "Value"]

Value = str | int | float | None
Record = tuple[Value, ...]

EFFECT_TABLES: Mapping[str, str] = {
    "users": "id",
    "forums": "id",
    "subscriptions": "user_id, forum_id",
    "submissions": "id",
    "comments": "id",
    "submission_votes": "user_id, submission_id",
    "comment_votes": "user_id, comment_id",
    "message_threads": "id",
    "messages": "id",
    "notifications": "id",
    "blocks": "user_id, blocked_id",
}
"""The tables that an effect can be seen in, with their primary keys."""


_MOST_ANSWERS = 48
"""Answers that a world remembers, a few pages' worth."""


class Store:
    """A private copy of a snapshot.

    Reads return plain tuples, in lists that must not be changed: a question asked again before the
    next write gets the same one. Writes happen inside `change`, which is one transaction and moves
    the world's clock on by one second; the wall clock is never read.
    """

    def __init__(self, snapshot: bytes) -> None:
        self.snapshot = snapshot
        self.written: set[str] = set()
        """Tables written since the snapshot."""
        self.num_changes = 0
        """Writes and transactions since the snapshot."""
        self._connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False, cached_statements=256
        )
        self._connection.deserialize(snapshot)
        ensure_rankings(self._connection)
        self._answers: dict[tuple[str, tuple[Value, ...]], list[Record]] = {}
        self.now = self._clock()
        """The world's present, in Unix seconds."""

    def rows(self, sql: str, *values: Value) -> list[Record]:
        """Returns all rows of a query."""
        key = sql, values
        answer = self._answers.get(key)
        if answer is None:
            answer = self._connection.execute(sql, values).fetchall()
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            self._answers[key] = answer
        return answer

    def row(self, sql: str, *values: Value) -> Record | None:
        """Returns the first row of a query, `None` when there is none."""
        found = self.rows(sql, *values)
        return found[0] if found else None

    def number(self, sql: str, *values: Value) -> int:
        """Returns the single integer that a query gives, 0 when it gives none."""
        found = self.row(sql, *values)
        return int(found[0] or 0) if found is not None else 0

    @contextmanager
    def change(self) -> Iterator[int]:
        """Opens a transaction and yields its time, one second after the present.

        A failure inside leaves the world and its clock as they were.
        """
        later = self.now + 1
        self.num_changes += 1
        self._connection.execute("BEGIN")
        try:
            self._connection.execute("UPDATE meta SET value = ? WHERE key = 'now'", (str(later),))
            yield later
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        finally:
            self._answers.clear()
        self._connection.execute("COMMIT")
        self.now = later

    def write(self, table: str, sql: str, *values: Value) -> int:
        """Runs one statement that writes a table and returns the id of the last row inserted."""
        self.written.add(table)
        self.num_changes += 1
        self._answers.clear()
        return self._connection.execute(sql, values).lastrowid or 0

    def rerank(self, submission_id: int) -> None:
        """Must follow, in its transaction, a change of a submission's votes, comments or life."""
        self._answers.clear()
        rerank(self._connection, submission_id)

    def tables(self) -> Mapping[str, Sequence[Row]]:
        """Returns the rows of every table in `EFFECT_TABLES`, in primary-key order.

        Tables that were not written are shared between the worlds of one snapshot.
        """
        fresh = {
            name: _read(self._connection, name) for name in EFFECT_TABLES if name in self.written
        }
        return {**_tables_of(self.snapshot), **fresh} if len(fresh) < len(EFFECT_TABLES) else fresh

    def changes(self) -> Mapping[str, TableChanges]:
        """Returns the rows of written tables that differ from the snapshot."""
        written = {name: key for name, key in EFFECT_TABLES.items() if name in self.written}
        return changed_rows(self._connection, self.snapshot, written)

    def digest(self) -> str:
        """Returns a hash of `tables()`."""
        whole = hashlib.sha256()
        original = _digests_of(self.snapshot)
        for name in EFFECT_TABLES:
            changed = name in self.written
            whole.update(_hash(_read(self._connection, name)) if changed else original[name])
        return whole.hexdigest()

    def close(self) -> None:
        """Frees the database."""
        self._connection.close()

    def _clock(self) -> int:
        now = self.row("SELECT value FROM meta WHERE key = 'now'")
        if now is None:
            raise ValueError("the snapshot has no meta('now'), so the world has no present")
        return int(now[0] or 0)


def _read(connection: sqlite3.Connection, table: str) -> tuple[Row, ...]:
    cursor = connection.execute(f"SELECT * FROM {table} ORDER BY {EFFECT_TABLES[table]}")
    names = [column[0] for column in cursor.description]
    return tuple(dict(zip(names, record, strict=True)) for record in cursor)


def _hash(rows: Sequence[Row]) -> bytes:
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).digest()


@lru_cache(maxsize=4)
def _tables_of(snapshot: bytes) -> Mapping[str, Sequence[Row]]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(snapshot)
        return {name: _read(connection, name) for name in EFFECT_TABLES}
    finally:
        connection.close()


@lru_cache(maxsize=16)
def _digests_of(snapshot: bytes) -> Mapping[str, bytes]:
    return {name: _hash(rows) for name, rows in _tables_of(snapshot).items()}
