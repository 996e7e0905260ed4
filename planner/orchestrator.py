"""The orchestrator of one episode, as a pure machine.

    NEW ─TaskTaken─> LOOKING_UP ─CacheAnswered─> FUNDING ─MoneyGranted─> PLANNING
                                                  ^   │ (a cached plan)      │ PlannerAnswered
                             WantNewPlan, counted │   v                      v
                                                  └─ RUNNING <───────────────┘
                                                      │ answered, given up, stuck, out of time
                                                      v
                                                   ENDING ─last agent idle─> ENDED

It runs every node whose inputs are there as soon as an agent may take it, carries values along
data edges, and asks a `Decider` after each subtask. It always ends: attempts, starts and repairs
are bounded here, time by `TimeUp`; when nothing runs and nothing can, the episode is over. What it
knows of the plan is `EpisodeBook`, a fold of the events that it records.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from core.errors import InvariantError, PlanError
from core.events import (
    AgentLost,
    EpisodeFinished,
    EpisodeStarted,
    Event,
    FailureKind,
    PlanLookedUp,
    PlanMade,
    Replanned,
    ReplanRefused,
    SubtaskFailed,
    SubtaskStarted,
    SubtaskSucceeded,
)
from core.plans import Plan, PlanNode, Verb
from core.tasks import AgentResponse, ResponseStatus
from planner.decisions import (
    CacheAnswer,
    Continue,
    Decider,
    Failure,
    GiveUp,
    PlanOutcome,
    Repair,
    RunReport,
    WantNewPlan,
)
from planner.orchestrator_answers import answer_of, failing_answer
from planner.orchestrator_book import EpisodeBook, NodeState
from planner.orchestrator_limits import OrchestratorLimits
from planner.orchestrator_signals import (
    AgentBack,
    AgentGone,
    AskCache,
    AskPlanner,
    AskReplan,
    BlamePlan,
    CacheAnswered,
    CancelAsked,
    CancelSubtask,
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
    StorePlan,
    SubtaskEnded,
    TaskTaken,
    TimeUp,
)
from planner.orchestrator_staff import Assignment, Staff, subtask_order
from planner.repairs import mend
from planner.requests import PlanRequest, ReplanRequest
from planner.validator import PlanContext
from policies.profiles import AgentProfile

__all__ = ["OrchestratorLimits", "OrchestratorMachine", "PlanPricing"]


class PlanPricing(Protocol):
    """What plans cost; `policies.tariff.Tariff` is one."""

    def planning(self, origin: str) -> int:
        """Returns the micro-dollars that a plan of this origin costs."""
        ...


class _Phase(StrEnum):
    NEW = "new"
    LOOKING_UP = "looking_up"
    FUNDING = "funding"
    PLANNING = "planning"
    RUNNING = "running"
    ENDING = "ending"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class _Wish:
    """Why money for planning is asked for."""

    reservation: str
    amount: int
    cached: Plan | None = None
    """A plan from the cache: only its look-up is to be paid."""
    change: WantNewPlan | None = None
    """A running plan is to be changed; `None`: a first plan."""


@dataclass(frozen=True, slots=True)
class _Ending:
    response: AgentResponse
    reason: str


class OrchestratorMachine:
    """Takes events, returns instructions; knows no actor, clock or connection."""

    def __init__(
        self,
        decider: Decider,
        pricing: PlanPricing,
        limits: OrchestratorLimits | None = None,
    ) -> None:
        self._decider = decider
        self._pricing = pricing
        self._limits = limits or OrchestratorLimits()
        self._phase = _Phase.NEW
        self._task: TaskTaken | None = None
        self._staff = Staff(())
        self._book = EpisodeBook()
        self._wish: _Wish | None = None
        self._wishes = 0
        self._planning_spent = 0
        self._ending: _Ending | None = None
        self._cause = ""
        self._served: Plan | None = None
        """The plan that the cache served."""
        self._is_stopped = False

    @property
    def book(self) -> EpisodeBook:
        """How the episode stands; for reading only."""
        return self._book

    @property
    def is_ended(self) -> bool:
        """Whether the episode is over."""
        return self._phase is _Phase.ENDED

    @property
    def spent(self) -> int:
        """Micro-dollars settled, planning included."""
        return self._planning_spent + self._book.spent

    def handle(self, event: OrchestratorEvent) -> tuple[Instruction, ...]:
        """Takes one event and returns what to do, in order.

        Answers that arrive when nobody waits for them any more are ignored.

        Raises:
            InvariantError: The event cannot happen in this phase.
        """
        if self._phase is _Phase.ENDED:
            return ()
        name = _TABLE.get((self._phase, type(event)))
        if name is None:
            raise InvariantError(f"{type(event).__name__} cannot happen while {self._phase}")
        self._cause = event.id
        method: Callable[[OrchestratorEvent], list[Instruction]] = getattr(self, name)
        return tuple(method(event))

    def check_invariants(self) -> None:
        """Checks what must hold between events.

        Raises:
            InvariantError: It does not hold.
        """
        self._book.check_invariants()
        given = {assignment.node for assignment in self._staff.busy.values()}
        running = self._book.running()
        if not running <= given and self._phase is not _Phase.ENDED:
            raise InvariantError(f"nodes {sorted(running - given)} run on no agent")
        waits = self._phase in (_Phase.FUNDING, _Phase.PLANNING)
        if waits != (self._wish is not None):
            raise InvariantError(f"money for {self._wish} while {self._phase}")

    # -- the first plan --------------------------------------------------------------------------

    def _taken(self, event: TaskTaken) -> list[Instruction]:
        self._task = event
        self._staff = Staff(event.request.agents)
        if event.history:
            return self._resume(event)
        started = EpisodeStarted(
            episode=event.episode,
            task=event.request.task.key,
            intent=event.request.task.intent,
            budget=event.request.budget,
            hard_cap=event.hard_cap,
            seed=event.seed,
            enforcement=event.enforcement.value,
        )
        return [self._record(started), self._look_up()]

    def _resume(self, event: TaskTaken) -> list[Instruction]:
        """Takes up an episode from its log: what was done stays done, what ran has failed."""
        self._book.fold(event.history)
        first = next((one.plan for one in event.history if isinstance(one, PlanMade)), None)
        self._served = first if first is not None and first.origin == "cache" else None
        self._planning_spent = max(0, event.spent - self._book.spent)
        if self._book.plan is None:
            return [self._look_up()]
        self._phase = _Phase.RUNNING
        lost: list[Instruction] = []
        for node in sorted(self._book.running()):
            report = self._book.reports[node]
            lost.append(
                self._record(
                    SubtaskFailed(
                        episode=event.episode,
                        node=node,
                        attempt=report.attempts,
                        agent=report.agents[-1],
                        failure=FailureKind.AGENT_LOST,
                        reason="the orchestrator was restarted",
                        steps=0,
                        spent=0,
                    )
                )
            )
        if lost:
            return [*lost, *self._decide(self._book.failure, 0.0)]
        return self._dispatch()

    def _look_up(self) -> AskCache:
        self._phase = _Phase.LOOKING_UP
        return AskCache(request=self._request(), cause=self._cause)

    def _cache_answered(self, event: CacheAnswered) -> list[Instruction]:
        answer = self._checked(event.answer)
        found = answer.plan is not None
        recorded = self._record(
            PlanLookedUp(episode=self._episode, hit=found, reason=answer.reason)
        )
        origin = "cache" if found else self._limits.planner_origin
        return [recorded, self._fund(origin, cached=answer.plan)]

    def _checked(self, answer: CacheAnswer) -> CacheAnswer:
        """Turns a hit that breaks a rule into a miss that says which."""
        if answer.plan is None:
            return answer
        mended = mend(answer.plan, PlanContext.of(self._request()))
        if mended.findings:
            return CacheAnswer(plan=None, reason=f"cached plan refused: {mended.findings[0]}")
        return CacheAnswer(plan=mended.plan, reason=answer.reason)

    def _fund(
        self, origin: str, *, cached: Plan | None = None, change: WantNewPlan | None = None
    ) -> Instruction:
        amount = self._pricing.planning(origin)
        wish = _Wish(f"{self._episode}/plan{self._wishes}", amount, cached, change)
        self._wishes += 1
        self._wish = wish
        self._phase = _Phase.FUNDING
        return ReserveMoney(reservation=wish.reservation, amount=amount, cause=self._cause)

    def _money_granted(self, event: MoneyGranted) -> list[Instruction]:
        wish = self._wished
        assert event.reservation == wish.reservation, "one wish at a time"
        if wish.cached is not None:
            self._served = wish.cached
            return [*self._pay(wish.amount), *self._begin(wish.cached)]
        self._phase = _Phase.PLANNING
        if wish.change is None:
            return [AskPlanner(request=self._request(), cause=self._cause)]
        asked = ReplanRequest(
            request=self._request(),
            plan=self._plan,
            nodes=dict(self._book.reports),
            trigger=wish.change.trigger,
            node=wish.change.node,
            reason=wish.change.reason,
        )
        return [AskReplan(request=asked, cause=self._cause)]

    def _money_refused(self, event: MoneyRefused) -> list[Instruction]:
        wish, self._wish = self._wished, None
        if wish.change is not None:
            return self._no_change(wish.change, event.reason)
        return self._fail(f"the budget does not cover planning ({wish.amount}): {event.reason}")

    def _planner_answered(self, event: PlannerAnswered) -> list[Instruction]:
        wish, plan = self._wished, event.plan
        self._planning_spent += event.spent
        cost = wish.amount if plan is None else self._pricing.planning(plan.origin)
        paid = self._pay(min(cost, wish.amount))
        if wish.change is not None:
            if plan is None:
                return [*paid, *self._no_change(wish.change, event.reason or "no better plan")]
            return [*paid, *self._change(wish.change, "new_plan", plan)]
        if plan is None:
            return [*paid, *self._fail(f"no plan: {event.reason}")]
        mended = mend(plan, PlanContext.of(self._request()))
        if mended.findings:
            broken = "; ".join(finding.message for finding in mended.findings[:3])
            return [*paid, *self._fail(f"the plan breaks rules: {broken}")]
        return [*paid, *self._begin(mended.plan)]

    def _begin(self, plan: Plan) -> list[Instruction]:
        self._phase = _Phase.RUNNING
        made = self._record(PlanMade(episode=self._episode, plan=plan))
        return [made, *self._dispatch()]

    def _pay(self, amount: int) -> list[Instruction]:
        wish, self._wish = self._wished, None
        self._planning_spent += amount
        return [SettleMoney(reservation=wish.reservation, amount=amount, cause=self._cause)]

    # -- running ---------------------------------------------------------------------------------

    def _subtask_ended(self, event: SubtaskEnded) -> list[Instruction]:
        result = event.result
        given = self._staff.busy.get(result.agent)
        if given is None or (given.node, given.attempt) != (result.node, result.attempt):
            return []  # told twice, or told after its agent was given up
        del self._staff.busy[result.agent]
        wanted = self._is_wanted(given)
        recorded = self._record(result)
        return [recorded, *self._after(result, wanted)]

    def _after(self, result: SubtaskSucceeded | SubtaskFailed, wanted: bool) -> list[Instruction]:
        if self._phase is _Phase.ENDING:
            return self._finish_when_idle()
        if self._phase is not _Phase.RUNNING:
            return []  # a new plan is under way, what is done will be kept
        if not wanted:
            return self._dispatch()
        if isinstance(result, SubtaskFailed):
            return self._decide(self._book.failure, result.confidence)
        if self._book.nodes[result.node].subgoal.verb is Verb.RESPOND:
            return self._end(answer_of(result.outputs, self._plan), "answered")
        return self._decide(None, result.confidence)

    def _agent_gone(self, event: AgentGone) -> list[Instruction]:
        (self._staff.gone_for_good if event.is_final else self._staff.gone).add(event.agent)
        told = self._record(
            AgentLost(episode=self._episode, agent=event.agent, reason=event.reason)
        )
        given = self._staff.busy.pop(event.agent, None)
        if given is None:
            return [told, *(self._dispatch() if self._phase is _Phase.RUNNING else [])]
        wanted = self._is_wanted(given)
        failed = SubtaskFailed(
            episode=self._episode,
            node=given.node,
            attempt=given.attempt,
            agent=event.agent,
            failure=FailureKind.AGENT_LOST,
            reason=event.reason,
            steps=0,
            spent=event.spent,
        )
        return [told, self._record(failed), *self._after(failed, wanted)]

    def _agent_back(self, event: AgentBack) -> list[Instruction]:
        self._staff.gone.discard(event.agent)
        return self._dispatch() if self._phase is _Phase.RUNNING else []

    def _decide(self, failure: Failure | None, confidence: float) -> list[Instruction]:
        """Asks the decider, and does what it says as long as the limits allow."""
        decision = self._decider.decide(self._report(failure, confidence))
        if isinstance(decision, Continue):
            return self._dispatch()
        if isinstance(decision, GiveUp):
            return self._fail(decision.reason)
        if len(self._book.past) >= self._limits.max_repairs:
            return self._fail(f"after {len(self._book.past)} repairs: {decision.reason}")
        if isinstance(decision, Repair):
            return self._change(decision, decision.kind.value, decision.plan)
        return [self._fund(self._limits.planner_origin, change=decision)]

    def _change(self, why: Repair | WantNewPlan, repair: str, plan: Plan) -> list[Instruction]:
        """Goes on with another plan, if it keeps the rules."""
        self._phase = _Phase.RUNNING
        old = self._plan
        if plan != old:
            context = PlanContext.of(replace(self._request(), budget=self._known.hard_cap))
            mended = mend(plan, context)
            if mended.findings:
                return self._no_change(why, f"refused: {mended.findings[0].message}")
            plan = mended.plan.model_copy(update={"revision": old.revision + 1})
        changed = self._record(
            Replanned(
                episode=self._episode,
                trigger=why.trigger,
                reason=why.reason,
                repair=repair,
                fingerprint=why.fingerprint,
                plan=plan,
            )
        )
        stale = [
            CancelSubtask(agent=agent, subtask=given.subtask, reason="replanned", cause=self._cause)
            for agent, given in self._staff.busy.items()
            if not self._is_wanted(given)
        ]
        return [changed, *stale, *self._dispatch()]

    def _no_change(self, why: Repair | WantNewPlan, reason: str) -> list[Instruction]:
        self._phase = _Phase.RUNNING
        refused = ReplanRefused(
            episode=self._episode,
            trigger=why.trigger,
            reason=f"{why.reason}: {reason}",
            fingerprint=why.fingerprint,
        )
        return [self._record(refused), *self._dispatch()]

    def _dispatch(self) -> list[Instruction]:
        """Starts every ready node that an idle agent may take; ends when nothing can run."""
        made: list[Instruction] = []
        ready = self._book.ready()
        for node_id in ready:
            node = self._book.nodes[node_id]
            ending = self._exhausted(node)
            if ending:
                return [*made, *self._fail(ending)]
            agent = self._staff.take(node)
            if agent is None:
                continue
            try:
                made += self._start(node, agent)
            except PlanError as error:
                return [*made, *self._fail(f"node {node_id}: {error}")]
        if not ready and not self._staff.busy:
            return [*made, *self._fail(self._stuck())]
        return made

    def _exhausted(self, node: PlanNode) -> str:
        limits = self._limits
        if self._book.reports[node.id].attempts >= limits.max_attempts:
            return f"node {node.id} was tried {limits.max_attempts} times"
        most = max(limits.min_starts, limits.starts_per_node * len(self._book.nodes))
        if self._book.starts >= most:
            return f"{most} subtasks were started"
        if not self._staff.could(node):
            return f"no agent is left that can do node {node.id}"
        return ""

    def _start(self, node: PlanNode, agent: AgentProfile) -> list[Instruction]:
        order = subtask_order(self._known, node, agent, self._book.reports)
        self._staff.busy[agent.id] = Assignment(node.id, order.attempt, order.id)
        started = SubtaskStarted(
            episode=self._episode,
            node=node.id,
            attempt=order.attempt,
            agent=agent.id,
            tier=node.tier,
            arguments=dict(order.arguments),
        )
        return [self._record(started), StartSubtask(order=order, cause=self._cause)]

    # -- the end ---------------------------------------------------------------------------------

    def _stopped(self, event: TimeUp | CancelAsked) -> list[Instruction]:
        if self._phase is _Phase.ENDING:
            return self._finish() if isinstance(event, TimeUp) else []
        self._is_stopped = isinstance(event, CancelAsked)
        return self._fail(event.reason)

    def _late_grant(self, event: MoneyGranted) -> list[Instruction]:
        return [RefundMoney(reservation=event.reservation, cause=self._cause)]

    def _ignored(self, event: OrchestratorEvent) -> list[Instruction]:
        if isinstance(event, PlannerAnswered):  # too late for the plan, but the money is spent
            self._planning_spent += event.spent
        return []

    def _stuck(self) -> str:
        failure = self._book.failure
        return "nothing can run any more" if failure is None else failure.reason

    def _fail(self, reason: str) -> list[Instruction]:
        return self._end(failing_answer(self._book.plan, self._book.failure, reason), reason)

    def _end(self, response: AgentResponse, reason: str) -> list[Instruction]:
        closed: list[Instruction] = []
        if self._wish is not None and self._phase is _Phase.PLANNING:
            closed = self._pay(self._wish.amount)
        self._wish = None
        self._phase = _Phase.ENDING
        self._ending = _Ending(response, reason)
        cancels = [
            CancelSubtask(agent=agent, subtask=given.subtask, reason=reason, cause=self._cause)
            for agent, given in self._staff.busy.items()
        ]
        return [*closed, *cancels, *self._finish_when_idle()]

    def _finish_when_idle(self) -> list[Instruction]:
        return [] if self._staff.busy else self._finish()

    def _finish(self) -> list[Instruction]:
        ending = self._ending
        assert ending is not None, "an episode ends with an answer"
        self._phase = _Phase.ENDED
        made: list[Instruction] = [
            self._record(
                EpisodeFinished(
                    episode=self._episode,
                    response=ending.response,
                    reason=ending.reason,
                    spent=self.spent,
                    replans=self._book.replans,
                )
            )
        ]
        if ending.response.status is ResponseStatus.SUCCESS and self._book.plan is not None:
            outcome = PlanOutcome(
                spent=self.spent, replans=self._book.replans, confidence=self._book.confidence
            )
            made.append(
                StorePlan(
                    request=self._known.request,
                    plan=self._book.plan,
                    outcome=outcome,
                    cause=self._cause,
                )
            )
        elif self._served is not None and not self._is_stopped:
            request, served = self._known.request, self._served
            made.append(BlamePlan(request=request, plan=served, cause=self._cause))
        made.append(Finish(response=ending.response, reason=ending.reason, cause=self._cause))
        return made

    # -- what is known ---------------------------------------------------------------------------

    @property
    def _known(self) -> TaskTaken:
        assert self._task is not None, "the first event brings the task"
        return self._task

    @property
    def _episode(self) -> str:
        return self._known.episode

    @property
    def _plan(self) -> Plan:
        assert self._book.plan is not None, "there is a plan while nodes run"
        return self._book.plan

    @property
    def _wished(self) -> _Wish:
        assert self._wish is not None, "money was asked for"
        return self._wish

    def _is_wanted(self, given: Assignment) -> bool:
        return (
            self._book.states.get(given.node) is NodeState.RUNNING
            and self._book.reports[given.node].attempts == given.attempt
        )

    def _request(self) -> PlanRequest:
        request = self._known.request
        return replace(request, budget=max(0, request.budget - self.spent))

    def _report(self, failure: Failure | None, confidence: float) -> RunReport:
        return RunReport(
            request=self._request(),
            plan=self._plan,
            nodes=dict(self._book.reports),
            running=self._book.running(),
            budget=self._known.request.budget,
            hard_cap=self._known.hard_cap,
            spent=self.spent,
            progress=self._book.progress(),
            confidence=confidence,
            failure=failure,
            past=self._book.past,
            lost_agents=frozenset(self._staff.gone | self._staff.gone_for_good),
        )

    def _record(self, event: Event) -> Record:
        self._book.apply(event)
        return Record(event=event, cause=self._cause)


_BEFORE_RUNNING = (_Phase.LOOKING_UP, _Phase.FUNDING, _Phase.PLANNING)
_LIVE = (*_BEFORE_RUNNING, _Phase.RUNNING, _Phase.ENDING)

_TABLE: dict[tuple[_Phase, type[OrchestratorEvent]], str] = {
    (_Phase.NEW, TaskTaken): "_taken",
    (_Phase.LOOKING_UP, CacheAnswered): "_cache_answered",
    (_Phase.FUNDING, MoneyGranted): "_money_granted",
    (_Phase.FUNDING, MoneyRefused): "_money_refused",
    (_Phase.PLANNING, PlannerAnswered): "_planner_answered",
    (_Phase.ENDING, CacheAnswered): "_ignored",
    (_Phase.ENDING, MoneyGranted): "_late_grant",
    (_Phase.ENDING, MoneyRefused): "_ignored",
    (_Phase.ENDING, PlannerAnswered): "_ignored",
    **{(phase, SubtaskEnded): "_subtask_ended" for phase in _LIVE},
    **{(phase, AgentGone): "_agent_gone" for phase in _LIVE},
    **{(phase, AgentBack): "_agent_back" for phase in _LIVE},
    **{(phase, TimeUp): "_stopped" for phase in _LIVE},
    **{(phase, CancelAsked): "_stopped" for phase in _LIVE},
}
