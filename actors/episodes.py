"""Carries out the machine of one episode: agents, ledger, cache and planner are awaited here.

    inbox ──event──> OrchestratorMachine ──instructions──> here
      ^                                                     │ Record: log, then the stream
      └──────── each other instruction is a task of its own ┘ whose answer is the next event

Nothing here knows Ray: agents, ledger and cache are ports.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from actors.journal import EventEnvelope, Journal
from actors.messages import (
    CancelSubtask,
    Claim,
    CloseHolder,
    CloseLedger,
    HolderClosed,
    LookUpPlan,
    MoneyMoved,
    MoveMoney,
    OpenLedger,
    PlanFound,
    RunSubtask,
    Settlement,
    SolveTask,
    StorePlan,
    request_to_wire,
)
from actors.model_money import CallPurse, called
from actors.purses import DistantPurse
from actors.subtasks import Seen
from core.errors import AgentLostError, LedgerUnavailableError, PlanError
from core.events import (
    ActionTaken,
    EpisodeFailed,
    EpisodeFinished,
    EpisodeStarted,
    Event,
    FailureKind,
    ModelCalled,
    PageObserved,
    SubtaskFailed,
    SubtaskSucceeded,
)
from planner.decisions import CacheAnswer
from planner.orchestrator import OrchestratorMachine
from planner.orchestrator_signals import (
    AgentBack,
    AgentGone,
    AskCache,
    AskPlanner,
    AskReplan,
    BlamePlan,
    CacheAnswered,
    CancelAsked,
    Finish,
    Instruction,
    MoneyGranted,
    MoneyRefused,
    OrchestratorEvent,
    PlannerAnswered,
    Record,
    RefundMoney,
    ReserveMoney,
    SettleMoney,
    StartSubtask,
    SubtaskEnded,
    TaskTaken,
    TimeUp,
)
from planner.orchestrator_signals import CancelSubtask as StopSubtask
from planner.orchestrator_signals import StorePlan as KeepPlan
from planner.providers.contract import Purse
from planner.requests import Planner, PlanRequest
from policies.profiles import AgentProfile
from policies.subtask_signals import SubtaskOrder

__all__ = ["AgentPort", "BudgetPort", "CachePort", "EpisodeRun", "Ports"]

_GRACE_S = 10.0
"""Seconds after the deadline in which running subtasks may still end by themselves."""


class AgentPort(Protocol):
    """A web agent."""

    def run(self, asked: RunSubtask) -> AsyncIterator[Seen]:
        """Yields what it sees and does, and at last its result.

        Raises:
            AgentLostError: It is gone.
        """
        ...

    async def cancel(self, asked: CancelSubtask) -> None:
        """Asks for the end of an attempt."""
        ...

    async def end_episode(self, episode: str) -> None:
        """Closes an episode's pages."""
        ...

    async def back(self) -> bool:
        """Waits for a fresh process in the place of a lost one; whether one came."""
        ...


class BudgetPort(Protocol):
    """The budget tracker; each call raises `LedgerUnavailableError` when it does not answer."""

    async def open(self, asked: OpenLedger) -> None:
        """Opens a ledger."""
        ...

    async def move(self, asked: MoveMoney) -> MoneyMoved:
        """Settles, then reserves."""
        ...

    async def close_holder(self, asked: CloseHolder) -> HolderClosed:
        """Closes what a lost holder had open."""
        ...

    async def close(self, asked: CloseLedger) -> None:
        """Forgets a ledger."""
        ...


class CachePort(Protocol):
    """The plan cache; what it cannot say is a miss."""

    async def look_up(self, asked: LookUpPlan) -> PlanFound:
        """Finds a plan."""
        ...

    async def store(self, asked: StorePlan) -> None:
        """Remembers a plan."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Whom an episode talks to."""

    agents: Mapping[str, AgentPort]
    profiles: tuple[AgentProfile, ...]
    budget: BudgetPort
    cache: CachePort
    planner: Planner
    max_nodes: int = 12
    asks_people: bool = False
    """Whether the machine's decider may wait for a person: then it decides in a thread."""


@dataclass(frozen=True, slots=True)
class _Planning:
    """A planner that is being waited for."""

    purse: CallPurse
    cause: str
    waiting: asyncio.Future[PlannerAnswered]
    """The answer; its thread cannot be stopped, but need not be waited for."""


