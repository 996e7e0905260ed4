"""From a task to a plan that runs: the cache first, then the money, then the planner.

A new plan for a running one takes the same way, from the money on.
"""

from __future__ import annotations

from core.events import EpisodeStarted, FailureKind, PlanLookedUp, PlanMade, SubtaskFailed
from core.plans import Plan
from planner.decisions import CacheAnswer
from planner.orchestrator_changes import change_plan, keep_plan
from planner.orchestrator_dispatch import dispatch
from planner.orchestrator_ending import fail
from planner.orchestrator_funding import fund, pay
from planner.orchestrator_running import decide
from planner.orchestrator_signals import (
    AskCache,
    AskPlanner,
    AskReplan,
    CacheAnswered,
    Instruction,
    MoneyGranted,
    MoneyRefused,
    PlannerAnswered,
    TaskTaken,
)
from planner.orchestrator_staff import Staff
from planner.orchestrator_state import EpisodeState, Phase
from planner.repairs import mend
from planner.requests import ReplanRequest
from planner.validator import PlanContext

__all__ = ["cache_answered", "money_granted", "money_refused", "planner_answered", "task_taken"]


def task_taken(state: EpisodeState, event: TaskTaken) -> list[Instruction]:
    """Begins an episode, or takes it up again where its log stops."""
    state.task = event
    state.staff = Staff(event.request.agents)
    if event.history:
        return _resume(state, event)
    started = EpisodeStarted(
        episode=event.episode,
        task=event.request.task.key,
        intent=event.request.task.intent,
        budget=event.request.budget,
        hard_cap=event.hard_cap,
        seed=event.seed,
        enforcement=event.enforcement.value,
    )
    return [state.record(started), _look_up(state)]


def cache_answered(state: EpisodeState, event: CacheAnswered) -> list[Instruction]:
    """Asks for the price of the cached plan, or of a new one."""
    answer = _checked(state, event.answer)
    found = answer.plan is not None
    recorded = state.record(PlanLookedUp(episode=state.episode, hit=found, reason=answer.reason))
    origin = "cache" if found else state.limits.planner_origin
    return [recorded, fund(state, origin, cached=answer.plan)]


def money_granted(state: EpisodeState, event: MoneyGranted) -> list[Instruction]:
    """Runs the cached plan, or asks the planner."""
    wish = state.wished
    assert event.reservation == wish.reservation, "one wish at a time"
    if wish.cached is not None:
        state.served = wish.cached
        return [*pay(state, wish.amount), *_begin(state, wish.cached)]
    state.phase = Phase.PLANNING
    if wish.change is None:
        return [AskPlanner(request=state.request(), cause=state.cause)]
    asked = ReplanRequest(
        request=state.request(),
        plan=state.plan,
        nodes=dict(state.book.reports),
        trigger=wish.change.trigger,
        node=wish.change.node,
        reason=wish.change.reason,
    )
    return [AskReplan(request=asked, cause=state.cause)]


def money_refused(state: EpisodeState, event: MoneyRefused) -> list[Instruction]:
    """Keeps the running plan; an episode without a plan ends."""
    wish, state.wish = state.wished, None
    if wish.change is not None:
        return keep_plan(state, wish.change, event.reason)
    return fail(state, f"the budget does not cover planning ({wish.amount}): {event.reason}")


def planner_answered(state: EpisodeState, event: PlannerAnswered) -> list[Instruction]:
    """Pays for the answer, then runs the plan, if it keeps the rules once mended."""
    wish, plan = state.wished, event.plan
    state.planning_spent += event.spent
    cost = wish.amount if plan is None else state.pricing.planning(plan.origin)
    paid = pay(state, min(cost, wish.amount))
    if wish.change is not None:
        if plan is None:
            return [*paid, *keep_plan(state, wish.change, event.reason or "no better plan")]
        return [*paid, *change_plan(state, wish.change, "new_plan", plan)]
    if plan is None:
        return [*paid, *fail(state, f"no plan: {event.reason}")]
    mended = mend(plan, PlanContext.of(state.request()))
    if mended.findings:
        broken = "; ".join(finding.message for finding in mended.findings[:3])
        return [*paid, *fail(state, f"the plan breaks rules: {broken}")]
    return [*paid, *_begin(state, mended.plan)]


def _resume(state: EpisodeState, event: TaskTaken) -> list[Instruction]:
    """Takes up an episode from its log: what was done stays done, what ran has failed."""
    state.book.fold(event.history)
    first = next((one.plan for one in event.history if isinstance(one, PlanMade)), None)
    state.served = first if first is not None and first.origin == "cache" else None
    state.planning_spent = max(0, event.spent - state.book.spent)
    if state.book.plan is None:
        return [_look_up(state)]
    state.phase = Phase.RUNNING
    lost: list[Instruction] = []
    for node in sorted(state.book.running()):
        report = state.book.reports[node]
        lost.append(
            state.record(
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
        return [*lost, *decide(state, state.book.failure, 0.0)]
    return dispatch(state)


def _look_up(state: EpisodeState) -> AskCache:
    state.phase = Phase.LOOKING_UP
    return AskCache(request=state.request(), cause=state.cause)


def _checked(state: EpisodeState, answer: CacheAnswer) -> CacheAnswer:
    """Turns a hit that breaks a rule into a miss that says which."""
    if answer.plan is None:
        return answer
    mended = mend(answer.plan, PlanContext.of(state.request()))
    if mended.findings:
        return CacheAnswer(plan=None, reason=f"cached plan refused: {mended.findings[0]}")
    return CacheAnswer(plan=mended.plan, reason=answer.reason)


def _begin(state: EpisodeState, plan: Plan) -> list[Instruction]:
    state.phase = Phase.RUNNING
    made = state.record(PlanMade(episode=state.episode, plan=plan))
    return [made, *dispatch(state)]
