"""The effect of an episode: the difference between two states of a world, in canonical form.

Two episodes that do the same thing have equal effects although they made their rows at other times
and under other ids:

* the id of a new row is dropped, and a column that points to a new row holds that row's content;
* moments (`*_at`) are reduced to whether they are set;
* runs of white space in text count as one space;
* the address of a site in text is its placeholder (`__REDDIT__`).

An effect is a multiset of changes, so order does not matter and doing a thing twice does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from core.tasks import placeholder
from environment.judge.rules import SiteRules, rules_of
from environment.sites.changes import Row, TableChanges
from environment.trace import MASK

__all__ = [
    "ANYTHING",
    "Change",
    "Changes",
    "Difference",
    "Effect",
    "difference",
    "effect_of",
    "ids_made",
]

Changes = Mapping[str, Mapping[str, TableChanges]]
"""Site name to table name to the rows that differ from the fresh world."""

_Value = str | int | float | None | tuple[object, ...]

ANYTHING = "(anything)"
"""Stands for the value of a column that a task leaves free."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row inserted, deleted or updated."""

    kind: str
    """`inserted`, `deleted` or `updated`."""
    table: str
    """`site.table`."""
    key: tuple[_Value, ...]
    """Primary key of an old row; empty for a new one."""
    content: tuple[tuple[str, _Value], ...]
    """Columns by name: all of a new row, the changed ones of an updated row."""

    def __str__(self) -> str:
        """Says the change for people, values cut at 60 characters, passwords masked."""
        columns = ", ".join(f"{name}={_shown(name, value)!r}" for name, value in self.content)
        key = f" {'/'.join(str(part) for part in self.key)}" if self.key else ""
        return f"{self.kind} {self.table}{key}({columns})"


Effect = Counter[Change]
"""What an episode did to its worlds."""


def _shown(column: str, value: _Value) -> str:
    return MASK if "password" in column else str(value)[:60]


class Difference(NamedTuple):
    """How an effect departs from the one that was wanted."""

    missing: tuple[Change, ...]
    extra: tuple[Change, ...]


def effect_of(
    changes: Changes, *, base_urls: Mapping[str, str], free: Iterable[str] = ()
) -> Effect:
    """Returns the canonical form of what an episode changed.

    Args:
        changes: Rows that differ from the fresh worlds.
        base_urls: Site name to scheme and host in this episode.
        free: `site.table.column`s whose value a task leaves open; it is not compared.
    """
    text = _Text(base_urls, frozenset(free))
    effect: Effect = Counter()
    for site, tables in changes.items():
        rules = rules_of(site)
        edits = {
            name: _edit(rows) for name, rows in tables.items() if name not in rules.bookkeeping
        }
        effect.update(_Canonical(site, rules, edits, text).changes())
    return effect


def ids_made(changes: Changes) -> frozenset[str]:
    """Returns the ids, as text, of the rows that an episode made."""
    return frozenset(
        str(row["id"])
        for tables in changes.values()
        for rows in tables.values()
        for row in _edit(rows).inserted
        if "id" in row
    )


def difference(actual: Effect, wanted: Effect) -> Difference:
    """Returns what is missing from an effect and what is too much in it."""
    return Difference(
        missing=tuple((wanted - actual).elements()), extra=tuple((actual - wanted).elements())
    )


class _Edit(NamedTuple):
    inserted: tuple[Row, ...]
    deleted: tuple[Row, ...]
    updated: tuple[tuple[Row, Row], ...]


def _edit(changes: TableChanges) -> _Edit:
    old = {_key(row): row for row in changes.before}
    new = {_key(row): row for row in changes.after}
    return _Edit(
        inserted=tuple(row for key, row in new.items() if key not in old),
        deleted=tuple(row for key, row in old.items() if key not in new),
        updated=tuple((old[key], row) for key, row in new.items() if key in old),
    )


def _key(row: Row) -> tuple[_Value, ...]:
    """The primary key: `id` where there is one, else every reference in the row."""
    if "id" in row:
        return (row["id"],)
    return tuple(value for name, value in row.items() if name.endswith("_id"))


@dataclass(frozen=True, slots=True)
class _Text:
    """What is no part of a text: how it is spaced, and under which address a site runs."""

    base_urls: Mapping[str, str]
    free: frozenset[str]

    def plain(self, text: str) -> str:
        for site, url in self.base_urls.items():
            text = text.replace(url, placeholder(site))
        return " ".join(text.split())


class _Canonical:
    """Gives the edits of one site their canonical form."""

    def __init__(
        self, site: str, rules: SiteRules, edits: Mapping[str, _Edit], text: _Text
    ) -> None:
        self._site = site
        self._rules = rules
        self._edits = edits
        self._text = text
        self._new = {
            name: {row["id"]: row for row in edit.inserted if "id" in row}
            for name, edit in edits.items()
        }

    def changes(self) -> Iterable[Change]:
        for name, edit in self._edits.items():
            table = f"{self._site}.{name}"
            for row in edit.inserted:
                yield Change("inserted", table, (), self._content(name, row, depth=0))
            for row in edit.deleted:
                yield Change("deleted", table, _key(row), ())
            for old, new in edit.updated:
                changed = {key: value for key, value in new.items() if old.get(key) != value}
                content = self._content(name, changed, depth=0)
                if content:
                    yield Change("updated", table, _key(old), content)

    def _content(self, table: str, row: Row, *, depth: int) -> tuple[tuple[str, _Value], ...]:
        skipped = self._rules.bookkeeping
        return tuple(
            (name, self._value(table, name, row[name], depth))
            for name in sorted(row)
            if name != "id" and f"{table}.{name}" not in skipped
        )

    def _value(
        self, table: str, column: str, value: str | int | float | None, depth: int
    ) -> _Value:
        if f"{self._site}.{table}.{column}" in self._text.free:
            return ANYTHING
        if column.endswith("_at"):
            return None if value is None else "(a moment)"
        target = self._rules.references.get(column)
        made = self._new.get(target, {}).get(value) if target else None
        # A row is deeper than what it points to; the bound only guards against a cycle.
        if target is not None and made is not None and depth < 8:
            return (f"new {target}", self._content(target, made, depth=depth + 1))
        return self._text.plain(value) if isinstance(value, str) else value
