"""The end of an episode: its answer, the agents that still run, and what becomes of the plan.

An episode ends when its last agent is idle, or at once when the time is up while it ends.
"""

from __future__ import annotations

from core.events import EpisodeFinished
from core.tasks import AgentResponse, ResponseStatus
from planner.decisions import PlanOutcome
from planner.orchestrator_answers import failing_answer
from planner.orchestrator_funding import pay
from planner.orchestrator_signals import (
    BlamePlan,
    CancelAsked,
    CancelSubtask,
    Finish,
    Instruction,
    OrchestratorEvent,
    PlannerAnswered,
    StorePlan,
    TimeUp,
)
from planner.orchestrator_state import Ending, EpisodeState, Phase

__all__ = ["answer_came_late", "end", "fail", "finish_when_idle", "stopped"]


def stopped(state: EpisodeState, event: TimeUp | CancelAsked) -> list[Instruction]:
    """The time is up, or somebody wants no answer any more."""
    if state.phase is Phase.ENDING:
        return _finish(state) if isinstance(event, TimeUp) else []
    state.is_stopped = isinstance(event, CancelAsked)
    return fail(state, event.reason)


def answer_came_late(state: EpisodeState, event: OrchestratorEvent) -> list[Instruction]:
    """Nobody waits for this answer; what it has cost counts all the same."""
    if isinstance(event, PlannerAnswered):  # too late for the plan, but the money is spent
        state.planning_spent += event.spent
    return []


def fail(state: EpisodeState, reason: str) -> list[Instruction]:
    """Ends the episode with the status that its last failure stands for."""
    return end(state, failing_answer(state.book.plan, state.book.failure, reason), reason)


def end(state: EpisodeState, response: AgentResponse, reason: str) -> list[Instruction]:
    """Settles planning under way, stops the agents, and finishes once all are idle."""
    closed: list[Instruction] = []
    if state.wish is not None and state.phase is Phase.PLANNING:
        closed = pay(state, state.wish.amount)
    state.wish = None
    state.phase = Phase.ENDING
    state.ending = Ending(response, reason)
    cancels = [
        CancelSubtask(agent=agent, subtask=given.subtask, reason=reason, cause=state.cause)
        for agent, given in state.staff.busy.items()
    ]
    return [*closed, *cancels, *finish_when_idle(state)]


def finish_when_idle(state: EpisodeState) -> list[Instruction]:
    """Finishes, unless an agent still runs."""
    return [] if state.staff.busy else _finish(state)


def _finish(state: EpisodeState) -> list[Instruction]:
    ending = state.ending
    assert ending is not None, "an episode ends with an answer"
    state.phase = Phase.ENDED
    made: list[Instruction] = [
        state.record(
            EpisodeFinished(
                episode=state.episode,
                response=ending.response,
                reason=ending.reason,
                spent=state.spent,
                replans=state.book.replans,
            )
        )
    ]
    if ending.response.status is ResponseStatus.SUCCESS and state.book.plan is not None:
        outcome = PlanOutcome(
            spent=state.spent, replans=state.book.replans, confidence=state.book.confidence
        )
        made.append(
            StorePlan(
                request=state.known.request,
                plan=state.book.plan,
                outcome=outcome,
                cause=state.cause,
            )
        )
    elif state.served is not None and not state.is_stopped:
        request, served = state.known.request, state.served
        made.append(BlamePlan(request=request, plan=served, cause=state.cause))
    made.append(Finish(response=ending.response, reason=ending.reason, cause=state.cause))
    return made
