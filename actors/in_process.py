"""The whole system in one process: the same machines, in lock-step, without Ray.

    tick:  every agent with a running node has one view pending
           one call chooses for all of them
           each acts, in the order of the pool; what follows from it is done at once

Nothing here reads a clock or draws a number: the same task, parts and seeds give the same events.
Money is in a `core.BudgetTracker`, asked directly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from actors.assembly import Assembly
from actors.episodes import planned
from actors.instant import InstantBrowser, InstantPage
from actors.journal import EventEnvelope, Journal, TickClock
from actors.model_money import CallPurse, called
from actors.purses import LedgerPurse, Spender
from actors.subtasks import funded, node_scope, with_spent
from core.budget import BudgetTracker, Enforcement, Refused
from core.errors import WorldError
from core.pages import Value
from core.tasks import AgentResponse, PublicTask
from planner.decisions import Decider, PlanCache
from planner.orchestrator import OrchestratorMachine, PlanPricing
from planner.orchestrator_signals import (
    AskCache,
    AskPlanner,
    AskReplan,
    BlamePlan,
    CacheAnswered,
    CancelSubtask,
    Finish,
    MoneyGranted,
    MoneyRefused,
    OrchestratorEvent,
    Record,
    RefundMoney,
    ReserveMoney,
    SettleMoney,
    StartSubtask,
    StorePlan,
    SubtaskEnded,
    TaskTaken,
    TimeUp,
)
from planner.orchestrator_signals import Instruction as Order
from planner.requests import Planner, PlanRequest
from policies.subtask import SubtaskMachine, SubtaskParts
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
    Report,
    Reserve,
    Settle,
    SubtaskEvent,
    SubtaskOrder,
)
from policies.subtask_signals import Refused as SubtaskRefused
from policies.view import ActionPolicy, AgentView, Choice

__all__ = [
    "EpisodeResult",
    "EpisodeSetup",
    "InProcessEpisode",
    "Minds",
    "Pending",
    "run_episode",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Minds:
    """What decides, shared by the episodes of a process."""

    planner: Planner
    decider: Decider
    cache: PlanCache
    plan_pricing: PlanPricing
    subtask: SubtaskParts

    @classmethod
    def of(cls, assembly: Assembly) -> Minds:
        """Makes the parts of an assembly."""
        return cls(
            planner=assembly.planner(),
            decider=assembly.decider(),
            cache=assembly.cache(),
            plan_pricing=assembly.plan_pricing(),
            subtask=assembly.subtask(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeSetup:
    """One episode: what is asked, with how much money, on which world."""

    episode: str
    task: PublicTask
    budget: float
    """Dollars: the limit B."""
    hard_cap: float | None = None
    """Dollars that the ledger enforces; `None`: the budget."""
    enforcement: Enforcement = Enforcement.ENFORCE
    seed: int = 0
    cookies: tuple[tuple[str, str, str], ...] = ()
    """(base URL, name, value) of the signed-in user."""
    site_notes: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Site name to what exploration and past plans taught about it."""
    max_ticks: int = 400
    """Ticks after which the episode is out of time."""


class EpisodeResult(NamedTuple):
    """How an episode ended."""

    response: AgentResponse
    reason: str
    spent: int
    """Micro-dollars settled."""
    replans: int
    ticks: int


class Pending(NamedTuple):
    """A choice that an agent waits for."""

    agent: str
    view: AgentView


@dataclass(slots=True)
class _Worker:
    """One agent's attempt at one node."""

    order: SubtaskOrder
    machine: SubtaskMachine
    journal: Journal
    purse: CallPurse
    """Pays the model that the attempt's policy asks."""
    page: InstantPage | None = None
    view: AgentView | None = None


