"""The replanning engine's face: state and plan as plain data in, a better plan out.

    engine = ReplanningEngine(policy, replan_threshold=0.5, max_replans_per_task=3)
    wanted, reason = engine.should_replan(state, trajectory, dag)
    better = engine.execute_replanning(dag, state, reason, completed_nodes=[0])

    current_state   intent, sites; budget, spent (dollars); confidence; completed_nodes (ids, or id
                    to outputs); failure {node, kind, reason, attempt}
    trajectory      steps, oldest first: {node, success, reason, kind, cost}

Inside works `planner.replanning.ReplanningEngine`: six triggers, cheap repairs before new plans,
and one repair of a kind for each distinct failure. This face remembers what was tried for a task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from pydantic import JsonValue

from core.errors import CallerError, ConfigurationError
from core.events import FailureKind
from core.plans import Plan
from planner.decisions import (
    Continue,
    Decision,
    Failure,
    PastRepair,
    Repair,
    RepairKind,
    RunReport,
    WantNewPlan,
)
from planner.faces.asked import micros_of, plan_of, request_of
from planner.replanning import ReplanConfig
from planner.replanning import ReplanningEngine as TypedEngine
from planner.requests import NodeReport, Planner, ReplanRequest

__all__ = ["ReplanningEngine"]


@runtime_checkable
class _HasPlanner(Protocol):
    @property
    def planner(self) -> Planner: ...


class ReplanningEngine:
    """Says when a running plan should change, and changes it."""

    def __init__(
        self,
        orchestrator: object | None = None,
        replan_threshold: float = 0.5,
        max_replans_per_task: int = 3,
    ) -> None:
        """Checks the settings.

        Args:
            orchestrator: Who makes new plans: a `planner.requests.Planner`, or an object with a
                `planner`, such as `LLMOrchestratorPolicy`; `None`: the rules.
            replan_threshold: A success below this confidence is a trigger, in [0, 1].
            max_replans_per_task: New plans for one task.

        Raises:
            ConfigurationError: A setting is out of its range, or the orchestrator cannot plan.
        """
        self._planner = _planner_of(orchestrator)
        self._engine = TypedEngine(
            ReplanConfig(confidence=replan_threshold, max_new_plans=max_replans_per_task)
        )
        self._past: dict[str, tuple[PastRepair, ...]] = {}

    def should_replan(
        self,
        current_state: Mapping[str, JsonValue],
        trajectory: Sequence[JsonValue],
        current_dag: Mapping[str, JsonValue],
    ) -> tuple[bool, str]:
        """Returns whether a running plan should change, and why; changes nothing.

        Raises:
            CallerError: The plan cannot be read, or the state names a node that it does not have.
            ConfigurationError: The state has no task, or says something that cannot be.
        """
        report = self._report(current_state, trajectory, plan_of(current_dag))
        decision = self._engine.decide(report)
        if isinstance(decision, Continue):
            return False, ""
        wanted = isinstance(decision, Repair | WantNewPlan)
        return wanted, f"{decision.trigger}: {decision.reason}"

    def execute_replanning(
        self,
        current_dag: Mapping[str, JsonValue],
        current_state: Mapping[str, JsonValue],
        reason: str,
        completed_nodes: Sequence[int] | Mapping[str, JsonValue] = (),
    ) -> dict[str, JsonValue]:
        """Returns the plan to go on with; what is completed keeps its id and its content.

        Args:
            current_dag: The running plan.
            current_state: As for `should_replan`, with its `failure` if there is one.
            reason: Told to whoever makes a new plan.
            completed_nodes: Ids, or id to outputs; joined with the state's own.

        Returns:
            `dag`, `changed`, `repair` (which kind), `trigger`, `reason`. Where nothing helps,
            `changed` is false and the plan is the old one.

        Raises:
            CallerError: The plan cannot be read, or a node is named that it does not have.
            ConfigurationError: The state has no task, or says something that cannot be.
        """
        plan = plan_of(current_dag)
        state = {**current_state, "completed_nodes": _joined(current_state, completed_nodes)}
        report = self._report(state, (), plan)
        decision = self._engine.decide(report)
        better = self._better(decision, report, reason)
        self._remember(report, decision, changed=better is not None)
        told: dict[str, JsonValue] = {
            "dag": (better or plan).model_dump(mode="json"),
            "changed": better is not None,
            "repair": _kind(decision),
            "trigger": "" if isinstance(decision, Continue) else decision.trigger.value,
            "reason": reason if isinstance(decision, Continue) else decision.reason,
        }
        return told

    def _better(self, decision: Decision, report: RunReport, reason: str) -> Plan | None:
        if isinstance(decision, Repair):
            return decision.plan
        if not isinstance(decision, WantNewPlan):
            return None
        return self._planner.replan(
            ReplanRequest(
                request=report.request,
                plan=report.plan,
                nodes=report.nodes,
                trigger=decision.trigger,
                node=decision.node,
                reason=reason or decision.reason,
            )
        )

    def _remember(self, report: RunReport, decision: Decision, *, changed: bool) -> None:
        if not isinstance(decision, Repair | WantNewPlan):
            return
        kind = decision.kind if isinstance(decision, Repair) else RepairKind.NEW_PLAN
        past = PastRepair(
            trigger=decision.trigger,
            kind=kind,
            fingerprint=decision.fingerprint,
            changed=changed,
        )
        task = report.request.task.key
        self._past[task] = (*self._past.get(task, ()), past)

    def _report(
        self, state: Mapping[str, JsonValue], trajectory: Sequence[JsonValue], plan: Plan
    ) -> RunReport:
        request = request_of(state)
        budget = micros_of(state, "budget", request.budget)
        spent = micros_of(state, "spent", micros_of(state, "cost"))
        steps = [step for step in trajectory if isinstance(step, Mapping)]
        failure = _failure_of(state, steps, plan)
        nodes = _nodes_of(state, steps, plan, failure)
        done = sum(report.outputs is not None for report in nodes.values())
        confidence = state.get("confidence")
        return RunReport(
            request=request,
            plan=plan,
            nodes=nodes,
            running=frozenset(),
            budget=budget,
            hard_cap=micros_of(state, "hard_cap", budget),
            spent=spent,
            progress=done / len(plan.nodes) if plan.nodes else 0.0,
            confidence=float(confidence) if isinstance(confidence, int | float) else 1.0,
            failure=failure,
            past=self._past.get(request.task.key, ()),
            lost_agents=frozenset(),
        )


def _planner_of(orchestrator: object | None) -> Planner:
    from planner.rules import RulesPlanner

    if orchestrator is None:
        return RulesPlanner()
    found = orchestrator.planner if isinstance(orchestrator, _HasPlanner) else orchestrator
    if not callable(getattr(found, "replan", None)):
        raise ConfigurationError(f"{type(orchestrator).__name__} makes no new plans: no `replan`")
    planner: Planner = found  # type: ignore[assignment]  # checked above
    return planner


def _kind(decision: Decision) -> str:
    if isinstance(decision, Repair):
        return decision.kind.value
    if isinstance(decision, WantNewPlan):
        return RepairKind.NEW_PLAN.value
    return "none"


def _joined(
    state: Mapping[str, JsonValue], more: Sequence[int] | Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    return _completed(state) | _completed({"completed_nodes": more})


def _completed(state: Mapping[str, JsonValue] | Mapping[str, object]) -> dict[str, JsonValue]:
    """Returns completed node ids, as texts, and their outputs."""
    given = state.get("completed_nodes") or []
    if isinstance(given, Mapping):
        return {str(node): outputs for node, outputs in given.items()}
    if not isinstance(given, list | tuple | set | frozenset):
        raise ConfigurationError(f"completed_nodes is a list of ids or a record, not {given!r}")
    return {str(node): {} for node in given}


def _failure_of(
    state: Mapping[str, JsonValue], steps: Sequence[Mapping[str, JsonValue]], plan: Plan
) -> Failure | None:
    given = state.get("failure")
    last = steps[-1] if steps else {}
    told = given if isinstance(given, Mapping) else last if last.get("success") is False else None
    if told is None:
        return None
    node = plan.node(_node_id(told.get("node"), plan))
    kind = str(told.get("kind", FailureKind.ACTION.value))
    if kind not in list(FailureKind):
        raise ConfigurationError(f"a failure is one of {[*FailureKind]}, not {kind!r}")
    attempts = sum(step.get("node") == node.id and step.get("success") is False for step in steps)
    attempt = told.get("attempt")
    return Failure(
        node=node.id,
        agent=str(told.get("agent", node.agent)),
        kind=FailureKind(kind),
        reason=str(told.get("reason", "")),
        attempt=attempt if isinstance(attempt, int) else max(1, attempts),
    )


def _nodes_of(
    state: Mapping[str, JsonValue],
    steps: Sequence[Mapping[str, JsonValue]],
    plan: Plan,
    failure: Failure | None,
) -> dict[int, NodeReport]:
    done = {_node_id(int(node), plan): value for node, value in _completed(state).items()}
    nodes = {}
    for node in plan.nodes:
        own = [step for step in steps if step.get("node") == node.id]
        failed = failure if failure is not None and failure.node == node.id else None
        outputs = done.get(node.id)
        nodes[node.id] = NodeReport(
            outputs=None
            if node.id not in done or failed
            else (outputs if isinstance(outputs, dict) else {}),
            attempts=max(len(own), failed.attempt if failed else int(node.id in done)),
            spent=sum(micros_of(step, "cost") for step in own),
            failure=failed.kind if failed else None,
            reason=failed.reason if failed else "",
            agents=(failed.agent,) if failed else (),
        )
    return nodes


def _node_id(node: JsonValue, plan: Plan) -> int:
    known = [one.id for one in plan.nodes]
    if not isinstance(node, int) or node not in known:
        raise CallerError(f"the plan has no node {node!r}; it has {known}")
    return node
