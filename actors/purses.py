"""How whoever asks a model pays for it: from the episode's own ledger, before it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from actors.messages import Claim, MoneyMoved, MoveMoney, Settlement
from core.budget import BudgetTracker, Refused
from core.errors import LedgerUnavailableError

__all__ = ["PLANNER", "DistantPurse", "LedgerPurse", "Spender"]

_WAIT_S = 30.0
_LEASE_MS = 180_000
"""Longer than any call of a model may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spender:
    """In whose name a purse reserves."""

    holder: str
    """What it has open is settled at its bound when it is lost."""
    scope: tuple[str, ...] = ()
    """Sub-budgets that its spends count in, outermost first."""
    outer_cap: int | None = None
    """Micro-dollars that the outermost of these may hold; `None`: the caps above bind."""


PLANNER = Spender(holder="planner")
"""Plans are paid by the whole episode."""


class _MoneyPort(Protocol):
    async def move(self, asked: MoveMoney) -> MoneyMoved: ...


class LedgerPurse:
    """Implements `planner.providers.contract.Purse` over a ledger of this process."""

    def __init__(self, ledger: BudgetTracker, prefix: str, spender: Spender = PLANNER) -> None:
        """Takes a ledger.

        Args:
            ledger: The episode's.
            prefix: Put before the ids of requests, so that they are unique in the ledger.
            spender: In whose name.
        """
        self._ledger = ledger
        self._prefix = prefix
        self._spender = spender
        self.spent = 0
        """Micro-dollars settled through this purse."""

    def reserve(self, request: str, upper_bound: int) -> str:
        """Sets micro-dollars aside; returns why it was refused, empty when it was granted."""
        answer = self._ledger.reserve(
            self._prefix + request,
            upper_bound,
            holder=self._spender.holder,
            scope=self._spender.scope,
        )
        return answer.reason if isinstance(answer, Refused) else ""

    def settle(self, request: str, actual: int) -> None:
        """Turns what was reserved into a spend and frees the rest."""
        self._ledger.settle(self._prefix + request, actual)
        self.spent += actual

    def refund(self, request: str) -> None:
        """Gives a reservation back: nothing was sent."""
        self._ledger.refund(self._prefix + request)


class DistantPurse:
    """The same over a budget tracker in another process; for use in a thread, since it waits.

    When the tracker does not answer, nothing may be spent: a reservation is refused.
    """

    def __init__(
        self,
        money: _MoneyPort,
        episode: str,
        prefix: str,
        loop: asyncio.AbstractEventLoop,
        *,
        spender: Spender = PLANNER,
        carry: Callable[[], tuple[Settlement, ...]] = tuple,
    ) -> None:
        """Takes the budget tracker.

        Args:
            money: Whom to ask.
            episode: Whose ledger.
            prefix: Put before the ids of requests.
            loop: The running loop on which asking happens.
            spender: In whose name.
            carry: Gives settlements that wait; they travel with the next reservation, so that what
                a step no longer needs is free before a model is paid.
        """
        self._money = money
        self._episode = episode
        self._prefix = prefix
        self._loop = loop
        self._spender = spender
        self._carry = carry
        self.spent = 0
        """Micro-dollars settled through this purse."""

    def reserve(self, request: str, upper_bound: int) -> str:
        """Sets micro-dollars aside; returns why it was refused, empty when it was granted."""
        claim = Claim(
            reservation=self._prefix + request,
            amount=upper_bound,
            holder=self._spender.holder,
            scope=self._spender.scope,
            outer_cap=self._spender.outer_cap,
            lease_ms=_LEASE_MS,
        )
        try:
            moved = self._move(
                MoveMoney(episode=self._episode, settle=self._carry(), reserve=claim)
            )
        except LedgerUnavailableError as error:
            return f"the ledger does not answer: {error}"
        return "" if moved.granted else moved.reason or "refused"

    def settle(self, request: str, actual: int) -> None:
        """Turns what was reserved into a spend; unanswered, its lease settles it in full."""
        used = Settlement(reservation=self._prefix + request, amount=actual)
        self._move(MoveMoney(episode=self._episode, settle=(used,)))
        self.spent += actual

    def refund(self, request: str) -> None:
        """Gives a reservation back: nothing was sent."""
        unused = Settlement(reservation=self._prefix + request, amount=0, is_refund=True)
        self._move(MoveMoney(episode=self._episode, settle=(unused,)))

    def _move(self, asked: MoveMoney) -> MoneyMoved:
        asking = asyncio.run_coroutine_threadsafe(self._money.move(asked), self._loop)
        try:
            return asking.result(_WAIT_S)
        except TimeoutError as error:
            asking.cancel()
            raise LedgerUnavailableError(f"no answer of the ledger in {_WAIT_S} s") from error
