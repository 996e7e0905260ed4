"""From a proposed plan to a decided one: the factored policy around any planner.

    planner proposes -> mended, valid plan -> prior of its source -> `pose` -> drawn decision
                                                   -> valid plan + record for the learner

The proposal is part of the state; what is drawn are finite choices on it (`policies.plan_policy`).
`OrchestratedPlanner` is a `Planner` like the one it wraps, so actors use it unchanged. Whoever
trains listens to `on_decision`; the same request always gives the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.errors import InvariantError
from core.plans import Plan
from core.seeding import derive_seed
from planner.decisions import RunReport
from planner.orchestration_priors import AsProposed, PriorOf, source_of
from planner.repairs import mend
from planner.requests import NodeReport, Planner, PlanRequest, ReplanRequest
from planner.validator import PlanContext, find_flaws
from policies.plan_policy import (
    Decides,
    DecisionProblem,
    NodeStanding,
    OrchestrationRecord,
    PlanPrior,
    Pool,
    RunStanding,
    applied,
    pose,
)

__all__ = [
    "Orchestrated",
    "OrchestratedPlanner",
    "decide_plan",
    "standing_at_replan",
    "standing_at_start",
    "standing_in_run",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Orchestrated:
    """A decided plan with everything that a learner needs to know about it."""

    plan: Plan
    record: OrchestrationRecord
    problem: DecisionProblem
    """Features, masks and prior: log π under other parameters is computed from it."""
    prior: PlanPrior


def decide_plan(
    plan: Plan,
    request: PlanRequest,
    policy: Decides,
    *,
    pool: Pool,
    standing: RunStanding,
    seed: int,
    prior_of: PriorOf | None = None,
    is_greedy: bool = False,
) -> Orchestrated:
    """Returns a plan with its nodes assigned and its order edges kept as the policy decides.

    Args:
        plan: Valid; otherwise see `planner.repairs.mend`.
        request: What it was made for.
        policy: Who decides.
        pool: The request's agents.
        standing: How the episode stands.
        seed: Of the draw.
        prior_of: Where the preferences come from.
        is_greedy: Take the most likely decision instead of drawing.

    Raises:
        PlanError: The plan is not a DAG.
        InvariantError: The decided plan breaks a rule that the proposed one kept.
    """
    plain = PlanPrior(source=source_of(plan))
    problem = pose(plan, pool, standing, plain)
    prior = (prior_of or AsProposed()).prior(plan, request, problem)
    if prior != plain:
        problem = pose(plan, pool, standing, prior)
    record = policy.decide(problem, seed=seed, is_greedy=is_greedy)
    decided = applied(plan, problem, record.actions, most=request.budget)
    _check(plan, decided, request)
    return Orchestrated(plan=decided, record=record, problem=problem, prior=prior)


class OrchestratedPlanner:
    """A planner whose plans are decided by a policy."""

    def __init__(
        self,
        inner: Planner,
        policy: Decides,
        *,
        prior_of: PriorOf | None = None,
        seed: int = 0,
        is_greedy: bool = False,
        on_decision: Callable[[Orchestrated], None] | None = None,
    ) -> None:
        """Wraps a planner.

        Args:
            inner: Who proposes.
            policy: Who decides.
            prior_of: Where the preferences come from; `None`: the proposal alone.
            seed: With the task's key and the plan's revision, the seed of each draw.
            is_greedy: Take the most likely decisions instead of drawing.
            on_decision: Told about every decision, before the plan is returned.
        """
        self._inner = inner
        self._policy = policy
        self._prior_of = prior_of or AsProposed()
        self._seed = seed
        self._is_greedy = is_greedy
        self._on_decision = on_decision
        self._pool = Pool.of(())

    def plan(self, request: PlanRequest) -> Plan:
        """Returns the decided plan of a task.

        Raises:
            PlanError: The pool cannot do what any plan needs.
        """
        return self._decided(self._inner.plan(request), request, standing_at_start(request))

    def replan(self, request: ReplanRequest) -> Plan | None:
        """Returns a decided plan that keeps completed and running nodes, or `None`: give up."""
        proposed = self._inner.replan(request)
        if proposed is None:
            return None
        return self._decided(proposed, request.request, standing_at_replan(request))

    def _decided(self, proposed: Plan, request: PlanRequest, standing: RunStanding) -> Plan:
        plan = _mended(proposed, request, standing)
        if plan is None:
            return proposed  # not a state to decide in: whoever asked refuses it by its findings
        if self._pool.agents != request.agents:
            self._pool = Pool.of(request.agents)
        result = decide_plan(
            plan,
            request,
            self._policy,
            pool=self._pool,
            standing=standing,
            seed=derive_seed(self._seed, "plan", request.task.key, proposed.revision),
            prior_of=self._prior_of,
            is_greedy=self._is_greedy,
        )
        if self._on_decision is not None:
            self._on_decision(result)
        return result.plan


def standing_at_start(request: PlanRequest) -> RunStanding:
    """Returns how an episode stands before its first plan."""
    return RunStanding(budget=request.budget, is_capped=request.is_capped)


def standing_at_replan(request: ReplanRequest) -> RunStanding:
    """Returns how a running episode stands for the planner.

    A node that was tried, has no values and has not failed is running; what it may still reserve
    under its own bound counts as held.
    """
    running = frozenset(
        node
        for node, report in request.nodes.items()
        if report.attempts and report.outputs is None and report.failure is None
    )
    spent = sum(report.spent for report in request.nodes.values())
    done = sum(report.outputs is not None for report in request.nodes.values())
    failed = None if request.node is None else request.nodes.get(request.node)
    return RunStanding(
        budget=request.request.budget + spent,
        spent=spent,
        held=_held(request.plan, request.nodes, running),
        progress=done / max(len(request.nodes), 1),
        confidence=0.0 if failed is not None and failed.failure is not None else 1.0,
        trigger=request.trigger,
        failure=None if failed is None else failed.failure,
        replans=request.plan.revision,
        nodes=_standings(request.nodes, running),
        is_capped=request.request.is_capped,
    )


def standing_in_run(report: RunReport) -> RunStanding:
    """Returns how a running episode stands for the gate."""
    return RunStanding(
        budget=report.budget,
        spent=report.spent,
        held=_held(report.plan, report.nodes, report.running),
        progress=report.progress,
        confidence=report.confidence,
        failure=None if report.failure is None else report.failure.kind,
        replans=len(report.past),
        nodes=_standings(report.nodes, report.running),
        lost_agents=report.lost_agents,
        is_capped=report.request.is_capped,
    )


def _standings(nodes: Mapping[int, NodeReport], running: frozenset[int]) -> dict[int, NodeStanding]:
    return {
        node: NodeStanding(
            is_open=report.outputs is None and node not in running,
            is_done=report.outputs is not None,
            attempts=report.attempts,
            failure=report.failure,
            agents=report.agents,
        )
        for node, report in nodes.items()
    }


def _held(plan: Plan, nodes: Mapping[int, NodeReport], running: frozenset[int]) -> int:
    return sum(
        max(0, node.cost_bound - nodes[node.id].spent) for node in plan.nodes if node.id in running
    )


def _mended(proposed: Plan, request: PlanRequest, standing: RunStanding) -> Plan | None:
    """Returns the plan as valid as its open nodes can be; `None`: it breaks a rule.

    Nodes that are done or run stay as they are, whatever has become of their agents.
    """
    mended = mend(proposed, PlanContext.of(request))
    closed = {node.id: node for node in proposed.nodes if not standing.node(node.id).is_open}
    if any(finding.node not in closed for finding in mended.findings):
        return None
    nodes = tuple(closed.get(node.id, node) for node in mended.plan.nodes)
    return mended.plan.model_copy(update={"nodes": nodes})


def _check(proposed: Plan, decided: Plan, request: PlanRequest) -> None:
    context = PlanContext.of(request)
    if decided == proposed:
        return
    if (flaws := find_flaws(decided, context)) and not find_flaws(proposed, context):
        raise InvariantError(f"a decision broke a plan: {flaws[0].message}")
