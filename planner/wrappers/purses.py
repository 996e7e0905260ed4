"""A purse on a ledger of this process.

A ledger has no lock, so all purses on one ledger must share one: take further purses from the
first one by `for_holder`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.budget import BudgetTracker, Refused
from planner.providers.contract import Purse

__all__ = ["LedgerPurse", "MeteredPurse"]


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPurse:
    """Implements `Purse` with a `BudgetTracker`; safe for many threads.

    Example:
        >>> purse = LedgerPurse(tracker=BudgetTracker(0.01), holder="planner")
        >>> purse.reserve("a", 8_000)
        ''
        >>> purse.reserve("b", 8_000)
        'episode has 2000 of 10000 micro-dollars left'
    """

    tracker: BudgetTracker
    holder: str
    """Who spends: what it holds is settled at its bound when it is lost."""
    scope: tuple[str, ...] = ()
    lease_ms: int = 180_000
    """Longer than any single call may take."""
    now_ms: Callable[[], int] = _now_ms
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def for_holder(self, holder: str, *scope: str) -> LedgerPurse:
        """Returns a purse of another holder on the same ledger, under the same lock."""
        return replace(self, holder=holder, scope=scope)

    def reserve(self, request: str, upper_bound: int) -> str:
        """Sets money aside; returns why not, or an empty text."""
        with self.lock:
            answer = self.tracker.reserve(
                request,
                upper_bound,
                holder=self.holder,
                scope=self.scope,
                now_ms=self.now_ms(),
                lease_ms=self.lease_ms,
            )
        return answer.reason if isinstance(answer, Refused) else ""

    def settle(self, request: str, actual: int) -> None:
        """Spends what was reserved and frees the rest."""
        with self.lock:
            self.tracker.settle(request, actual)

    def refund(self, request: str) -> None:
        """Gives a reservation back."""
        with self.lock:
            self.tracker.refund(request)


@dataclass(slots=True)
class MeteredPurse:
    """A purse that adds up what was spent through it; safe where its inner purse is."""

    inner: Purse
    spent: int = 0
    """Micro-dollars settled."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def reserve(self, request: str, upper_bound: int) -> str:
        """As the inner purse."""
        return self.inner.reserve(request, upper_bound)

    def settle(self, request: str, actual: int) -> None:
        """As the inner purse, and adds it up."""
        self.inner.settle(request, actual)
        with self._lock:
            self.spent += actual

    def refund(self, request: str) -> None:
        """As the inner purse."""
        self.inner.refund(request)
