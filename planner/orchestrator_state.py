"""All that the orchestrator's machine knows of one episode, and what follows from it.

Owned by `OrchestratorMachine`; the functions of planning, running and ending read and change it.
What the plan has come to is not here but in `EpisodeBook`, a fold of the recorded events: nothing
changes the book except `EpisodeState.record`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from core.budget import Enforcement
from core.errors import InvariantError
from core.events import Event
from core.plans import Plan
from core.tasks import AgentResponse
from planner.decisions import Decider, Failure, RunReport, WantNewPlan
from planner.orchestrator_book import EpisodeBook, NodeState
from planner.orchestrator_limits import OrchestratorLimits
from planner.orchestrator_signals import Record, TaskTaken
from planner.orchestrator_staff import Assignment, Staff
from planner.requests import PlanRequest

__all__ = ["Ending", "EpisodeState", "Phase", "PlanPricing", "PlanWish"]


class PlanPricing(Protocol):
    """What plans cost; `policies.tariff.Tariff` is one."""

    def planning(self, origin: str) -> int:
        """Returns the micro-dollars that a plan of this origin costs."""
        ...


class Phase(StrEnum):
    """Where an episode is; the diagram is in `planner.orchestrator`."""

    NEW = "new"
    LOOKING_UP = "looking_up"
    FUNDING = "funding"
    PLANNING = "planning"
    RUNNING = "running"
    ENDING = "ending"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class PlanWish:
    """Why money for planning is asked for."""

    reservation: str
    amount: int
    """Micro-dollars."""
    cached: Plan | None = None
    """A plan from the cache: only its look-up is to be paid."""
    change: WantNewPlan | None = None
    """A running plan is to be changed; `None`: a first plan."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What the episode will end with, once its last agent is idle."""

    response: AgentResponse
    reason: str


@dataclass(slots=True, kw_only=True)
class EpisodeState:
    """One episode, as the machine sees it."""

    decider: Decider
    pricing: PlanPricing
    limits: OrchestratorLimits
    phase: Phase = Phase.NEW
    task: TaskTaken | None = None
    """`None` before the first event."""
    staff: Staff = field(default_factory=lambda: Staff(()))
    book: EpisodeBook = field(default_factory=EpisodeBook)
    wish: PlanWish | None = None
    """The one reservation for planning that may be open."""
    num_wishes: int = 0
    planning_spent: int = 0
    """Micro-dollars."""
    served: Plan | None = None
    """The plan that the cache served."""
    ending: Ending | None = None
    is_stopped: bool = False
    """Whether somebody asked for the end: the plan is not to blame."""
    cause: str = ""
    """Id of the event that is handled."""

    @property
    def known(self) -> TaskTaken:
        """The task; there is one from the first event on."""
        assert self.task is not None, "the first event brings the task"
        return self.task

    @property
    def episode(self) -> str:
        """The episode's id."""
        return self.known.episode

    @property
    def plan(self) -> Plan:
        """The plan that runs."""
        assert self.book.plan is not None, "there is a plan while nodes run"
        return self.book.plan

    @property
    def wished(self) -> PlanWish:
        """The open wish, in the phases that have one."""
        assert self.wish is not None, "money was asked for"
        return self.wish

    @property
    def spent(self) -> int:
        """Micro-dollars settled, planning included."""
        return self.planning_spent + self.book.spent

    def is_wanted(self, given: Assignment) -> bool:
        """Returns whether the plan still waits for this attempt."""
        return (
            self.book.states.get(given.node) is NodeState.RUNNING
            and self.book.reports[given.node].attempts == given.attempt
        )

    def request(self) -> PlanRequest:
        """Returns what a planner is asked now: the task, with the money that is left."""
        request = self.known.request
        return replace(
            request,
            budget=max(0, request.budget - self.spent),
            is_capped=self.known.enforcement is Enforcement.ENFORCE,
        )

    def report(self, failure: Failure | None, confidence: float) -> RunReport:
        """Returns what a decider is told after a subtask."""
        return RunReport(
            request=self.request(),
            plan=self.plan,
            nodes=dict(self.book.reports),
            running=self.book.running(),
            budget=self.known.request.budget,
            hard_cap=self.known.hard_cap,
            spent=self.spent,
            progress=self.book.progress(),
            confidence=confidence,
            failure=failure,
            past=self.book.past,
            lost_agents=frozenset(self.staff.gone | self.staff.gone_for_good),
        )

    def record(self, event: Event) -> Record:
        """Folds an event into the book, and returns the instruction that publishes it."""
        self.book.apply(event)
        return Record(event=event, cause=self.cause)

    def check_invariants(self) -> None:
        """Checks what must hold between events.

        Raises:
            InvariantError: It does not hold.
        """
        self.book.check_invariants()
        given = {assignment.node for assignment in self.staff.busy.values()}
        running = self.book.running()
        if not running <= given and self.phase is not Phase.ENDED:
            raise InvariantError(f"nodes {sorted(running - given)} run on no agent")
        waits = self.phase in (Phase.FUNDING, Phase.PLANNING)
        if waits != (self.wish is not None):
            raise InvariantError(f"money for {self.wish} while {self.phase}")
