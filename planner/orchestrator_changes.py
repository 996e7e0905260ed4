"""A plan changes while it runs, or is kept although a change was wanted."""

from __future__ import annotations

from dataclasses import replace

from core.events import Replanned, ReplanRefused
from core.plans import Plan
from planner.decisions import Repair, WantNewPlan
from planner.orchestrator_dispatch import dispatch
from planner.orchestrator_signals import CancelSubtask, Instruction
from planner.orchestrator_state import EpisodeState, Phase
from planner.repairs import mend
from planner.validator import PlanContext

__all__ = ["change_plan", "keep_plan"]


def change_plan(
    state: EpisodeState, why: Repair | WantNewPlan, repair: str, plan: Plan
) -> list[Instruction]:
    """Goes on with another plan, if it keeps the rules."""
    state.phase = Phase.RUNNING
    old = state.plan
    if plan != old:
        context = PlanContext.of(replace(state.request(), budget=state.known.hard_cap))
        mended = mend(plan, context)
        if mended.findings:
            return keep_plan(state, why, f"refused: {mended.findings[0].message}")
        plan = mended.plan.model_copy(update={"revision": old.revision + 1})
    changed = state.record(
        Replanned(
            episode=state.episode,
            trigger=why.trigger,
            reason=why.reason,
            repair=repair,
            fingerprint=why.fingerprint,
            plan=plan,
        )
    )
    stale = [
        CancelSubtask(agent=agent, subtask=given.subtask, reason="replanned", cause=state.cause)
        for agent, given in state.staff.busy.items()
        if not state.is_wanted(given)
    ]
    return [changed, *stale, *dispatch(state)]


def keep_plan(state: EpisodeState, why: Repair | WantNewPlan, reason: str) -> list[Instruction]:
    """Goes on with the plan as it is, and records which change was refused."""
    state.phase = Phase.RUNNING
    refused = ReplanRefused(
        episode=state.episode,
        trigger=why.trigger,
        reason=f"{why.reason}: {reason}",
        fingerprint=why.fingerprint,
    )
    return [state.record(refused), *dispatch(state)]
