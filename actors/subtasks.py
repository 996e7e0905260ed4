"""Carries out the machine of one subtask: pages, policy and money are awaited here."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Protocol

from actors.messages import Claim, MoneyMoved, MoveMoney, RunSubtask, Settlement
from actors.model_money import CallPurse, called
from actors.purses import DistantPurse, Spender
from core.errors import LedgerUnavailableError, WorldError
from core.events import (
    ActionTaken,
    ModelCalled,
    PageObserved,
    SubtaskFailed,
    SubtaskSucceeded,
)
from core.pages import Observation
from core.ports import Browser, Page
from policies.subtask import SubtaskMachine
from policies.subtask_signals import (
    Act,
    Begun,
    Cancelled,
    ChoiceMade,
    Choose,
    End,
    Granted,
    Instruction,
    Open,
    PageLost,
    PageSeen,
    Refund,
    Refused,
    Report,
    Reserve,
    Settle,
    SubtaskEvent,
    SubtaskOrder,
)
from policies.view import ActionPolicy, AgentView, Funds

__all__ = ["MoneyPort", "Seen", "SubtaskRun", "funded", "node_scope", "order_of", "with_spent"]

Seen = PageObserved | ActionTaken | ModelCalled | SubtaskSucceeded | SubtaskFailed
"""What a run yields; the last one is a result."""


class MoneyPort(Protocol):
    """How an agent asks for money."""

    async def move(self, asked: MoveMoney) -> MoneyMoved:
        """Settles, then reserves; asks again by itself until a deadline.

        Raises:
            LedgerUnavailableError: No answer: nothing may be spent.
        """
        ...


class SubtaskRun:
    """One attempt, from its message to its result.

    Settlements wait for the next reservation and travel with it: one call a step. If the process
    dies in between, they count at their upper bound.
    """

    def __init__(
        self,
        asked: RunSubtask,
        machine: SubtaskMachine,
        policy: ActionPolicy,
        browser: Browser,
        money: MoneyPort,
        *,
        step_deadline_s: float = 30.0,
        choice_deadline_s: float = 75.0,
    ) -> None:
        """Prepares a run.

        Args:
            asked: What to do.
            machine: Fresh.
            policy: Chooses the actions.
            browser: Opens the page.
            money: Where money is asked for.
            step_deadline_s: Longest wait for one page.
            choice_deadline_s: Longest wait for one choice; a model and its repairs take time.
        """
        self._asked = asked
        self._machine = machine
        self._policy = policy
        self._browser = browser
        self._money = money
        self._deadline_s = step_deadline_s
        self._choice_deadline_s = choice_deadline_s
        self._purse: CallPurse | None = None
        self._is_late = False
        self._page: Page | None = None
        self._unsettled: list[Settlement] = []
        self._cancelled = ""

    def cancel(self, reason: str) -> None:
        """Ends the run at its next step."""
        self._cancelled = reason

    async def run(self) -> AsyncIterator[Seen]:
        """Yields what is seen and done, and at last exactly one result."""
        events: deque[SubtaskEvent] = deque(
            [Begun(id=self._asked.subtask, order=order_of(self._asked))]
        )
        try:
            while events:
                event = events.popleft()
                if self._cancelled and not isinstance(event, Begun):
                    event = Cancelled(id=event.id, reason=self._cancelled)
                    events.clear()
                for step in await self._handle(event):
                    if isinstance(step, Report):
                        yield step.event
                    elif isinstance(step, End):
                        spent = await self._close_purse()
                        await self._settle_all()
                        for heard in self._heard():
                            yield heard
                        yield with_spent(step.event, spent)
                        return
                    else:
                        events.extend(await self._do(step))
                        for heard in self._heard():
                            yield heard
        finally:
            if self._page is not None:
                await self._page.close()

    async def _handle(self, event: SubtaskEvent) -> tuple[Instruction, ...]:
        if isinstance(event, Begun) and not event.order.base_url:
            return await asyncio.to_thread(self._machine.handle, event)  # a computation takes time
        return self._machine.handle(event)

    async def _do(self, step: Instruction) -> list[SubtaskEvent]:
        match step:
            case Reserve():
                return [await self._reserve(step)]
            case Settle():
                self._unsettled.append(Settlement(reservation=step.reservation, amount=step.amount))
            case Refund():
                self._unsettled.append(
                    Settlement(reservation=step.reservation, amount=0, is_refund=True)
                )
            case Open() | Act():
                return [await self._on_page(step)]
            case Choose():
                return [await self._choose(step)]
            case _:
                raise AssertionError(f"{type(step).__name__} is handled by the caller")
        return []

    async def _reserve(self, step: Reserve) -> SubtaskEvent:
        asked, unsettled = self._asked, tuple(self._unsettled)
        self._unsettled.clear()
        claim = Claim(
            reservation=step.reservation,
            amount=step.amount,
            holder=asked.subtask,
            scope=(node_scope(asked.node.id), asked.agent),
            outer_cap=asked.node.cost_bound or None,
        )
        try:
            moved = await self._money.move(
                MoveMoney(episode=asked.episode, settle=unsettled, reserve=claim)
            )
        except LedgerUnavailableError as error:
            return Refused(id=step.reservation, reservation=step.reservation, reason=str(error))
        if moved.granted:
            return Granted(id=step.reservation, reservation=step.reservation)
        return Refused(id=step.reservation, reservation=step.reservation, reason=moved.reason)

    async def _settle_all(self) -> None:
        """Settles what is left; unanswered, its lease settles it at the upper bound."""
        if self._unsettled:
            moved = MoveMoney(episode=self._asked.episode, settle=tuple(self._unsettled))
            self._unsettled.clear()
            try:
                await self._money.move(moved)
            except LedgerUnavailableError:
                return

    async def _on_page(self, step: Open | Act) -> SubtaskEvent:
        try:
            seen = await asyncio.wait_for(self._load(step), self._deadline_s)
        except TimeoutError:
            return PageLost(id=step.cause, reason=f"no page after {self._deadline_s} s")
        except WorldError as error:
            return PageLost(id=step.cause, reason=str(error))
        return PageSeen(id=step.cause, observation=seen)

    async def _load(self, step: Open | Act) -> Observation:
        if isinstance(step, Act):
            assert self._page is not None, "the first instruction opens the page"
            return await self._page.act(step.action)
        self._page = await self._browser.open(
            step.url, session=self._asked.episode, cookies=self._asked.cookies
        )
        return await self._page.observe()

    async def _choose(self, step: Choose) -> SubtaskEvent:
        if self._purse is None:
            self._purse = self._opened_purse()
        view = funded(step.view, self._purse)
        choosing = asyncio.to_thread(self._policy.choose_all, [view])
        try:
            choices = await asyncio.wait_for(choosing, self._choice_deadline_s)
        except TimeoutError:
            self._is_late = True  # its thread goes on
            return PageLost(id=step.cause, reason=f"no choice after {self._choice_deadline_s} s")
        return ChoiceMade(id=step.cause, choice=choices[0])

    # -- a model's money ---------------------------------------------------------------------------

    def _opened_purse(self) -> CallPurse:
        asked = self._asked
        spender = Spender(
            holder=asked.subtask,
            scope=(node_scope(asked.node.id), asked.agent),
            outer_cap=asked.node.cost_bound or None,
        )
        distant = DistantPurse(
            self._money,
            asked.episode,
            f"{asked.subtask}/model/",
            asyncio.get_running_loop(),
            spender=spender,
            carry=self._take_unsettled,
        )
        return CallPurse(distant)

    def _take_unsettled(self) -> tuple[Settlement, ...]:
        """Returns settlements that wait; called while this run waits for a choice."""
        waiting = tuple(self._unsettled)
        self._unsettled.clear()
        return waiting

    async def _close_purse(self) -> int:
        """Returns what the attempt's model has cost, once no more can be spent."""
        if self._purse is None:
            return 0
        if self._purse.is_used or self._is_late:
            await asyncio.to_thread(self._purse.close)
        return self._purse.spent

    def _heard(self) -> list[ModelCalled]:
        asked = self._asked
        calls = [] if self._purse is None else self._purse.take_calls()
        return [
            called(call, asked.episode, node=asked.node.id, agent=asked.agent) for call in calls
        ]


def with_spent(
    result: SubtaskSucceeded | SubtaskFailed, more: int
) -> SubtaskSucceeded | SubtaskFailed:
    """Returns a result whose sum also has what the attempt's model has cost, in micro-dollars."""
    return result.model_copy(update={"spent": result.spent + more}) if more else result


def funded(view: AgentView, purse: CallPurse) -> AgentView:
    """Returns a view whose chooser may pay a model, and knows what the model has cost so far."""
    bound = view.node.cost_bound
    left = max(0.0, view.budget_left - purse.spent / bound) if bound else view.budget_left
    return replace(view, purse=purse, budget_left=left)


def node_scope(node: int) -> str:
    """Returns the name of a node's sub-budget."""
    return f"node:{node}"


def order_of(asked: RunSubtask) -> SubtaskOrder:
    """Returns what the machine is told of a message."""
    return SubtaskOrder(
        id=asked.subtask,
        episode=asked.episode,
        node=asked.node,
        attempt=asked.attempt,
        agent=asked.agent,
        price_factor=asked.price_factor,
        arguments=asked.arguments,
        base_url=asked.base_url,
        start_url=asked.start_url,
        site_notes=asked.site_notes,
        funds=Funds(budget=asked.budget, left=asked.budget_left),
    )
