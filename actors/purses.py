"""How a planner that asks a model pays for it: from the episode's own ledger, before it is sent."""

from __future__ import annotations

import asyncio
from typing import Protocol

from actors.messages import Claim, MoneyMoved, MoveMoney, Settlement
from core.budget import BudgetTracker, Refused
from core.errors import LedgerUnavailableError

__all__ = ["DistantPurse", "LedgerPurse"]

_HOLDER = "planner"
_WAIT_S = 30.0


class _MoneyPort(Protocol):
    async def move(self, asked: MoveMoney) -> MoneyMoved: ...


class LedgerPurse:
    """Implements `planner.providers.contract.Purse` over a ledger of this process."""

    def __init__(self, ledger: BudgetTracker, prefix: str) -> None:
        """Takes a ledger.

        Args:
            ledger: The episode's.
            prefix: Put before the ids of requests, so that they are unique in the ledger.
        """
        self._ledger = ledger
        self._prefix = prefix
        self.spent = 0
        """Micro-dollars settled through this purse."""

    def reserve(self, request: str, upper_bound: int) -> str:
        """Sets micro-dollars aside; returns why it was refused, empty when it was granted."""
        answer = self._ledger.reserve(self._prefix + request, upper_bound, holder=_HOLDER)
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
        self, money: _MoneyPort, episode: str, prefix: str, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Takes the budget tracker.

        Args:
            money: Whom to ask.
            episode: Whose ledger.
            prefix: Put before the ids of requests.
            loop: The running loop on which asking happens.
        """
        self._money = money
        self._episode = episode
        self._prefix = prefix
        self._loop = loop
        self.spent = 0
        """Micro-dollars settled through this purse."""

    def reserve(self, request: str, upper_bound: int) -> str:
        """Sets micro-dollars aside; returns why it was refused, empty when it was granted."""
        claim = Claim(reservation=self._prefix + request, amount=upper_bound, holder=_HOLDER)
        try:
            moved = self._move(MoveMoney(episode=self._episode, reserve=claim))
        except (LedgerUnavailableError, TimeoutError) as error:
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
        return asking.result(_WAIT_S)
