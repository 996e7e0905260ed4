"""Puts a decision into effect: the same plan with its nodes assigned and its edges kept as decided.

What a node is to do never changes, nor do nodes that are done or run. A node that gets another
agent or tier gets a bound for all of its steps at that price, at most what is left, so a valid plan
stays valid. Where money is enforced, the mask let only choices through whose bound is affordable.
"""

from __future__ import annotations

import numpy as np

from core.errors import PlanError
from core.plans import Plan, PlanNode
from policies.plan_policy.distribution import Actions
from policies.plan_policy.problem import DecisionProblem

__all__ = ["applied"]


def applied(
    plan: Plan, problem: DecisionProblem, actions: Actions, *, most: int | None = None
) -> Plan:
    """Returns the plan as decided.

    Args:
        plan: The plan that the problem is about.
        problem: What was to be decided.
        actions: What was decided.
        most: Micro-dollars that no new bound is above: what is left. `None`: no limit.

    Raises:
        PlanError: The actions are not legal, or about another plan.
    """
    if (len(plan.nodes), len(plan.edges)) != (len(actions.agents), len(actions.keep)):
        raise PlanError("a decision about another plan")
    if np.any(~actions.keep & ~problem.edge_removable):
        raise PlanError("a mandatory edge cannot be dropped")
    nodes = tuple(
        _assigned(node, row, problem, actions, most) for row, node in enumerate(plan.nodes)
    )
    edges = tuple(edge for edge, kept in zip(plan.edges, actions.keep, strict=True) if kept)
    return plan.model_copy(update={"nodes": nodes, "edges": edges})


def _assigned(
    node: PlanNode, row: int, problem: DecisionProblem, actions: Actions, most: int | None
) -> PlanNode:
    chosen = int(actions.agents[row])
    if chosen == problem.planned[row]:
        return node
    if not problem.agent_mask[row, chosen]:
        raise PlanError(f"node {node.id} cannot be given to {problem.choices[chosen].label}")
    choice = problem.choices[chosen]
    bound = int(problem.costs[row, chosen]) if node.cost_bound else 0
    if most is not None:
        bound = min(bound, most)
    return node.model_copy(update={"agent": choice.agent, "tier": choice.tier, "cost_bound": bound})
