"""The replanning engine: six triggers, cheap repairs first, and no storms.

    trigger               fires when                                         tried in this order
    REPEATED_FAILURES     a node, or the episode, failed too often           new plan
    UNEXPECTED_STATE      a postcondition does not hold                      new plan
    ACTION_FAILURE        a subtask ended without its outputs                see `_REPAIRS`
    CONSTRAINT_VIOLATION  cost, or projected cost where the cap forbids it,  cheapen, prune
                          is above 105 % of the budget
    BUDGET_INEFFICIENCY   more than 50 % spent with less than 30 % done      cheapen, prune
    LOW_CONFIDENCE        a subtask succeeded with confidence below 0.5      look harder further on

The first trigger that fires and has a repair left answers. A fingerprint names a failure by what
was to be done and how it failed, not by the node's number, so a new plan that fails in the same way
is the same failure; each (fingerprint, kind of repair) is used once, and new plans are counted
whether or not they helped. All of that is read from the report, which is rebuilt from the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.errors import ConfigurationError
from core.events import FailureKind, Trigger
from core.plans import Plan
from planner.decisions import (
    Continue,
    Decision,
    Failure,
    GiveUp,
    Repair,
    RepairKind,
    RunReport,
    WantNewPlan,
)
from planner.repair_moves import cheapen, look_harder, prune, reroute, split

__all__ = ["ReplanConfig", "ReplanningEngine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplanConfig:
    """Thresholds of the triggers; the defaults are DESIGN's."""

    inefficient_spent: float = 0.5
    """Share of the budget spent above which little progress is a trigger."""
    inefficient_progress: float = 0.3
    """Share of the plan's cost finished below which much spending is a trigger."""
    violation: float = 1.05
    """Multiple of the budget above which cost or projected cost is a trigger."""
    confidence: float = 0.5
    """A success below this confidence is a trigger."""
    node_failures: int = 3
    """Failed attempts of one node that count as repeated."""
    episode_failures: int = 6
    """Failed attempts of all nodes together that count as repeated."""
    max_new_plans: int = 3
    """New plans in one episode, counted also when none came or it failed."""

    def __post_init__(self) -> None:
        """Checks the ranges.

        Raises:
            ConfigurationError: A threshold is out of its range.
        """
        for name in ("inefficient_spent", "inefficient_progress", "confidence"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigurationError(f"{name} is in [0, 1], not {getattr(self, name)!r}")
        for name in ("violation", "node_failures", "episode_failures"):
            if getattr(self, name) <= 0:
                raise ConfigurationError(f"{name} is positive, not {getattr(self, name)!r}")
        if self.max_new_plans < 0:
            raise ConfigurationError(f"max_new_plans is >= 0, not {self.max_new_plans!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fired:
    """A trigger that fired."""

    trigger: Trigger
    reason: str
    fingerprint: str
    moves: tuple[RepairKind, ...]
    node: int | None = None
    must_answer: bool = False
    """A failure that no move repairs ends the episode; a warning does not."""


class ReplanningEngine:
    """A `planner.decisions.Decider`: pure, remembers nothing between calls."""

    def __init__(self, config: ReplanConfig | None = None) -> None:
        self._config = config or ReplanConfig()

    def decide(self, report: RunReport) -> Decision:
        """Returns the first repair that is left for the first trigger that fires."""
        failed: GiveUp | None = None
        for fired in self._fired(report):
            decision = self._answer(fired, report)
            if decision is not None:
                return decision
            if fired.must_answer and failed is None:
                failed = GiveUp(
                    trigger=fired.trigger, reason=fired.reason, fingerprint=fired.fingerprint
                )
        return failed or Continue()

    def _fired(self, report: RunReport) -> Iterator[_Fired]:
        if report.failure is not None:
            yield from self._failures(report, report.failure)
        yield from self._money(report)
        if report.failure is None and report.confidence < self._config.confidence:
            yield _Fired(
                trigger=Trigger.LOW_CONFIDENCE,
                reason=f"confidence {report.confidence:.2f} is below {self._config.confidence:.2f}",
                fingerprint="low confidence",
                moves=(RepairKind.REROUTE,),
            )

    def _failures(self, report: RunReport, failure: Failure) -> Iterator[_Fired]:
        node = report.plan.node(failure.node)
        name = _fingerprint(node.subgoal.verb, node.subgoal.object, failure.kind, failure.reason)
        attempts = report.nodes[failure.node].attempts
        total = sum(node.attempts for node in report.nodes.values())
        done = sum(node.outputs is not None for node in report.nodes.values())
        lost = failure.kind is FailureKind.AGENT_LOST
        if not lost and (
            attempts >= self._config.node_failures or total - done >= self._config.episode_failures
        ):
            yield _Fired(
                trigger=Trigger.REPEATED_FAILURES,
                reason=f"{attempts} attempts of node {failure.node}: {failure.reason}",
                fingerprint=name,
                moves=(RepairKind.NEW_PLAN,),
                node=failure.node,
                must_answer=True,
            )
            return
        unexpected = failure.kind is FailureKind.POSTCONDITION
        yield _Fired(
            trigger=Trigger.UNEXPECTED_STATE if unexpected else Trigger.ACTION_FAILURE,
            reason=failure.reason,
            fingerprint=f"{name}:{failure.attempt}" if lost else name,
            moves=_REPAIRS[failure.kind],
            node=failure.node,
            must_answer=True,
        )

    def _money(self, report: RunReport) -> Iterator[_Fired]:
        spent = report.spent / report.budget if report.budget else float(report.spent > 0) * 2
        projected = spent / report.progress if report.progress > 0 else spent
        capped = report.hard_cap <= report.budget * self._config.violation
        at_stake = projected if capped else spent
        if report.progress < 1.0 and at_stake > self._config.violation:
            yield _Fired(
                trigger=Trigger.CONSTRAINT_VIOLATION,
                reason=f"{'projected cost' if capped else 'cost'} is {at_stake:.0%} of the budget",
                fingerprint="over budget",
                moves=(RepairKind.REROUTE, RepairKind.PRUNE),
            )
        if (
            spent > self._config.inefficient_spent
            and report.progress < self._config.inefficient_progress
        ):
            yield _Fired(
                trigger=Trigger.BUDGET_INEFFICIENCY,
                reason=f"{spent:.0%} of the budget for {report.progress:.0%} of the work",
                fingerprint="inefficient",
                moves=(RepairKind.REROUTE, RepairKind.PRUNE),
            )

    def _answer(self, fired: _Fired, report: RunReport) -> Decision | None:
        used = {past.kind for past in report.past if past.fingerprint == fired.fingerprint}
        for kind in fired.moves:
            if kind in used:
                continue
            if kind is RepairKind.NEW_PLAN:
                if self._may_plan_again(report):
                    return WantNewPlan(
                        trigger=fired.trigger,
                        node=fired.node,
                        reason=fired.reason,
                        fingerprint=fired.fingerprint,
                    )
                continue
            plan = _moved(kind, fired, report)
            if plan is not None:
                return Repair(
                    kind=kind,
                    plan=plan,
                    trigger=fired.trigger,
                    reason=fired.reason,
                    fingerprint=fired.fingerprint,
                )
        return None

    def _may_plan_again(self, report: RunReport) -> bool:
        plans = sum(past.kind is RepairKind.NEW_PLAN for past in report.past)
        return plans < self._config.max_new_plans


def _moved(kind: RepairKind, fired: _Fired, report: RunReport) -> Plan | None:
    """Returns the plan after a cheap repair, `None` when it would change nothing."""
    if fired.node is None:
        move = _SOFT_MOVES[fired.trigger if kind is RepairKind.REROUTE else None]
        return move(report)
    return _NODE_MOVES[kind](report, fired.node)


def _fingerprint(verb: str, thing: str, kind: str, reason: str) -> str:
    digest = hashlib.blake2b(reason.encode(), digest_size=4).hexdigest()
    return f"{verb} {thing}: {kind} {digest}"


_REPAIRS: dict[FailureKind, tuple[RepairKind, ...]] = {
    FailureKind.ACTION: (RepairKind.REROUTE, RepairKind.SPLIT, RepairKind.NEW_PLAN),
    FailureKind.STEP_CAP: (RepairKind.SPLIT, RepairKind.REROUTE, RepairKind.NEW_PLAN),
    FailureKind.BUDGET: (RepairKind.PRUNE,),
    FailureKind.POSTCONDITION: (RepairKind.NEW_PLAN,),
    FailureKind.OUTPUT: (RepairKind.REROUTE, RepairKind.NEW_PLAN),
    FailureKind.UNREACHABLE: (RepairKind.RETRY,),
    FailureKind.NOT_FOUND: (RepairKind.NEW_PLAN,),
    FailureKind.NOT_ALLOWED: (RepairKind.NEW_PLAN,),
    FailureKind.AGENT_LOST: (RepairKind.RETRY,),
    FailureKind.CANCELLED: (),
}
"""What a failed subtask is repaired with, cheapest first."""

_NODE_MOVES: dict[RepairKind, Callable[[RunReport, int], Plan | None]] = {
    RepairKind.RETRY: lambda report, _: report.plan,
    RepairKind.REROUTE: reroute,
    RepairKind.SPLIT: split,
    RepairKind.PRUNE: lambda report, _: prune(report),
}
_SOFT_MOVES: dict[Trigger | None, Callable[[RunReport], Plan | None]] = {
    Trigger.LOW_CONFIDENCE: look_harder,
    Trigger.CONSTRAINT_VIOLATION: cheapen,
    Trigger.BUDGET_INEFFICIENCY: cheapen,
    None: prune,
}
