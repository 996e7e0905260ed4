"""Mends plans whose flaws have one clear meaning, and says what it did.

    unknown or unfit agent      the cheapest fit agent and tier of the pool
    edge to a missing node      dropped
    value flow without an edge  the data edge is added
    cycle                       order edges on it are dropped, data edges never
    node nobody waits for       the response waits for it
    node bound over the budget  the bound becomes the budget
    all bounds over the total   every bound is lowered by the same factor

Everything else needs its author: the findings stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.plans import EdgeKind, Plan, PlanEdge, PlanGraph, PlanNode
from planner.findings import Finding, Flaw
from planner.validator import PlanContext, find_flaws
from policies.profiles import AgentProfile

__all__ = ["Mended", "cheapest_fit", "mend"]

_ROUNDS = 4
"""A repair can bring a flaw to light that an earlier one hid; more rounds never helped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A plan after repair."""

    plan: Plan
    repairs: tuple[str, ...]
    """What was changed, in words."""
    findings: tuple[Finding, ...]
    """What is still wrong; empty: the plan is valid."""


def mend(plan: Plan, context: PlanContext) -> Mended:
    """Repairs what has one clear meaning; never changes what a node is to do."""
    result = Mended(plan=plan, repairs=(), findings=find_flaws(plan, context))
    for _ in range(_ROUNDS):
        repairs: list[str] = []
        current = result.plan
        for finding in result.findings:
            mended, note = _mend_one(current, finding, context)
            if note:
                current = mended
                repairs.append(note)
        if not repairs:
            break
        result = replace(
            result,
            plan=current,
            repairs=(*result.repairs, *repairs),
            findings=find_flaws(current, context),
        )
    return result


def cheapest_fit(node: PlanNode, agents: tuple[AgentProfile, ...]) -> AgentProfile | None:
    """Returns the cheapest agent that can do a node, at any tier; ties go to the first."""
    fit = [agent for agent in agents if agent.can(node.subgoal.verb, node.site) and agent.tiers]
    return min(fit, key=lambda agent: agent.price_factor, default=None)


def _mend_one(plan: Plan, finding: Finding, context: PlanContext) -> tuple[Plan, str]:
    match finding.flaw:
        case Flaw.UNKNOWN_AGENT | Flaw.UNFIT_AGENT:
            return _reassign(plan, finding, context)
        case Flaw.UNKNOWN_DEPENDENCY:
            return _drop_edges(plan, finding)
        case Flaw.MISSING_EDGE | Flaw.DANGLING_NODE:
            return _join(plan, finding)
        case Flaw.CYCLE:
            return _break_cycle(plan)
        case Flaw.OVER_BUDGET:
            return _lower_bound(plan, finding, context)
        case Flaw.OVER_TOTAL:
            return _share(plan, context)
        case _:
            return plan, ""


def _reassign(plan: Plan, finding: Finding, context: PlanContext) -> tuple[Plan, str]:
    node = plan.node(_known(finding.node))
    agent = cheapest_fit(node, context.agents)
    if agent is None:
        return plan, ""
    tier = node.tier if node.tier in agent.tiers else agent.tiers[0]
    changed = node.model_copy(update={"agent": agent.id, "tier": tier})
    return _with_node(plan, changed), f"node {node.id}: {node.agent} -> {agent.id} at {tier}"


def _drop_edges(plan: Plan, finding: Finding) -> tuple[Plan, str]:
    known = {node.id for node in plan.nodes}
    kept = tuple(edge for edge in plan.edges if {edge.source, edge.target} <= known)
    if len(kept) == len(plan.edges):
        return plan, ""
    note = f"dropped edge {finding.node}->{finding.other} to a missing node"
    return plan.model_copy(update={"edges": kept}), note


def _join(plan: Plan, finding: Finding) -> tuple[Plan, str]:
    if finding.flaw is Flaw.MISSING_EDGE:
        edge = PlanEdge(source=_known(finding.other), target=_known(finding.node))
    else:
        edge = PlanEdge(
            source=_known(finding.node), target=_known(finding.other), kind=EdgeKind.ORDER
        )
    others = tuple(
        old for old in plan.edges if (old.source, old.target) != (edge.source, edge.target)
    )
    joined = plan.model_copy(update={"edges": (*others, edge)})
    return joined, f"added {edge.kind} edge {edge.source}->{edge.target}"


def _break_cycle(plan: Plan) -> tuple[Plan, str]:
    import networkx as nx  # a tenth of a second that most plans never need

    knots = list(nx.strongly_connected_components(PlanGraph(plan).graph))
    dropped = [
        edge
        for edge in plan.edges
        if edge.kind is EdgeKind.ORDER
        and any(edge.source in knot and edge.target in knot for knot in knots)
    ]
    if not dropped:
        return plan, ""
    kept = tuple(edge for edge in plan.edges if edge not in dropped)
    names = ", ".join(f"{edge.source}->{edge.target}" for edge in dropped)
    return plan.model_copy(update={"edges": kept}), f"dropped order edges on a cycle: {names}"


def _lower_bound(plan: Plan, finding: Finding, context: PlanContext) -> tuple[Plan, str]:
    node = plan.node(_known(finding.node))
    if context.budget <= 0:
        return plan, ""
    changed = node.model_copy(update={"cost_bound": context.budget})
    return _with_node(plan, changed), f"node {node.id}: cost bound lowered to {context.budget}"


def _share(plan: Plan, context: PlanContext) -> tuple[Plan, str]:
    """Lowers all bounds by one factor; a bound of 0 means none and stays so."""
    bounds = sum(node.cost_bound for node in plan.nodes)
    bounded = sum(node.cost_bound > 0 for node in plan.nodes)
    if context.total is None or context.total < bounded or bounds <= context.total:
        return plan, ""
    factor = (context.total - bounded) / bounds
    nodes = tuple(
        node.model_copy(update={"cost_bound": 1 + int(node.cost_bound * factor)})
        if node.cost_bound
        else node
        for node in plan.nodes
    )
    note = f"cost bounds lowered together from {bounds} to at most {context.total}"
    return plan.model_copy(update={"nodes": nodes}), note


def _with_node(plan: Plan, changed: PlanNode) -> Plan:
    nodes = tuple(changed if node.id == changed.id else node for node in plan.nodes)
    return plan.model_copy(update={"nodes": nodes})


def _known(node: int | None) -> int:
    assert node is not None, "this finding always names its nodes"
    return node
