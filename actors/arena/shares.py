"""Which nodes of a plan are the learner's, and at which effort tier they work.

A node at the tier of rules is acted by the heuristic, at any other tier by the learner. So a plan
says by its tiers who acts where, and the share that a curriculum wants is put into the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from core.errors import ConfigurationError
from core.plans import EffortTier, Plan, PlanNode
from planner.requests import Planner, PlanRequest, ReplanRequest
from policies.profiles import AgentProfile
from policies.subtask import PAGELESS
from policies.tariff import Tariff

__all__ = ["RememberedPlans", "SharingPlanner", "TierDraw", "has_page", "with_tiers"]

_KEPT_PLANS = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class TierDraw:
    """At which tiers the learner's nodes work."""

    weights: Mapping[EffortTier, float] = field(
        default_factory=lambda: {EffortTier.TOP_K: 0.9, EffortTier.FULL_PAGE: 0.1}
    )
    """Tier to its weight; a tier that the node's agent cannot work at is left out."""

    def __post_init__(self) -> None:
        """Checks the weights.

        Raises:
            ConfigurationError: A weight is negative, all are zero, or the tier is the rules'.
        """
        if EffortTier.RULES in self.weights:
            raise ConfigurationError("nodes at the tier of rules are not the learner's")
        if not self.weights or min(self.weights.values()) < 0 or not sum(self.weights.values()):
            raise ConfigurationError(f"tiers need weights, some above 0: {dict(self.weights)}")

    def draw(self, agent: AgentProfile, rng: Random) -> EffortTier | None:
        """Returns a tier that the agent can work at; `None` where it can at none of them."""
        able = [tier for tier in self.weights if tier in agent.tiers]
        weights = [self.weights[tier] for tier in able]
        return rng.choices(able, weights)[0] if sum(weights) else None


class RememberedPlans:
    """Wraps a planner whose first plan follows from the task and the money alone, as the rules' do.

    A task that comes again gets its plan without planning; it is charged all the same.
    """

    def __init__(self, inner: Planner) -> None:
        self._inner = inner
        self._plans: dict[tuple[str, int], Plan] = {}

    def plan(self, request: PlanRequest) -> Plan:
        """Returns the plan of the task, made when it comes for the first time."""
        key = request.task.key, request.budget
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _KEPT_PLANS:
                self._plans.pop(next(iter(self._plans)))
            plan = self._plans[key] = self._inner.plan(request)
        return plan

    def replan(self, request: ReplanRequest) -> Plan | None:
        """Returns the inner planner's new plan."""
        return self._inner.replan(request)


class SharingPlanner:
    """Wraps a planner: a share of the nodes that open a page becomes the learner's.

    One for each episode, because it draws.
    """

    def __init__(self, inner: Planner, *, share: float, tiers: TierDraw, rng: Random) -> None:
        """Wraps a planner.

        Args:
            inner: Makes the plans.
            share: In [0, 1]: 0 gives the learner one node, 1 gives it all.
            tiers: At which tiers the learner's nodes work.
            rng: Decides which nodes, and their tiers.
        """
        self._inner = inner
        self._share = share
        self._tiers = tiers
        self._rng = rng

    def plan(self, request: PlanRequest) -> Plan:
        """Returns the inner planner's plan with the learner's nodes marked by their tiers."""
        return self._shared(self._inner.plan(request), request, frozenset())

    def replan(self, request: ReplanRequest) -> Plan | None:
        """Returns the inner planner's new plan; what is completed stays as it is."""
        plan = self._inner.replan(request)
        if plan is None:
            return None
        done = {node for node, report in request.nodes.items() if report.outputs is not None}
        return self._shared(plan, request.request, frozenset(done))

    def _shared(self, plan: Plan, request: PlanRequest, done: frozenset[int]) -> Plan:
        by_id = {agent.id: agent for agent in request.agents}
        tiers: dict[int, EffortTier] = {}
        for node in plan.nodes:
            if node.id not in done and has_page(node):
                tier = self._tiers.draw(by_id[node.agent], self._rng)
                if tier is not None:
                    tiers[node.id] = tier
        if not tiers:
            return plan
        number = 1 + round(self._share * (len(tiers) - 1))
        own = self._rng.sample(sorted(tiers), number)
        return with_tiers(plan, {node: tiers[node] for node in own}, by_id, request.budget)


def with_tiers(
    plan: Plan,
    tiers: Mapping[int, EffortTier],
    agents: Mapping[str, AgentProfile],
    budget: int,
) -> Plan:
    """Returns a plan with some nodes at other tiers, bounded for all of their steps at that price.

    Args:
        plan: What is to be changed.
        tiers: Node id to its new tier.
        agents: The pool by id.
        budget: Micro-dollars: no bound is above.
    """
    nodes = []
    for node in plan.nodes:
        tier = tiers.get(node.id)
        if tier is not None:
            per_step = Tariff().upper_bound(tier, agents[node.agent].price_factor)
            bound = max(0, min((node.step_cap + 2) * per_step, budget))
            node = node.model_copy(update={"tier": tier, "cost_bound": bound})
        nodes.append(node)
    return plan.model_copy(update={"nodes": tuple(nodes)})


def has_page(node: PlanNode) -> bool:
    """Returns whether a node opens a page, so that there is something to choose."""
    return node.subgoal.verb not in PAGELESS
