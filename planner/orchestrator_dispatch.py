"""Which nodes start now, and why an episode cannot go on."""

from __future__ import annotations

from core.errors import PlanError
from core.events import SubtaskStarted
from core.plans import PlanNode
from planner.orchestrator_ending import fail
from planner.orchestrator_signals import Instruction, StartSubtask
from planner.orchestrator_staff import Assignment, subtask_order
from planner.orchestrator_state import EpisodeState
from policies.profiles import AgentProfile

__all__ = ["dispatch"]


def dispatch(state: EpisodeState) -> list[Instruction]:
    """Starts every ready node that an idle agent may take; ends when nothing can run."""
    made: list[Instruction] = []
    ready = state.book.ready()
    for node_id in ready:
        node = state.book.nodes[node_id]
        ending = _exhausted(state, node)
        if ending:
            return [*made, *fail(state, ending)]
        agent = state.staff.take(node)
        if agent is None:
            continue
        try:
            made += _start(state, node, agent)
        except PlanError as error:
            return [*made, *fail(state, f"node {node_id}: {error}")]
    if not ready and not state.staff.busy:
        return [*made, *fail(state, _stuck(state))]
    return made


def _exhausted(state: EpisodeState, node: PlanNode) -> str:
    limits = state.limits
    if state.book.reports[node.id].attempts >= limits.max_attempts:
        return f"node {node.id} was tried {limits.max_attempts} times"
    most = max(limits.min_starts, limits.starts_per_node * len(state.book.nodes))
    if state.book.starts >= most:
        return f"{most} subtasks were started"
    if not state.staff.could(node):
        return f"no agent is left that can do node {node.id}"
    return ""


def _start(state: EpisodeState, node: PlanNode, agent: AgentProfile) -> list[Instruction]:
    order = subtask_order(state.known, node, agent, state.book.reports, state.spent)
    state.staff.busy[agent.id] = Assignment(node.id, order.attempt, order.id)
    started = SubtaskStarted(
        episode=state.episode,
        node=node.id,
        attempt=order.attempt,
        agent=agent.id,
        tier=node.tier,
        arguments=dict(order.arguments),
    )
    return [state.record(started), StartSubtask(order=order, cause=state.cause)]


def _stuck(state: EpisodeState) -> str:
    failure = state.book.failure
    return "nothing can run any more" if failure is None else failure.reason
