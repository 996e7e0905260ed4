"""Where the preferences about a proposed plan come from.

AsProposed     one-hot on what the plan says, smoothed
StoredPriors   as another source says; for a cached plan what was said when it was made
LabelPrior     as a model says, see `planner.orchestration_labels`
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Protocol

from core.plans import EdgeKind, Plan
from planner.requests import PlanRequest
from policies.plan_policy import DecisionProblem, PlanPrior, PriorSource

__all__ = ["AsProposed", "PriorOf", "StoredPriors", "source_of"]

_SOURCES = {"rules": PriorSource.RULES, "cache": PriorSource.CACHE}
"""By `Plan.origin`; a model's name is none of them."""


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


def source_of(plan: Plan) -> PriorSource:
    """Returns the source of the plain prior of a plan."""
    return _SOURCES.get(plan.origin, PriorSource.ONEHOT)


def _skeleton(plan: Plan) -> str:
    nodes = [(node.id, node.subgoal.verb.value, node.site) for node in plan.nodes]
    flows = [(edge.source, edge.target) for edge in plan.edges if edge.kind is EdgeKind.DATA]
    return repr((sorted(nodes), sorted(flows)))
