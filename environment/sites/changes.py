"""Which rows of a running world differ from the snapshot that it started as.

The comparison runs inside SQLite and looks at written tables only, so that judging an episode does
not read a whole world.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Row", "TableChanges", "changed_rows"]

Row = Mapping[str, str | int | float | None]
"""One table row, column name to value."""


class TableChanges(NamedTuple):
    """The rows of one table that differ, as they were and as they are, in primary-key order.

    A row that was changed is in both; a new one in `after` only, one that is gone in `before` only.
    """

    before: tuple[Row, ...]
    after: tuple[Row, ...]


def changed_rows(
    connection: sqlite3.Connection, snapshot: bytes, keys: Mapping[str, str]
) -> dict[str, TableChanges]:
    """Compares tables with the snapshot; those without a difference are left out.

    Args:
        connection: The running world, in autocommit mode and outside of a transaction.
        snapshot: What it started as, with the same schema.
        keys: Table name to its primary-key columns, separated by commas.
    """
    if not keys:
        return {}
    connection.execute("ATTACH ':memory:' AS fresh")
    try:
        connection.deserialize(snapshot, name="fresh")
        compared = {
            table: TableChanges(
                before=_differing(connection, "fresh", "main", table, key),
                after=_differing(connection, "main", "fresh", table, key),
            )
            for table, key in keys.items()
        }
    finally:
        connection.execute("DETACH fresh")
    return {table: changes for table, changes in compared.items() if changes != ((), ())}


def _differing(
    connection: sqlite3.Connection, here: str, there: str, table: str, key: str
) -> tuple[Row, ...]:
    """Returns the rows of a table here that are not the same there."""
    columns = [row[1] for row in connection.execute(f"PRAGMA {here}.table_info({table})")]
    names = [name.strip() for name in key.split(",")]
    same_key = " AND ".join(f"b.{name} = a.{name}" for name in names)
    same_row = " AND ".join(f"b.{name} IS a.{name}" for name in columns)
    order = ", ".join(f"a.{name}" for name in names)
    found = connection.execute(
        f"SELECT a.* FROM {here}.{table} a LEFT JOIN {there}.{table} b ON {same_key}"
        f" WHERE NOT ({same_row}) OR b.{names[0]} IS NULL ORDER BY {order}"
    ).fetchall()
    return tuple(dict(zip(columns, record, strict=True)) for record in found)
