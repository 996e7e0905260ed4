"""From a proposed plan to a decided one: the factored policy around any planner.

    planner proposes -> mended, valid plan -> prior of its source -> `pose` -> drawn decision
                                                   -> valid plan + record for the learner

The proposal is part of the state; what is drawn are finite choices on it (`policies.plan_policy`).
`OrchestratedPlanner` is a `Planner` like the one it wraps, so actors use it unchanged. Whoever
trains listens to `on_decision`; the same request always gives the same decision.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from core.errors import InvariantError
from core.plans import EdgeKind, Plan
from core.seeding import derive_seed
from planner.decisions import RunReport
from planner.repairs import mend
from planner.requests import NodeReport, Planner, PlanRequest, ReplanRequest
from planner.validator import PlanContext, find_flaws
from policies.plan_policy import (
    DecisionProblem,
    NodeStanding,
    OrchestrationRecord,
    PlanPolicy,
    PlanPrior,
    Pool,
    PriorSource,
    RunStanding,
    applied,
    pose,
)

__all__ = [
    "AsProposed",
    "Orchestrated",
    "OrchestratedPlanner",
    "PriorOf",
    "StoredPriors",
    "decide_plan",
    "standing_at_replan",
    "standing_at_start",
    "standing_in_run",
]

_SOURCES = {"rules": PriorSource.RULES, "cache": PriorSource.CACHE}
"""By `Plan.origin`; a model's name is none of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Orchestrated:
    """A decided plan with everything that a learner needs to know about it."""

    plan: Plan
    record: OrchestrationRecord
    problem: DecisionProblem
    """Features, masks and prior: log π under other parameters is computed from it."""
    prior: PlanPrior


class PriorOf(Protocol):
    """Where the preferences about a proposed plan come from."""

    def prior(self, plan: Plan, request: PlanRequest, problem: DecisionProblem) -> PlanPrior:
        """Returns the prior of a plan.

        Args:
            plan: Valid.
            request: What it was made for, with the purse that pays for a model's calls.
            problem: The decision under the plain prior; its masks say what is asked.
        """
        ...


class AsProposed:
    """One-hot on what the plan says, smoothed: the prior where nothing else is known."""

    def prior(self, plan: Plan, request: PlanRequest, problem: DecisionProblem) -> PlanPrior:
        """Returns the plain prior."""
        del plan, request
        return PlanPrior(source=problem.prior_source)


class StoredPriors:
    """Remembers what the planner preferred, for when its plan comes back from the cache.

    A prior is kept under what the plan is to do: verbs, sites and flows, by node. The words of its
    slots are not part of that, so a template that was bound to another task finds it. What was
    decided is not part of it either: the prior is the planner's, not the policy's.
    """

    def __init__(self, fresh: PriorOf | None = None, *, max_priors: int = 1_000) -> None:
        """Starts empty.

        Args:
            fresh: Where the priors of plans that are not from the cache come from.
            max_priors: The oldest go beyond this number.
        """
        self._fresh = fresh or AsProposed()
        self._max_priors = max_priors
        self._priors: OrderedDict[str, PlanPrior] = OrderedDict()

    def prior(self, plan: Plan, request: PlanRequest, problem: DecisionProblem) -> PlanPrior:
        """Returns the stored prior of a cached plan; a fresh one is kept and returned."""
        key = _skeleton(plan)
        if plan.origin == "cache":
            kept = self._priors.get(key)
            return AsProposed().prior(plan, request, problem) if kept is None else kept
        fresh = self._fresh.prior(plan, request, problem)
        self._priors[key] = replace(fresh.named(plan), source=PriorSource.CACHE)
        self._priors.move_to_end(key)
        while len(self._priors) > self._max_priors:
            self._priors.popitem(last=False)
        return fresh


def decide_plan(
    plan: Plan,
    request: PlanRequest,
    policy: PlanPolicy,
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
    plain = PlanPrior(source=_source_of(plan))
    problem = pose(plan, pool, standing, plain)
    prior = (prior_of or AsProposed()).prior(plan, request, problem)
    if prior != plain:
        problem = pose(plan, pool, standing, prior)
    record = policy.decide(problem, seed=seed, is_greedy=is_greedy)
    decided = applied(plan, problem, record.actions)
    _check(plan, decided, request)
    return Orchestrated(plan=decided, record=record, problem=problem, prior=prior)


class OrchestratedPlanner:
    """A planner whose plans are decided by a policy."""

    def __init__(
        self,
        inner: Planner,
        policy: PlanPolicy,
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
        mended = mend(proposed, PlanContext.of(request))
        if mended.findings:
            return proposed  # not a state to decide in: whoever asked refuses it by its findings
        if self._pool.agents != request.agents:
            self._pool = Pool.of(request.agents)
        result = decide_plan(
            mended.plan,
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
    return RunStanding(budget=request.budget)


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


def _source_of(plan: Plan) -> PriorSource:
    return _SOURCES.get(plan.origin, PriorSource.ONEHOT)


def _skeleton(plan: Plan) -> str:
    nodes = [(node.id, node.subgoal.verb.value, node.site) for node in plan.nodes]
    flows = [(edge.source, edge.target) for edge in plan.edges if edge.kind is EdgeKind.DATA]
    return repr((sorted(nodes), sorted(flows)))


def _check(proposed: Plan, decided: Plan, request: PlanRequest) -> None:
    context = PlanContext.of(request)
    if decided == proposed:
        return
    if (flaws := find_flaws(decided, context)) and not find_flaws(proposed, context):
        raise InvariantError(f"a decision broke a plan: {flaws[0].message}")
