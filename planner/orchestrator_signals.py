"""What goes into the orchestrator's machine, and what comes out of it.

    events        TaskTaken MoneyGranted MoneyRefused CacheAnswered PlannerAnswered
                  SubtaskEnded AgentGone AgentBack TimeUp CancelAsked
    instructions  Record ReserveMoney SettleMoney RefundMoney AskCache AskPlanner AskReplan
                  StartSubtask CancelSubtask StorePlan BlamePlan Finish

Each event has an id; each instruction names the event that caused it.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.budget import Enforcement
from core.events import Event, SubtaskFailed, SubtaskSucceeded
from core.plans import Plan
from core.tasks import AgentResponse
from planner.decisions import CacheAnswer, PlanOutcome
from planner.requests import PlanRequest, ReplanRequest
from policies.subtask_signals import SubtaskOrder

__all__ = [
    "AgentBack",
    "AgentGone",
    "AskCache",
    "AskPlanner",
    "AskReplan",
    "BlamePlan",
    "CacheAnswered",
    "CancelAsked",
    "CancelSubtask",
    "Finish",
    "Instruction",
    "MoneyGranted",
    "MoneyRefused",
    "OrchestratorEvent",
    "PlannerAnswered",
    "Record",
    "RefundMoney",
    "ReserveMoney",
    "SettleMoney",
    "StartSubtask",
    "StorePlan",
    "SubtaskEnded",
    "TaskTaken",
    "TimeUp",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorEvent:
    """Something the machine is told."""

    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTaken(OrchestratorEvent):
    """An episode begins, or goes on after a crash."""

    episode: str
    request: PlanRequest
    """With the whole budget; the machine keeps what is left up to date."""
    hard_cap: int
    """Micro-dollars that the ledger enforces, at least `request.budget`."""
    seed: int = 0
    enforcement: Enforcement = Enforcement.ENFORCE
    history: tuple[Event, ...] = ()
    """What the log holds of this episode; empty for a new one."""
    spent: int = 0
    """Micro-dollars that the ledger has settled before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyGranted(OrchestratorEvent):
    """The ledger set money for planning aside."""

    reservation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRefused(OrchestratorEvent):
    """The ledger did not."""

    reservation: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheAnswered(OrchestratorEvent):
    """The plan cache answered, or could not be asked (a miss that says so)."""

    answer: CacheAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannerAnswered(OrchestratorEvent):
    """The planner made a plan, or none."""

    plan: Plan | None
    reason: str = ""
    """Why there is none."""
    spent: int = 0
    """Micro-dollars that the planner settled by itself, through its purse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtaskEnded(OrchestratorEvent):
    """An agent ended the attempt that it was given."""

    result: SubtaskSucceeded | SubtaskFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentGone(OrchestratorEvent):
    """An agent's process is gone, with whatever it was doing."""

    agent: str
    reason: str
    spent: int = 0
    """Micro-dollars that its attempt had settled, open reservations at their bounds included."""
    is_final: bool = False
    """Whether it will not come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentBack(OrchestratorEvent):
    """A fresh process stands in for an agent that was gone."""

    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeUp(OrchestratorEvent):
    """The episode's deadline has passed; twice: end without waiting for anybody."""

    reason: str = "out of time"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAsked(OrchestratorEvent):
    """Whoever asked for the episode wants no more of it."""

    reason: str = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Append this fact to the log before any later instruction is carried out."""

    event: Event
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveMoney:
    """Set aside what planning may cost."""

    reservation: str
    amount: int
    """Micro-dollars."""
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleMoney:
    """This much of the reservation was used."""

    reservation: str
    amount: int
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundMoney:
    """Nothing of the reservation was used."""

    reservation: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCache:
    """Look for a plan that worked."""

    request: PlanRequest
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPlanner:
    """Make a first plan."""

    request: PlanRequest
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskReplan:
    """Make a better plan."""

    request: ReplanRequest
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSubtask:
    """Give an agent one attempt at one node."""

    order: SubtaskOrder
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSubtask:
    """Stop an attempt; it still ends with exactly one result."""

    agent: str
    subtask: str
    """`SubtaskOrder.id`."""
    reason: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePlan:
    """Remember a plan that worked."""

    request: PlanRequest
    plan: Plan
    outcome: PlanOutcome
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlamePlan:
    """Count against a plan of the cache that it did not work."""

    request: PlanRequest
    plan: Plan
    """As it was served, before any repair."""
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The episode is over; the last instruction of every episode."""

    response: AgentResponse
    reason: str
    cause: str


Instruction = (
    Record
    | ReserveMoney
    | SettleMoney
    | RefundMoney
    | AskCache
    | AskPlanner
    | AskReplan
    | StartSubtask
    | CancelSubtask
    | StorePlan
    | BlamePlan
    | Finish
)
