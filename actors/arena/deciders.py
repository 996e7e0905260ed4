"""What is done about a failed subtask while agents learn, and plans that nobody remembers.

An episode must show how the learner's own nodes do: nothing is handed to another agent, another
tier or the heuristic, and no plan is served that an earlier episode left.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.events import FailureKind, Trigger
from core.plans import Plan
from planner.decisions import (
    CacheAnswer,
    Continue,
    Decision,
    GiveUp,
    PlanOutcome,
    RepairKind,
    RunReport,
    WantNewPlan,
)
from planner.requests import PlanRequest

__all__ = ["NewPlanOnce", "NoPlans"]

_ABOUT_THE_SITE = frozenset({FailureKind.NOT_FOUND, FailureKind.NOT_ALLOWED})


@dataclass(frozen=True, slots=True)
class NewPlanOnce:
    """A `planner.decisions.Decider`: one new plan when the site has no such thing, else the end.

    Some tasks ask for what is not there or not allowed; their answer takes a second plan. Any other
    failure is the agent's, and ends the episode.
    """

    max_new_plans: int = 1

    def decide(self, report: RunReport) -> Decision:
        """Returns what to do after a subtask."""
        failure = report.failure
        if failure is None:
            return Continue()
        fingerprint = f"{failure.node}:{failure.kind}"
        planned = sum(past.kind is RepairKind.NEW_PLAN for past in report.past)
        if failure.kind in _ABOUT_THE_SITE and planned < self.max_new_plans:
            return WantNewPlan(
                trigger=Trigger.ACTION_FAILURE,
                node=failure.node,
                reason=failure.reason,
                fingerprint=fingerprint,
            )
        return GiveUp(
            trigger=Trigger.ACTION_FAILURE, reason=failure.reason, fingerprint=fingerprint
        )


class NoPlans:
    """A `planner.decisions.PlanCache` that remembers nothing."""

    def look_up(self, request: PlanRequest) -> CacheAnswer:
        """Returns a miss."""
        del request
        return CacheAnswer(plan=None, reason="episodes of learners remember no plans")

    def store(self, request: PlanRequest, plan: Plan, outcome: PlanOutcome) -> None:
        """Forgets a plan that worked."""

    def failed(self, request: PlanRequest, plan: Plan) -> None:
        """Forgets a plan that did not work."""
