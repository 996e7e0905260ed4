"""A gate before new plans: a person, or any callable, is asked first."""

from __future__ import annotations

from collections.abc import Callable

from planner.decisions import (
    Continue,
    Decider,
    Decision,
    GiveUp,
    Repair,
    RepairKind,
    RunReport,
    WantNewPlan,
)

__all__ = ["Approve", "ConfirmingDecider"]

Approve = Callable[[RunReport, Repair | WantNewPlan], bool]
"""Gets how the episode stands and what is to change; returns whether it may."""


class ConfirmingDecider:
    """A `Decider` that asks before a plan changes; the same node once more is no change.

    A refusal ends the episode where a subtask has failed; a warning alone (money, confidence) then
    goes on with the old plan, and is not asked about again while its fingerprint stays the same.
    """

    def __init__(self, decider: Decider, approve: Approve) -> None:
        self._decider = decider
        self._approve = approve
        self._answers: dict[tuple[str, str], bool] = {}

    def decide(self, report: RunReport) -> Decision:
        """Returns what the inner decider says if it is approved, else what a refusal means."""
        decision = self._decider.decide(report)
        if not isinstance(decision, Repair | WantNewPlan):
            return decision
        if isinstance(decision, Repair) and decision.kind is RepairKind.RETRY:
            return decision
        asked = (report.request.task.key, decision.fingerprint)
        if asked not in self._answers:
            self._answers[asked] = self._approve(report, decision)
        if self._answers[asked]:
            return decision
        if report.failure is None:
            return Continue()
        return GiveUp(
            trigger=decision.trigger,
            reason=f"not approved: {decision.reason}",
            fingerprint=decision.fingerprint,
        )
