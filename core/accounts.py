"""Nested sub-budgets: what is held and spent in each scope of one ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Accounts", "Shortage"]

Scope = tuple[str, ...]
"""Path of a sub-budget, outermost first; the empty path is the whole."""


class Shortage(NamedTuple):
    """The outermost scope that cannot hold what is asked."""

    scope: Scope
    free: int
    cap: int


@dataclass(slots=True)
class _Account:
    cap: int | None
    """None: only the accounts above bind."""
    reserved: int = 0
    settled: int = 0


class Accounts:
    """Sums of micro-dollars for the whole and for each scope on the path of a spend."""

    def __init__(self, cap: int) -> None:
        """Opens the whole with its cap in micro-dollars."""
        self._accounts: dict[Scope, _Account] = {(): _Account(cap)}

    def set_cap(self, scope: Scope, cap: int | None) -> None:
        """Sets the cap of a scope."""
        self._of(scope).cap = cap

    def settled(self, scope: Scope = ()) -> int:
        """Returns what was spent in a scope; 0 in one that nothing was ever held in."""
        account = self._accounts.get(scope)
        return 0 if account is None else account.settled

    def reserved(self, scope: Scope = ()) -> int:
        """Returns what is held in a scope."""
        account = self._accounts.get(scope)
        return 0 if account is None else account.reserved

    def shortage(self, scope: Scope, asked: int) -> Shortage | None:
        """Returns the outermost scope on the path that lacks room, `None` when all have it."""
        for path in _paths(scope):
            account = self._of(path)
            if account.cap is not None:
                free = account.cap - account.reserved - account.settled
                if asked > free:
                    return Shortage(path, max(free, 0), account.cap)
        return None

    def hold(self, scope: Scope, amount: int) -> None:
        """Sets money aside in every scope on the path."""
        for path in _paths(scope):
            self._of(path).reserved += amount

    def release(self, scope: Scope, held: int, spent: int) -> None:
        """Ends a hold, in part or in whole as a spend."""
        for path in _paths(scope):
            account = self._of(path)
            account.reserved -= held
            account.settled += spent

    def _of(self, scope: Scope) -> _Account:
        return self._accounts.setdefault(scope, _Account(cap=None))


def _paths(scope: Scope) -> list[Scope]:
    return [scope[:depth] for depth in range(len(scope) + 1)]
