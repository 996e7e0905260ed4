"""Cheap repairs of a running plan: each returns a changed plan, or None when it changes nothing.

No move touches a node that is done or running, and no move changes what a node is to do.
"""

from __future__ import annotations

from collections.abc import Callable

from core.plans import EdgeKind, EffortTier, Plan, PlanEdge, PlanGraph, PlanNode, Verb
from planner.decisions import RunReport
from planner.repairs import cheapest_fit
from policies.profiles import AgentProfile

__all__ = ["cheapen", "look_harder", "prune", "reroute", "split"]

_NEXT_LOOK = {
    EffortTier.RULES: EffortTier.FULL_PAGE,
    EffortTier.TOP_K: EffortTier.FULL_PAGE,
    EffortTier.FULL_PAGE: EffortTier.SECOND_LOOK,
    EffortTier.SECOND_LOOK: EffortTier.LANGUAGE_MODEL,
}
"""The rules read the whole page already, so the next look after them is not a smaller one."""
_LOOKS = frozenset({Verb.FIND, Verb.OPEN, Verb.READ, Verb.COUNT, Verb.COLLECT, Verb.COMPUTE})


def reroute(report: RunReport, node_id: int) -> Plan | None:
    """Gives a node to a fit agent that has not tried it, else lets its agent look harder."""
    node = report.plan.node(node_id)
    tried = {*report.nodes[node_id].agents, *report.lost_agents}
    fresh = tuple(agent for agent in report.request.agents if agent.id not in tried)
    agent = cheapest_fit(node, fresh)
    if agent is not None:
        tier = node.tier if node.tier in agent.tiers else agent.tiers[0]
        return _replace(report.plan, node.model_copy(update={"agent": agent.id, "tier": tier}))
    return _changed(report.plan, (node,), _harder(report))


def look_harder(report: RunReport) -> Plan | None:
    """Raises every open node by one effort tier, where its agent has one."""
    return _changed(report.plan, _open(report), _harder(report))


def cheapen(report: RunReport) -> Plan | None:
    """Gives every open node to the cheapest fit agent, at that agent's cheapest tier."""

    def cheapest(node: PlanNode) -> PlanNode:
        agents = tuple(
            agent for agent in report.request.agents if agent.id not in report.lost_agents
        )
        agent = cheapest_fit(node, agents)
        if agent is None:
            return node
        return node.model_copy(update={"agent": agent.id, "tier": agent.tiers[0]})

    return _changed(report.plan, _open(report), cheapest)


def prune(report: RunReport) -> Plan | None:
    """Drops open nodes that only look and whose values nobody uses."""
    dropped: set[int] = set()
    while True:
        used = {
            argument.source.node
            for node in report.plan.nodes
            if node.id not in dropped
            for argument in node.inputs
            if argument.source is not None
        }
        idle = {
            node.id
            for node in _open(report)
            if node.subgoal.verb in _LOOKS and node.id not in used | dropped
        }
        if not idle:
            break
        dropped |= idle
    if not dropped:
        return None
    return report.plan.model_copy(
        update={
            "nodes": tuple(node for node in report.plan.nodes if node.id not in dropped),
            "edges": _bridged(report.plan, dropped),
        }
    )


def split(report: RunReport, node_id: int) -> Plan | None:
    """Cuts a node that acts on a constant list into one node for each item.

    Only where nobody uses the node's values, so that nothing has to be put together again.
    """
    plan = report.plan
    node = plan.node(node_id)
    consumed = any(
        argument.source is not None and argument.source.node == node_id
        for other in plan.nodes
        for argument in other.inputs
    )
    lists = [item for item in node.inputs if isinstance(item.const, list) and len(item.const) > 1]
    if consumed or len(lists) != 1:
        return None
    items = lists[0].const
    room = report.request.max_nodes - len(plan.nodes) + 1
    if not isinstance(items, list) or len(items) > room:
        return None
    next_id = max(other.id for other in plan.nodes) + 1
    ids = [node_id, *range(next_id, next_id + len(items) - 1)]
    parts = tuple(
        node.model_copy(
            update={
                "id": part,
                "inputs": tuple(
                    argument.model_copy(update={"const": [item]})
                    if argument.name == lists[0].name
                    else argument
                    for argument in node.inputs
                ),
            }
        )
        for part, item in zip(ids, items, strict=True)
    )
    return plan.model_copy(
        update={
            "nodes": (*(other for other in plan.nodes if other.id != node_id), *parts),
            "edges": _copied_edges(plan, node_id, ids),
        }
    )


def _harder(report: RunReport) -> Callable[[PlanNode], PlanNode]:
    pool = {agent.id: agent for agent in report.request.agents}

    def harder(node: PlanNode) -> PlanNode:
        agent: AgentProfile | None = pool.get(node.agent)
        tier = _NEXT_LOOK.get(node.tier)
        if agent is None or tier is None or tier not in agent.tiers:
            return node
        return node.model_copy(update={"tier": tier})

    return harder


def _open(report: RunReport) -> tuple[PlanNode, ...]:
    return tuple(
        node
        for node in report.plan.nodes
        if report.nodes[node.id].outputs is None
        and node.id not in report.running
        and node.subgoal.verb is not Verb.RESPOND
    )


def _changed(
    plan: Plan, nodes: tuple[PlanNode, ...], change: Callable[[PlanNode], PlanNode]
) -> Plan | None:
    changed = plan
    for node in nodes:
        changed = _replace(changed, change(node))
    return None if changed == plan else changed


def _replace(plan: Plan, changed: PlanNode) -> Plan:
    nodes = tuple(changed if node.id == changed.id else node for node in plan.nodes)
    return plan.model_copy(update={"nodes": nodes})


def _bridged(plan: Plan, dropped: set[int]) -> tuple[PlanEdge, ...]:
    """Keeps the order that went through dropped nodes."""
    kept = {edge for edge in plan.edges if not {edge.source, edge.target} & dropped}
    graph = PlanGraph(plan).graph
    for node in dropped:
        before = set(graph.predecessors(node)) - dropped
        after = set(graph.successors(node)) - dropped
        kept |= {
            PlanEdge(source=source, target=target, kind=EdgeKind.ORDER)
            for source in before
            for target in after
            if not any(edge.source == source and edge.target == target for edge in kept)
        }
    return tuple(sorted(kept, key=lambda edge: (edge.source, edge.target)))


def _copied_edges(plan: Plan, node_id: int, ids: list[int]) -> tuple[PlanEdge, ...]:
    edges: list[PlanEdge] = []
    for edge in plan.edges:
        if node_id not in (edge.source, edge.target):
            edges.append(edge)
            continue
        for part in ids:
            edges.append(
                edge.model_copy(
                    update={
                        "source": part if edge.source == node_id else edge.source,
                        "target": part if edge.target == node_id else edge.target,
                    }
                )
            )
    return tuple(edges)