class InProcessEpisode:
    """One episode that is moved on by choices; `pending` and `advance` until it is over.

    Many of these side by side make a batch: collect `pending` of all, choose once, advance each.
    """

    def __init__(
        self,
        setup: EpisodeSetup,
        minds: Minds,
        assembly: Assembly,
        browser: InstantBrowser,
        on_event: Callable[[EventEnvelope], None],
    ) -> None:
        self._setup = setup
        self._minds = minds
        self._browser = browser
        self._on_event = on_event
        self._clock = TickClock()
        self._ticks = 0
        self._asks = 0
        self._finish: Finish | None = None
        self._workers: dict[str, _Worker] = {}
        self._journals: dict[str, Journal] = {}
        self._order_of = {agent.id: place for place, agent in enumerate(assembly.agents)}
        ledger_journal = self._journal("budget")
        self.ledger = BudgetTracker(
            setup.budget,
            hard_cap=setup.hard_cap,
            enforcement=setup.enforcement,
            episode=setup.episode,
            on_event=lambda event: _drop(ledger_journal.write(event)),
        )
        self.machine = OrchestratorMachine(minds.decider, minds.plan_pricing, assembly.limits)
        self._inbox: deque[OrchestratorEvent] = deque()
        request = PlanRequest(
            task=setup.task,
            agents=assembly.agents,
            budget=self.ledger.limit,
            max_nodes=assembly.max_nodes,
            site_notes=setup.site_notes,
        )
        self._tell(
            TaskTaken(
                id=f"{setup.episode}/task",
                episode=setup.episode,
                request=request,
                hard_cap=self.ledger.hard_cap,
                seed=setup.seed,
                enforcement=setup.enforcement,
            )
        )

    @property
    def is_over(self) -> bool:
        """Whether the episode has ended."""
        return self._finish is not None

    @property
    def result(self) -> EpisodeResult:
        """How it ended; only once it is over."""
        assert self._finish is not None, "the episode still runs"
        return EpisodeResult(
            self._finish.response,
            self._finish.reason,
            self.ledger.spent,
            self.machine.book.replans,
            self._ticks,
        )

    def pending(self) -> list[Pending]:
        """Returns the views that wait for a choice, in the order of the pool."""
        waiting = [
            Pending(agent, worker.view)
            for agent, worker in self._workers.items()
            if worker.view is not None
        ]
        return sorted(waiting, key=lambda item: self._order_of[item.agent])

    def advance(self, choices: Sequence[Choice]) -> None:
        """Carries out one choice for each pending view, in the same order."""
        self._ticks += 1
        self._clock.tick()
        for (agent, view), choice in zip(self.pending(), choices, strict=True):
            worker = self._workers.get(agent)
            if worker is not None and worker.view is view:  # an earlier one may have ended it
                worker.view = None
                self._tell_calls(worker)
                self._feed(worker, ChoiceMade(id=f"tick:{self._ticks}", choice=choice))
        if self._ticks >= self._setup.max_ticks and not self.is_over:
            reason = f"out of time after {self._ticks} ticks"
            self._tell(TimeUp(id=f"tick:{self._ticks}", reason=reason))

    def close(self) -> None:
        """Closes the episode's pages."""
        self._browser.end_session_now(self._setup.episode)

    # -- the orchestrator ------------------------------------------------------------------------

    def _tell(self, event: OrchestratorEvent) -> None:
        """Gives the orchestrator an event, and does what follows until nothing does."""
        is_busy = bool(self._inbox)
        self._inbox.append(event)
        while not is_busy and self._inbox:
            for order in self.machine.handle(self._inbox[0]):
                self._carry_out(order)
            self._inbox.popleft()

    def _carry_out(self, order: Order) -> None:
        match order:
            case Record():
                self._journal("orchestrator").write(order.event, cause=order.cause)
            case StartSubtask():
                self._start(order.order, order.cause)
            case CancelSubtask():
                worker = self._workers.get(order.agent)
                if worker is not None and worker.order.id == order.subtask:
                    self._feed(worker, Cancelled(id=order.cause, reason=order.reason))
            case StorePlan():
                self._minds.cache.store(order.request, order.plan, order.outcome)
            case BlamePlan():
                self._minds.cache.failed(order.request, order.plan)
            case Finish():
                self._finish = order
            case ReserveMoney() | SettleMoney() | RefundMoney():
                self._move_money(order)
            case AskCache() | AskPlanner() | AskReplan():
                self._ask(order)

    def _move_money(self, order: ReserveMoney | SettleMoney | RefundMoney) -> None:
        match order:
            case ReserveMoney():
                answer = self.ledger.reserve(order.reservation, order.amount, holder="orchestrator")
                if isinstance(answer, Refused):
                    refused = MoneyRefused(
                        id=order.reservation, reservation=order.reservation, reason=answer.reason
                    )
                    self._tell(refused)
                else:
                    self._tell(MoneyGranted(id=order.reservation, reservation=order.reservation))
            case SettleMoney():
                self.ledger.settle(order.reservation, order.amount)
            case RefundMoney():
                self.ledger.refund(order.reservation)

    def _ask(self, order: AskCache | AskPlanner | AskReplan) -> None:
        match order:
            case AskCache():
                answer = self._minds.cache.look_up(order.request)
                self._tell(CacheAnswered(id=f"{order.cause}/cache", answer=answer))
            case AskPlanner() | AskReplan():
                self._asks += 1
                episode = self._setup.episode
                purse = CallPurse(LedgerPurse(self.ledger, f"{episode}/model{self._asks}/"))
                answered = planned(self._minds.planner, order, purse)
                for call in purse.take_calls():
                    journal = self._journal("orchestrator")
                    journal.write(called(call, episode), cause=order.cause)
                self._tell(answered)

    # -- the agents ------------------------------------------------------------------------------

    def _start(self, order: SubtaskOrder, cause: str) -> None:
        spender = Spender(holder=order.id, scope=(node_scope(order.node.id), order.agent))
        purse = CallPurse(LedgerPurse(self.ledger, f"{order.id}/model/", spender))
        machine = SubtaskMachine(self._minds.subtask)
        worker = _Worker(order, machine, self._journal(order.agent), purse)
        self._workers[order.agent] = worker
        if order.node.cost_bound:
            self.ledger.cap_scope((node_scope(order.node.id),), order.node.cost_bound)
        self._feed(worker, Begun(id=cause, order=order))

    def _feed(self, worker: _Worker, event: SubtaskEvent) -> None:
        """Gives a subtask's machine an event, and does what follows until it waits or ends."""
        waiting = deque([event])
        while waiting:
            for step in worker.machine.handle(waiting.popleft()):
                waiting.extend(self._do(worker, step))

    def _do(self, worker: _Worker, step: Instruction) -> list[SubtaskEvent]:
        match step:
            case Reserve():
                return [self._reserve(worker, step)]
            case Settle():
                self.ledger.settle(step.reservation, step.amount)
            case Refund():
                self.ledger.refund(step.reservation)
            case Open() | Act():
                return [self._on_page(worker, step)]
            case Choose():
                worker.view = funded(step.view, worker.purse)
            case Report():
                worker.journal.write(step.event, cause=step.cause)
            case End():
                self._ended(worker, step)
        return []

    def _reserve(self, worker: _Worker, step: Reserve) -> SubtaskEvent:
        order = worker.order
        answer = self.ledger.reserve(
            step.reservation,
            step.amount,
            holder=order.id,
            scope=(node_scope(order.node.id), order.agent),
        )
        if isinstance(answer, Refused):
            return SubtaskRefused(
                id=step.reservation, reservation=step.reservation, reason=answer.reason
            )
        return Granted(id=step.reservation, reservation=step.reservation)

    def _on_page(self, worker: _Worker, step: Open | Act) -> SubtaskEvent:
        try:
            if isinstance(step, Open):
                worker.page = self._browser.open_now(
                    step.url, session=self._setup.episode, cookies=self._setup.cookies
                )
                return PageSeen(id=step.cause, observation=worker.page.observe_now())
            assert worker.page is not None, "the first instruction opens the page"
            return PageSeen(id=step.cause, observation=worker.page.act_now(step.action))
        except WorldError as error:
            return PageLost(id=step.cause, reason=str(error))

    def _ended(self, worker: _Worker, step: End) -> None:
        if worker.page is not None:
            worker.page.close_now()
        worker.view = None
        worker.purse.close()
        self._tell_calls(worker)
        if self._workers.get(worker.order.agent) is worker:
            del self._workers[worker.order.agent]
        result = with_spent(step.event, worker.purse.spent)
        self._tell(SubtaskEnded(id=worker.order.id, result=result))

    def _tell_calls(self, worker: _Worker) -> None:
        order = worker.order
        for call in worker.purse.take_calls():
            event = called(call, order.episode, node=order.node.id, agent=order.agent)
            worker.journal.write(event, cause=order.id)

    def _journal(self, source: str) -> Journal:
        if source not in self._journals:
            name = f"{self._setup.episode}/{source}"
            self._journals[source] = Journal(name, self._on_event, clock=self._clock)
        return self._journals[source]


def run_episode(
    setup: EpisodeSetup,
    assembly: Assembly,
    browser: InstantBrowser,
    *,
    minds: Minds | None = None,
    on_event: Callable[[EventEnvelope], None] | None = None,
) -> EpisodeResult:
    """Runs one episode to its end.

    Args:
        setup: The episode.
        assembly: The system's parts.
        browser: Shared by the episode's agents.
        minds: Made before, when several episodes share them; made from `assembly` when absent.
        on_event: Receives each event in its envelope.
    """
    made = minds or Minds.of(assembly)
    episode = InProcessEpisode(setup, made, assembly, browser, on_event or _drop)
    policies = {agent.id: assembly.policy(agent) for agent in assembly.agents}
    while not episode.is_over:
        pending = episode.pending()
        assert pending, "an episode that runs has an agent that waits for a choice"
        episode.advance(choose_for(pending, policies))
    episode.close()
    return episode.result


def choose_for(pending: Sequence[Pending], policies: dict[str, ActionPolicy]) -> list[Choice]:
    """Asks each agent's policy for its choice."""
    return [policies[item.agent].choose_all([item.view])[0] for item in pending]


def _drop(envelope: EventEnvelope) -> None:
    del envelope
