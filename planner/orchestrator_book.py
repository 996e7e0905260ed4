"""How an episode stands, as a fold of its events.

The machine records an event and folds it here with the same call, so folding the log gives the
same book back: after a crash, for a viewer, and in the test that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from core.errors import InvariantError
from core.events import (
    Event,
    FailureKind,
    PlanMade,
    Replanned,
    ReplanRefused,
    SubtaskFailed,
    SubtaskStarted,
    SubtaskSucceeded,
    Trigger,
)
from core.plans import Plan, PlanNode
from planner.decisions import Failure, PastRepair, RepairKind
from planner.requests import NodeReport

__all__ = ["EpisodeBook", "NodeState"]

_FRESH = NodeReport(outputs=None, attempts=0, spent=0)


class NodeState(StrEnum):
    """How far a node is."""

    OPEN = "open"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class EpisodeBook:
    """Plan, nodes and repairs of one episode."""

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self.nodes: dict[int, PlanNode] = {}
        self.states: dict[int, NodeState] = {}
        self.reports: dict[int, NodeReport] = {}
        self.past: tuple[PastRepair, ...] = ()
        self.failure: Failure | None = None
        """The last one of the episode."""
        self.confidence = 1.0
        """Smallest confidence of the subtasks that succeeded."""
        self.spent = 0
        """Micro-dollars of all attempts; planning is not among them."""
        self.starts = 0
        self._waits: dict[int, int] = {}
        self._followers: dict[int, list[int]] = {}

    @property
    def replans(self) -> int:
        """Changes of the plan, tried or made; the same node once more is none."""
        return sum(past.kind is not RepairKind.RETRY for past in self.past)

    def fold(self, events: Iterable[Event]) -> None:
        """Applies events in order; those that say nothing about the plan are skipped."""
        for event in events:
            self.apply(event)

    def apply(self, event: Event) -> None:
        """Applies one event."""
        match event:
            case PlanMade():
                self._adopt(event.plan)
            case SubtaskStarted():
                self._start(event)
            case SubtaskSucceeded():
                self._succeed(event)
            case SubtaskFailed():
                self._fail(event)
            case Replanned():
                self._repair(event.trigger, RepairKind(event.repair), event.fingerprint, True)
                self._adopt(event.plan)
            case ReplanRefused():
                self._repair(event.trigger, RepairKind.NEW_PLAN, event.fingerprint, False)
            case _:
                return

    def ready(self) -> list[int]:
        """Returns open nodes whose predecessors are all done, by id."""
        return sorted(
            node
            for node, waits in self._waits.items()
            if not waits and self.states[node] is NodeState.OPEN
        )

    def running(self) -> frozenset[int]:
        """Returns the nodes that agents work on."""
        return frozenset(node for node, state in self.states.items() if state is NodeState.RUNNING)

    def progress(self) -> float:
        """Returns the finished share of the plan's cost, of its nodes where it states no costs."""
        total = sum(node.cost_bound for node in self.nodes.values())
        done = [node for node, state in self.states.items() if state is NodeState.DONE]
        if total:
            return sum(self.nodes[node].cost_bound for node in done) / total
        return len(done) / len(self.nodes) if self.nodes else 0.0

    def check_invariants(self) -> None:
        """Checks what must hold after every event.

        Raises:
            InvariantError: It does not hold.
        """
        for node, waits in self._waits.items():
            left = sum(
                node in self._followers[other] and self.states[other] is not NodeState.DONE
                for other in self._followers
            )
            if left > waits or (left == 0) != (waits == 0):
                raise InvariantError(f"node {node} waits for {left}, the book says {waits}")
            done = self.states[node] is NodeState.DONE
            if done != (self.reports[node].outputs is not None):
                raise InvariantError(f"node {node} is {self.states[node]}: {self.reports[node]}")

    def _adopt(self, plan: Plan) -> None:
        """Takes a plan; nodes with the same id and content keep what they reached."""
        kept = {
            node.id: self.states[node.id]
            for node in plan.nodes
            if self.nodes.get(node.id) == node and self.states[node.id] in _KEPT
        }
        self.plan = plan
        self.nodes = {node.id: node for node in plan.nodes}
        self.states = {node.id: kept.get(node.id, NodeState.OPEN) for node in plan.nodes}
        self.reports = {node.id: self._carried(node.id, node.id in kept) for node in plan.nodes}
        self._waits = dict.fromkeys(self.nodes, 0)
        self._followers = {node: [] for node in self.nodes}
        for edge in plan.edges:
            self._followers[edge.source].append(edge.target)
            if self.states[edge.source] is not NodeState.DONE:
                self._waits[edge.target] += 1

    def _carried(self, node: int, is_kept: bool) -> NodeReport:
        report = self.reports.get(node, _FRESH)
        return report if is_kept else replace(report, outputs=None)

    def _start(self, event: SubtaskStarted) -> None:
        self.starts += 1
        if event.node in self.nodes:
            self.states[event.node] = NodeState.RUNNING
            report = self.reports[event.node]
            self.reports[event.node] = replace(
                report, attempts=event.attempt, agents=(*report.agents, event.agent)
            )

    def _succeed(self, event: SubtaskSucceeded) -> None:
        self.spent += event.spent
        self.confidence = min(self.confidence, event.confidence)
        if not self._is_current(event.node, event.attempt):
            return
        report = self.reports[event.node]
        self.reports[event.node] = replace(
            report,
            outputs=event.outputs,
            spent=report.spent + event.spent,
            failure=None,
            reason="",
        )
        self.states[event.node] = NodeState.DONE
        for follower in self._followers[event.node]:
            self._waits[follower] -= 1

    def _fail(self, event: SubtaskFailed) -> None:
        self.spent += event.spent
        if event.failure is not FailureKind.CANCELLED:
            self.failure = Failure(
                node=event.node,
                agent=event.agent,
                kind=event.failure,
                reason=event.reason,
                attempt=event.attempt,
            )
        if not self._is_current(event.node, event.attempt):
            return
        report = self.reports[event.node]
        self.reports[event.node] = replace(
            report,
            spent=report.spent + event.spent,
            failure=event.failure,
            reason=event.reason,
        )
        self.states[event.node] = NodeState.FAILED

    def _is_current(self, node: int, attempt: int) -> bool:
        """Whether this attempt is the one that the book waits for; others only cost money."""
        return self.states.get(node) is NodeState.RUNNING and self.reports[node].attempts == attempt

    def _repair(self, trigger: Trigger, kind: RepairKind, fingerprint: str, changed: bool) -> None:
        past = PastRepair(
            trigger=trigger,
            kind=kind,
            fingerprint=fingerprint,
            changed=changed,
        )
        self.past = (*self.past, past)


_KEPT = frozenset({NodeState.DONE, NodeState.RUNNING})