class EpisodeRun:
    """One episode, from its message to its last event."""

    def __init__(
        self,
        asked: SolveTask,
        machine: OrchestratorMachine,
        ports: Ports,
        journal: Journal,
        *,
        history: tuple[Event, ...] = (),
        spent: int = 0,
    ) -> None:
        """Prepares a run.

        Args:
            asked: What to do.
            machine: Fresh.
            ports: Whom it talks to.
            journal: Has written a durable event when its `write` returns.
            history: What the log holds of this episode already.
            spent: Micro-dollars that its ledger has settled already.
        """
        self._asked = asked
        self._machine = machine
        self._ports = ports
        self._journal = journal
        self._history = history
        self._spent = spent
        self._inbox: asyncio.Queue[OrchestratorEvent] = asyncio.Queue()
        self._out: asyncio.Queue[list[EventEnvelope] | None] = asyncio.Queue()
        self._facts: list[EventEnvelope] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._subtasks: dict[str, tuple[SubtaskOrder, asyncio.Task[None]]] = {}
        """Subtasks that are under way, by id."""
        self._is_finished = False
        self._is_late = False
        self._asks = 0
        self._planning: _Planning | None = None
        self._last: EventEnvelope | None = None

    def cancel(self, reason: str) -> None:
        """Asks the episode to end."""
        self._inbox.put_nowait(CancelAsked(id=f"{self._asked.episode}/cancel", reason=reason))

    async def run(self) -> AsyncIterator[list[EventEnvelope]]:
        """Yields the episode's events, together what became known together.

        The last one is `EpisodeFinished` or `EpisodeFailed`.
        """
        driving = asyncio.create_task(self._drive())
        try:
            while True:
                envelopes = await self._out.get()
                if envelopes is None:
                    return
                yield envelopes
        finally:
            driving.cancel()
            for task in self._tasks:
                task.cancel()

    async def _drive(self) -> None:
        """Moves the machine until it is done; whatever breaks is the episode's failure."""
        last: EventEnvelope | None = None
        try:
            last = await self._machine_to_end()
        except Exception as error:  # noqa: BLE001 - the edge: a fault of ours is an event
            trace = "".join(traceback.format_exception(error, limit=-4))[-2_000:]
            last = self._write(
                EpisodeFailed(episode=self._asked.episode, reason=trace, spent=self._machine.spent)
            )
        finally:
            await self._clean_up()
            if last is not None:
                self._out.put_nowait([last])
            self._out.put_nowait(None)

    async def _machine_to_end(self) -> EventEnvelope:
        asked = self._asked
        await self._handle(self._taken())
        until = time.monotonic() + asked.deadline_s
        while not self._is_finished:
            try:
                left = max(0.0, until - time.monotonic())
                event = await asyncio.wait_for(self._inbox.get(), left)
            except TimeoutError:
                until = time.monotonic() + _GRACE_S
                reason = f"out of time after {asked.deadline_s} s"
                if self._is_late:
                    await self._give_up_agents()
                self._is_late = True
                event = await self._broken_off(reason) or TimeUp(
                    id=f"{asked.episode}/time", reason=reason
                )
            if isinstance(event, CancelAsked):
                stopped = await self._broken_off(event.reason)
                if stopped is not None:
                    await self._handle(stopped)
            await self._handle(event)
        assert self._last is not None, "the machine's last fact is that it finished"
        return self._last

    async def _handle(self, event: OrchestratorEvent) -> None:
        """Carries out what an event leads to; conversations start before the facts are told."""
        if self._ports.asks_people:
            instructions = await asyncio.to_thread(self._machine.handle, event)
        else:
            instructions = self._machine.handle(event)
        for instruction in instructions:
            await self._carry_out(instruction)
        if self._facts:
            self._out.put_nowait(self._facts)
            self._facts = []

    async def _carry_out(self, step: Instruction) -> None:
        match step:
            case Record():
                await self._record(step)
            case Finish():
                self._is_finished = True
            case StartSubtask():
                order = step.order
                self._subtasks[order.id] = order, self._spawn(self._subtask(order))
            case StopSubtask():
                stop = CancelSubtask(subtask=step.subtask, reason=step.reason)
                self._spawn(self._ports.agents[step.agent].cancel(stop))
            case ReserveMoney() | SettleMoney() | RefundMoney():
                self._spawn(self._money(step))
            case AskCache() | AskPlanner() | AskReplan() | KeepPlan() | BlamePlan():
                self._spawn(self._ask(step))

    async def _record(self, step: Record) -> None:
        envelope = self._journal.write(step.event, cause=step.cause)
        if isinstance(step.event, EpisodeFinished):
            self._last = envelope  # goes out when everything is closed
            return
        self._facts.append(envelope)
        if isinstance(step.event, EpisodeStarted):
            await self._open_ledger()

    # -- conversations ---------------------------------------------------------------------------

    async def _subtask(self, order: SubtaskOrder) -> None:
        asked = self._message(order)
        try:
            async for event in self._ports.agents[order.agent].run(asked):
                match event:
                    case PageObserved() | ActionTaken() | ModelCalled():
                        self._write(event, cause=order.id)
                    case SubtaskFailed() if event.failure is FailureKind.AGENT_LOST:
                        spent = await self._close_holder(order)
                        self._tell_ended(order, event.model_copy(update={"spent": spent}))
                        return
                    case SubtaskSucceeded() | SubtaskFailed():
                        self._tell_ended(order, event)
                        return
            raise AgentLostError(f"{order.agent} ended without a result")
        except AgentLostError as error:
            await self._lost(order, str(error))
        finally:
            self._subtasks.pop(order.id, None)

    def _tell_ended(self, order: SubtaskOrder, result: SubtaskSucceeded | SubtaskFailed) -> None:
        self._inbox.put_nowait(SubtaskEnded(id=order.id, result=result))

    async def _lost(self, order: SubtaskOrder, reason: str) -> None:
        """Closes what a lost agent had open, says so, and waits for its successor."""
        spent = await self._close_holder(order)
        self._subtasks.pop(order.id, None)
        self._inbox.put_nowait(
            AgentGone(id=order.id, agent=order.agent, reason=reason, spent=spent)
        )
        if await self._ports.agents[order.agent].back():
            self._inbox.put_nowait(AgentBack(id=order.id, agent=order.agent))
        else:
            final = "no fresh process came"
            self._inbox.put_nowait(
                AgentGone(id=order.id, agent=order.agent, reason=final, is_final=True)
            )

    async def _give_up_agents(self) -> None:
        """Takes agents that do not even stop for lost: what they had open counts in full."""
        silent = [order for order, _ in self._subtasks.values()]
        for _, conversation in tuple(self._subtasks.values()):
            conversation.cancel()
        for order in silent:
            try:
                spent = await self._close_holder(order)
            except LedgerUnavailableError:
                return  # nobody can say what is open; the ledger's log has it
            reason = f"still at work {_GRACE_S:.0f} s after it was told to stop"
            await self._handle(
                AgentGone(id=order.id, agent=order.agent, reason=reason, spent=spent)
            )

    async def _close_holder(self, order: SubtaskOrder) -> int:
        closed = await self._ports.budget.close_holder(
            CloseHolder(episode=order.episode, holder=order.id)
        )
        return closed.spent

    async def _money(self, step: ReserveMoney | SettleMoney | RefundMoney) -> None:
        episode, reservation = self._asked.episode, step.reservation
        match step:
            case ReserveMoney():
                claim = Claim(reservation=reservation, amount=step.amount, holder="orchestrator")
                asked = MoveMoney(episode=episode, reserve=claim)
            case SettleMoney():
                used = Settlement(reservation=reservation, amount=step.amount)
                asked = MoveMoney(episode=episode, settle=(used,))
            case RefundMoney():
                unused = Settlement(reservation=reservation, amount=0, is_refund=True)
                asked = MoveMoney(episode=episode, settle=(unused,))
        try:
            moved = await self._ports.budget.move(asked)
        except LedgerUnavailableError as error:
            moved = MoneyMoved(granted=False, reason=str(error))
        if not isinstance(step, ReserveMoney):
            return
        if moved.granted:
            self._inbox.put_nowait(MoneyGranted(id=reservation, reservation=reservation))
        else:
            self._inbox.put_nowait(
                MoneyRefused(id=reservation, reservation=reservation, reason=moved.reason)
            )

    async def _ask(self, step: AskCache | AskPlanner | AskReplan | KeepPlan | BlamePlan) -> None:
        match step:
            case AskCache():
                found = await self._ports.cache.look_up(
                    LookUpPlan(request=request_to_wire(step.request))
                )
                answer = CacheAnswer(plan=found.plan, reason=found.reason)
                self._inbox.put_nowait(CacheAnswered(id=f"{step.cause}/cache", answer=answer))
            case KeepPlan():
                await self._ports.cache.store(
                    StorePlan(
                        request=request_to_wire(step.request),
                        plan=step.plan,
                        spent=step.outcome.spent,
                        replans=step.outcome.replans,
                        confidence=step.outcome.confidence,
                    )
                )
            case BlamePlan():
                await self._ports.cache.store(
                    StorePlan(
                        success=False,
                        request=request_to_wire(step.request),
                        plan=step.plan,
                        spent=0,
                        replans=0,
                        confidence=0.0,
                    )
                )
            case AskPlanner() | AskReplan():
                answered = await self._planned(step)
                if answered is not None:
                    self._inbox.put_nowait(answered)

    async def _planned(self, step: AskPlanner | AskReplan) -> PlannerAnswered | None:
        """Returns the planner's answer, `None` when nobody waited for it any more."""
        episode = self._asked.episode
        self._asks += 1
        prefix = f"{episode}/model{self._asks}/"
        loop = asyncio.get_running_loop()
        purse = CallPurse(DistantPurse(self._ports.budget, episode, prefix, loop))
        planning = asyncio.to_thread(planned, self._ports.planner, step, purse)
        conversation = _Planning(purse, step.cause, asyncio.ensure_future(planning))
        self._planning = conversation
        await asyncio.wait({conversation.waiting})
        if self._planning is not conversation:
            return None
        answered = conversation.waiting.result()
        self._planning = None
        self._tell_calls(conversation)
        return answered

    async def _broken_off(self, reason: str) -> PlannerAnswered | None:
        """Stops waiting for a planner; what its model may still be billed counts in full."""
        conversation, self._planning = self._planning, None
        if conversation is None:
            return None
        conversation.waiting.cancel()
        await asyncio.to_thread(conversation.purse.close)
        self._tell_calls(conversation)
        return PlannerAnswered(
            id=f"{conversation.cause}/planner",
            plan=None,
            reason=reason,
            spent=conversation.purse.spent,
        )

    def _tell_calls(self, conversation: _Planning) -> None:
        for call in conversation.purse.take_calls():
            self._write(called(call, self._asked.episode), cause=conversation.cause)

    async def _open_ledger(self) -> None:
        asked = self._asked
        await self._ports.budget.open(
            OpenLedger(
                episode=asked.episode,
                budget=asked.budget,
                hard_cap=asked.hard_cap,
                enforcement=asked.enforcement,
            )
        )

    async def _clean_up(self) -> None:
        """Waits for what is under way, closes pages and ledger."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE_S)
        agents = self._ports.agents.values()
        await asyncio.gather(*(agent.end_episode(self._asked.episode) for agent in agents))
        try:
            await self._ports.budget.close(CloseLedger(episode=self._asked.episode))
        except LedgerUnavailableError:
            return  # its next process rebuilds it from the log, where the episode has ended

    # -- small things ----------------------------------------------------------------------------

    def _taken(self) -> TaskTaken:
        asked = self._asked
        return TaskTaken(
            id=f"{asked.episode}/task",
            episode=asked.episode,
            request=PlanRequest(
                task=asked.task,
                agents=self._ports.profiles,
                budget=asked.budget,
                max_nodes=self._ports.max_nodes,
                site_notes=asked.site_notes,
            ),
            hard_cap=asked.hard_cap,
            seed=asked.seed,
            enforcement=asked.enforcement,
            history=self._history,
            spent=self._spent,
        )

    def _message(self, order: SubtaskOrder) -> RunSubtask:
        return RunSubtask(
            subtask=order.id,
            episode=order.episode,
            node=order.node,
            attempt=order.attempt,
            agent=order.agent,
            price_factor=order.price_factor,
            arguments=dict(order.arguments),
            base_url=order.base_url,
            start_url=order.start_url,
            site_notes=dict(order.site_notes),
            cookies=self._asked.cookies,
            budget=order.funds.budget,
            budget_left=order.funds.left,
        )

    def _write(self, event: Event, *, cause: str = "") -> EventEnvelope:
        envelope = self._journal.write(event, cause=cause)
        if not isinstance(event, EpisodeFailed):
            self._out.put_nowait([envelope])
        return envelope

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        """A conversation that breaks ends the episode instead of leaving it waiting."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the edge: what broke is told to the machine
            self.cancel(f"a conversation broke: {error!r}")


class _CountingPurse(Purse, Protocol):
    """A purse that knows what was settled through it."""

    spent: int


def planned(
    planner: Planner, step: AskPlanner | AskReplan, purse: _CountingPurse
) -> PlannerAnswered:
    """Asks a planner; a plan that cannot be made is an answer too.

    Args:
        planner: Whom to ask.
        step: A first plan, or a better one.
        purse: Pays for a model's calls.
    """
    ident = f"{step.cause}/planner"
    plan, reason = None, ""
    try:
        if isinstance(step, AskPlanner):
            plan = planner.plan(replace(step.request, purse=purse))
        else:
            asked = replace(step.request.request, purse=purse)
            plan = planner.replan(replace(step.request, request=asked))
    except PlanError as error:
        reason = str(error)
    return PlannerAnswered(id=ident, plan=plan, reason=reason, spent=purse.spent)
