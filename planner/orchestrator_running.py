"""What follows when a subtask ends, or an agent goes or comes back."""

from __future__ import annotations

from core.events import AgentLost, FailureKind, SubtaskFailed, SubtaskSucceeded
from core.plans import Verb
from planner.decisions import Continue, Failure, GiveUp, Repair
from planner.orchestrator_answers import answer_of
from planner.orchestrator_changes import change_plan
from planner.orchestrator_dispatch import dispatch
from planner.orchestrator_ending import end, fail, finish_when_idle
from planner.orchestrator_funding import fund
from planner.orchestrator_signals import AgentBack, AgentGone, Instruction, SubtaskEnded
from planner.orchestrator_state import EpisodeState, Phase

__all__ = ["agent_back", "agent_gone", "decide", "subtask_ended"]


def subtask_ended(state: EpisodeState, event: SubtaskEnded) -> list[Instruction]:
    """Takes the result of an attempt; a second one for it changes nothing."""
    result = event.result
    given = state.staff.busy.get(result.agent)
    if given is None or (given.node, given.attempt) != (result.node, result.attempt):
        return []  # told twice, or told after its agent was given up
    del state.staff.busy[result.agent]
    wanted = state.is_wanted(given)
    recorded = state.record(result)
    return [recorded, *_after(state, result, wanted)]


def agent_gone(state: EpisodeState, event: AgentGone) -> list[Instruction]:
    """Counts the agent out; what it was busy with has failed."""
    (state.staff.gone_for_good if event.is_final else state.staff.gone).add(event.agent)
    told = state.record(AgentLost(episode=state.episode, agent=event.agent, reason=event.reason))
    given = state.staff.busy.pop(event.agent, None)
    if given is None:
        return [told, *(dispatch(state) if state.phase is Phase.RUNNING else [])]
    wanted = state.is_wanted(given)
    failed = SubtaskFailed(
        episode=state.episode,
        node=given.node,
        attempt=given.attempt,
        agent=event.agent,
        failure=FailureKind.AGENT_LOST,
        reason=event.reason,
        steps=0,
        spent=event.spent,
    )
    return [told, state.record(failed), *_after(state, failed, wanted)]


def agent_back(state: EpisodeState, event: AgentBack) -> list[Instruction]:
    """Counts the agent in again."""
    state.staff.gone.discard(event.agent)
    return dispatch(state) if state.phase is Phase.RUNNING else []


def decide(state: EpisodeState, failure: Failure | None, confidence: float) -> list[Instruction]:
    """Asks the decider, and does what it says as long as the limits allow."""
    decision = state.decider.decide(state.report(failure, confidence))
    if isinstance(decision, Continue):
        return dispatch(state)
    if isinstance(decision, GiveUp):
        return fail(state, decision.reason)
    if len(state.book.past) >= state.limits.max_repairs:
        return fail(state, f"after {len(state.book.past)} repairs: {decision.reason}")
    if isinstance(decision, Repair):
        return change_plan(state, decision, decision.kind.value, decision.plan)
    return [fund(state, state.limits.planner_origin, change=decision)]


def _after(
    state: EpisodeState, result: SubtaskSucceeded | SubtaskFailed, wanted: bool
) -> list[Instruction]:
    if state.phase is Phase.ENDING:
        return finish_when_idle(state)
    if state.phase is not Phase.RUNNING:
        return []  # a new plan is under way, what is done will be kept
    if not wanted:
        return dispatch(state)
    if isinstance(result, SubtaskFailed):
        return decide(state, state.book.failure, result.confidence)
    if state.book.nodes[result.node].subgoal.verb is Verb.RESPOND:
        return end(state, answer_of(result.outputs, state.plan), "answered")
    return decide(state, None, result.confidence)
