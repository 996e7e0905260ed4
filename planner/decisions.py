"""The port through which the orchestrator's machine asks what to do about a running plan.

The machine reports how the run stands; a decider answers with a value. Deciders are pure: what
they must remember (which failures were repaired already, how many replans there were) is in the
report, which the machine rebuilds from the log after a crash, so that no restart resets a count.

    report after each subtask -> Continue
                              -> Repair(plan)    the decider's own cheap repair: retry, reroute, ...
                              -> WantNewPlan     the planner is asked; its answer is counted too
                              -> GiveUp

`PlanCache` is the second small port: plans that worked before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.events import FailureKind, Trigger
from core.plans import Plan
from planner.requests import NodeReport, PlanRequest

__all__ = [
    "CacheAnswer",
    "Continue",
    "Decider",
    "Decision",
    "Failure",
    "GiveUp",
    "PastRepair",
    "PlanCache",
    "PlanOutcome",
    "Repair",
    "RepairKind",
    "RetryOnly",
    "RunReport",
    "WantNewPlan",
]


class RepairKind(StrEnum):
    """What was done to a running plan, cheapest first."""

    RETRY = "retry"
    """The same node once more; the plan may stay as it is."""
    REROUTE = "reroute"
    """Another agent or tier for the same node."""
    SPLIT = "split"
    PRUNE = "prune"
    NEW_PLAN = "new_plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The failed attempt that led to a report."""

    node: int
    agent: str
    kind: FailureKind
    reason: str
    attempt: int
    """1 for the first attempt of this node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRepair:
    """One earlier answer of the decider that was acted on, whether or not it helped."""

    trigger: Trigger
    kind: RepairKind
    fingerprint: str
    changed: bool
    """False: a new plan was wanted and none came, or it was refused; it counts all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """How an episode stands when one subtask has just ended."""

    request: PlanRequest
    """With the budget that is left now."""
    plan: Plan
    nodes: Mapping[int, NodeReport]
    """One for every node of the plan."""
    running: frozenset[int]
    """Nodes that agents work on now; a repair may not change them without cancelling them."""
    budget: int
    """Micro-dollars: the limit B of the episode."""
    hard_cap: int
    """Micro-dollars that the ledger enforces."""
    spent: int
    """Micro-dollars settled, planning included."""
    progress: float
    """Finished share of the plan's cost, in [0, 1]; of its nodes where it states no costs."""
    confidence: float
    """Calibrated confidence of the subtask that has just ended, in [0, 1]."""
    failure: Failure | None
    """`None` after a success."""
    past: tuple[PastRepair, ...]
    """Earlier repairs of this episode, oldest first."""
    lost_agents: frozenset[str]
    """Agents that are gone now."""


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on with the plan; a node that failed stays failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Go on with this plan. Completed nodes keep id and content; failed ones are open again."""

    kind: RepairKind
    plan: Plan
    trigger: Trigger
    reason: str
    fingerprint: str
    """Names the failure; one fingerprint is repaired once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantNewPlan:
    """Ask the planner for a plan that keeps what is completed."""

    trigger: Trigger
    node: int | None
    reason: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """End the episode with what the last failure says."""

    trigger: Trigger
    reason: str
    fingerprint: str


Decision = Continue | Repair | WantNewPlan | GiveUp


class Decider(Protocol):
    """Answers reports: the replanning engine, a trained gate, or `RetryOnly`."""

    def decide(self, report: RunReport) -> Decision:
        """Returns what to do; the same report always gives the same answer."""
        ...


@dataclass(frozen=True, slots=True)
class RetryOnly:
    """Tries a failed node again a bounded number of times, and never changes a plan.

    What runs when replanning is switched off. A failure that a second look cannot change (no
    money, no such thing, not allowed, cancelled) is not retried.
    """

    max_attempts: int = 2
    """Attempts of one node in all; a lost agent does not use one up."""

    def decide(self, report: RunReport) -> Decision:
        """Returns a retry while it can help, else `GiveUp`; after a success `Continue`."""
        failure = report.failure
        if failure is None:
            return Continue()
        fingerprint = f"{failure.node}:{failure.kind}:{failure.attempt}"
        lost = failure.kind is FailureKind.AGENT_LOST
        if failure.kind in _FINAL or (failure.attempt >= self.max_attempts and not lost):
            return GiveUp(
                trigger=Trigger.ACTION_FAILURE, reason=failure.reason, fingerprint=fingerprint
            )
        return Repair(
            kind=RepairKind.RETRY,
            plan=report.plan,
            trigger=Trigger.ACTION_FAILURE,
            reason=failure.reason,
            fingerprint=fingerprint,
        )


_FINAL = frozenset(
    {
        FailureKind.BUDGET,
        FailureKind.NOT_FOUND,
        FailureKind.NOT_ALLOWED,
        FailureKind.CANCELLED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheAnswer:
    """What the cache says to a request."""

    plan: Plan | None
    """Ready to run, its slots bound to this task; `None`: a miss."""
    reason: str
    """Which guard passed or failed, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOutcome:
    """How the plan of a finished episode did, as far as the orchestrator knows."""

    spent: int
    """Micro-dollars."""
    replans: int
    confidence: float
    """Smallest confidence of the subtasks that succeeded, in [0, 1]."""


class PlanCache(Protocol):
    """Remembers plans that worked."""

    def look_up(self, request: PlanRequest) -> CacheAnswer:
        """Returns a plan that is safe to serve for this request, or why there is none."""
        ...

    def store(self, request: PlanRequest, plan: Plan, outcome: PlanOutcome) -> None:
        """Remembers the plan of an episode that ended in success; storing twice is harmless."""
        ...

    def failed(self, request: PlanRequest, plan: Plan) -> None:
        """Counts against a plan that was served for this request and did not lead to success."""
        ...
