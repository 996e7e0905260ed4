"""The services' faces for those who talk to them; agents have theirs in `actors.agent_handles`.

Only these two files and the transport of worlds say `.remote`.

    failure of a call        what is done
    ActorUnavailableError    the process restarts: asked again with the same ids, until the deadline
    GetTimeoutError          the same
    ActorDiedError           final: it will not come back

Ray itself never retries (`max_task_retries=0`): it would re-order calls and repeat side effects.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import ray
from ray.actor import ActorProxy
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayError

from actors.budget import BudgetActor
from actors.log_keeper import EventLogActor
from actors.messages import (
    AppendEvents,
    AskLedger,
    CloseHolder,
    CloseLedger,
    HolderClosed,
    LedgerState,
    LookUpPlan,
    MoneyMoved,
    MoveMoney,
    OpenLedger,
    PlanFound,
    StorePlan,
    pack,
    unpack,
)
from actors.plan_cache import PlanCacheActor
from core.errors import LedgerUnavailableError, WorldError

__all__ = ["ATTEMPT_S", "BudgetHandle", "CacheHandle", "LogHandle", "ask", "last_line", "sent"]

ATTEMPT_S = 5.0
"""Seconds that one attempt of a call may take."""
_PAUSE_S = 0.1


async def ask(
    call: Callable[[], Awaitable[bytes]], *, deadline_s: float, lost: type[WorldError], what: str
) -> bytes:
    """Makes an idempotent call until it is answered.

    Args:
        call: Sends the message once.
        deadline_s: Seconds after which nobody waits any more.
        lost: Raised then, and when the actor is gone for good.
        what: Names the call in the message of that error.
    """
    until = time.monotonic() + deadline_s
    while True:
        try:
            left = max(0.01, min(ATTEMPT_S, until - time.monotonic()))
            return await asyncio.wait_for(call(), left)
        except ActorDiedError as error:
            raise lost(f"{what}: the actor is gone for good") from error
        except (ActorUnavailableError, TimeoutError) as error:
            if time.monotonic() + _PAUSE_S >= until:
                raise lost(f"{what}: no answer in {deadline_s} s") from error
        except ray.exceptions.RayTaskError as error:
            raise lost(f"{what}: {last_line(error)}") from error
        await asyncio.sleep(_PAUSE_S)


class BudgetHandle:
    """Talks to the budget tracker."""

    def __init__(self, actor: ActorProxy[BudgetActor], *, deadline_s: float = 20.0) -> None:
        self._actor = actor
        self._deadline_s = deadline_s

    async def open(self, asked: OpenLedger) -> None:
        """Opens a ledger."""
        await self._ask(self._actor.open_ledger.remote, pack(asked), "open ledger")

    async def move(self, asked: MoveMoney) -> MoneyMoved:
        """Settles, then reserves."""
        reply = await self._ask(self._actor.move_money.remote, pack(asked), "move money")
        return unpack(reply, MoneyMoved)

    async def close_holder(self, asked: CloseHolder) -> HolderClosed:
        """Closes what a lost holder had open."""
        reply = await self._ask(self._actor.close_holder.remote, pack(asked), "close holder")
        return unpack(reply, HolderClosed)

    async def state(self, asked: AskLedger) -> LedgerState:
        """Says how a ledger stands."""
        reply = await self._ask(self._actor.ask_ledger.remote, pack(asked), "ask ledger")
        return unpack(reply, LedgerState)

    async def close(self, asked: CloseLedger) -> None:
        """Forgets a ledger."""
        await self._ask(self._actor.close_ledger.remote, pack(asked), "close ledger")

    async def _ask(
        self, method: Callable[[bytes], ray.ObjectRef[bytes]], message: bytes, what: str
    ) -> bytes:
        async def call() -> bytes:
            return await method(message)

        return await ask(call, deadline_s=self._deadline_s, lost=LedgerUnavailableError, what=what)


class CacheHandle:
    """Talks to the plan cache; what it cannot say in time is a miss."""

    def __init__(self, actor: ActorProxy[PlanCacheActor], *, deadline_s: float = 5.0) -> None:
        self._actor = actor
        self._deadline_s = deadline_s

    async def look_up(self, asked: LookUpPlan) -> PlanFound:
        """Finds a plan."""
        try:
            reply = await asyncio.wait_for(
                sent(self._actor.look_up.remote(pack(asked))), self._deadline_s
            )
        except (RayError, TimeoutError) as error:
            return PlanFound(plan=None, reason=f"the cache does not answer: {last_line(error)}")
        return unpack(reply, PlanFound)

    async def store(self, asked: StorePlan) -> None:
        """Remembers a plan, if the cache is there."""
        try:
            await asyncio.wait_for(sent(self._actor.store.remote(pack(asked))), self._deadline_s)
        except (RayError, TimeoutError):
            return


class LogHandle:
    """Talks to the event log; telemetry is waited for at the end of an episode only."""

    def __init__(self, actor: ActorProxy[EventLogActor]) -> None:
        self._actor = actor
        self._last: ray.ObjectRef[bytes] | None = None

    def append(self, records: list[bytes]) -> None:
        """Sends a batch and goes on."""
        message = pack(AppendEvents(events=tuple(records)))
        self._last = self._actor.append.remote(message)

    async def written(self) -> None:
        """Waits until the last batch is in the log; a log that does not answer is left behind."""
        waiting, self._last = self._last, None
        if waiting is None:
            return
        try:
            await asyncio.wait_for(sent(waiting), ATTEMPT_S)
        except (RayError, TimeoutError):
            return


async def sent(reference: ray.ObjectRef[bytes]) -> bytes:
    """Awaits one reply."""
    return await reference


def last_line(error: BaseException) -> str:
    """Returns what an error says last: the cause, behind Ray's own words."""
    lines = str(error).strip().splitlines()
    return lines[-1][:300] if lines else type(error).__name__
