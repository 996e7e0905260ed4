"""The rules that every plan must keep; breaking one is a finding, not an exception.

Each rule is a generator `(plan, context) -> findings`, listed in `_RULES`. What a rule needs beside
the plan is in `PlanContext`. `planner.repairs` mends what has one clear meaning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from core.plans import EdgeKind, NodeInput, Plan, PlanGraph, PlanNode, ValueType, Verb
from planner.findings import Finding, Flaw
from planner.requests import PlanRequest
from policies.profiles import AgentProfile

__all__ = ["PlanContext", "find_flaws", "parse_plan"]

_NO_PAGE = frozenset({Verb.COMPUTE, Verb.RESPOND})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanContext:
    """What the rules need to know besides the plan."""

    agents: tuple[AgentProfile, ...]
    sites: tuple[str, ...]
    budget: int
    """Micro-dollars left."""
    max_nodes: int
    total: int | None = None
    """Micro-dollars that the bounds of all nodes together may reach. `None`: bounds are caps of
    which few are ever reached, so their sum may pass the budget; the ledger holds the total."""

    @classmethod
    def of(cls, request: PlanRequest) -> PlanContext:
        """Returns the context of a planning request."""
        return cls(
            agents=request.agents,
            sites=request.task.sites,
            budget=request.budget,
            max_nodes=request.max_nodes,
        )


def parse_plan(record: JsonValue) -> Plan | tuple[Finding, ...]:
    """Reads a plan from JSON, as a model or a file gives it.

    Args:
        record: An object with `nodes` and `edges`, optionally inside `{"dag": ...}`.
    """
    if isinstance(record, dict) and isinstance(record.get("dag"), dict):
        record = record["dag"]
    try:
        return Plan.model_validate(record)
    except ValidationError as error:
        return tuple(
            Finding(
                flaw=Flaw.UNREADABLE,
                message=f"{'.'.join(str(part) for part in problem['loc']) or 'plan'}: "
                f"{problem['msg']} (seen: {str(problem.get('input'))[:60]})",
            )
            for problem in error.errors(include_url=False)
        )


def find_flaws(plan: Plan, context: PlanContext) -> tuple[Finding, ...]:
    """Returns every rule that a plan breaks, in the order of the rules; empty: a valid plan."""
    return tuple(finding for rule in _RULES for finding in rule(plan, context))


def _size(plan: Plan, context: PlanContext) -> Iterator[Finding]:
    if not plan.nodes:
        yield Finding(flaw=Flaw.EMPTY, message="a plan has at least one node")
    if len(plan.nodes) > context.max_nodes:
        yield Finding(
            flaw=Flaw.TOO_MANY_NODES,
            message=f"{len(plan.nodes)} nodes, at most {context.max_nodes} are allowed",
        )
    for node_id, times in Counter(node.id for node in plan.nodes).items():
        if times > 1:
            yield Finding(
                flaw=Flaw.DUPLICATE_NODE, message=f"{times} nodes have id {node_id}", node=node_id
            )


def _dependencies(plan: Plan, context: PlanContext) -> Iterator[Finding]:
    del context
    known = {node.id for node in plan.nodes}
    for edge in plan.edges:
        for end in {edge.source, edge.target} - known:
            yield Finding(
                flaw=Flaw.UNKNOWN_DEPENDENCY,
                message=f"edge {edge.source}->{edge.target}: no node {end}; nodes: {sorted(known)}",
                node=edge.source,
                other=edge.target,
            )
    if cycle := PlanGraph(plan).cycle():
        path = "->".join(str(node) for node in (*cycle, cycle[0]))
        yield Finding(flaw=Flaw.CYCLE, message=f"nodes wait for each other: {path}", node=cycle[0])


def _assignments(plan: Plan, context: PlanContext) -> Iterator[Finding]:
    pool = {agent.id: agent for agent in context.agents}
    for node in plan.nodes:
        agent = pool.get(node.agent)
        if agent is None:
            yield Finding(
                flaw=Flaw.UNKNOWN_AGENT,
                message=f"node {node.id}: no agent {node.agent!r}; agents: {sorted(pool)}",
                node=node.id,
            )
        elif not agent.can(node.subgoal.verb, node.site) or node.tier not in agent.tiers:
            yield Finding(
                flaw=Flaw.UNFIT_AGENT,
                message=f"node {node.id}: {agent.id} does not {node.subgoal.verb} on "
                f"{node.site or 'no site'} at tier {node.tier}",
                node=node.id,
            )
        if not _site_fits(node, context):
            yield Finding(
                flaw=Flaw.FOREIGN_SITE,
                message=f"node {node.id}: site {node.site!r}; the task has {list(context.sites)}",
                node=node.id,
            )


def _site_fits(node: PlanNode, context: PlanContext) -> bool:
    if node.site in context.sites:
        return True
    return node.site == "" and node.subgoal.verb in _NO_PAGE


def _flows(plan: Plan, context: PlanContext) -> Iterator[Finding]:
    del context
    outputs = {(node.id, out.name): out.type for node in plan.nodes for out in node.outputs}
    joined = {(edge.source, edge.target) for edge in plan.edges if edge.kind is EdgeKind.DATA}
    for node in plan.nodes:
        yield from _names(node)
        for argument in node.inputs:
            yield from _input(node, argument, outputs, joined)


def _names(node: PlanNode) -> Iterator[Finding]:
    for kind, names in (
        ("inputs", [argument.name for argument in node.inputs]),
        ("outputs", [output.name for output in node.outputs]),
    ):
        for name, times in Counter(names).items():
            if times > 1:
                yield Finding(
                    flaw=Flaw.DUPLICATE_NAME,
                    message=f"node {node.id}: {times} {kind} are called {name!r}",
                    node=node.id,
                    name=name,
                )


def _input(
    node: PlanNode,
    argument: NodeInput,
    outputs: Mapping[tuple[int, str], ValueType],
    joined: set[tuple[int, int]],
) -> Iterator[Finding]:
    source = argument.source
    if source is None:
        yield from _constant(node, argument)
        return
    produced = outputs.get((source.node, source.output))
    if produced is None:
        yield Finding(
            flaw=Flaw.MISSING_PRODUCER,
            message=f"node {node.id}: nothing produces {argument.name!r} "
            f"({source.output!r} of node {source.node})",
            node=node.id,
            other=source.node,
            name=argument.name,
        )
        return
    if produced is not argument.type:
        yield Finding(
            flaw=Flaw.WRONG_TYPE,
            message=f"node {node.id}: {argument.name!r} is {argument.type}, but "
            f"{source.output!r} of node {source.node} is {produced}",
            node=node.id,
            other=source.node,
            name=argument.name,
        )
    if (source.node, node.id) not in joined:
        yield Finding(
            flaw=Flaw.MISSING_EDGE,
            message=f"node {node.id} uses {source.output!r} of node {source.node} "
            "without a data edge between them",
            node=node.id,
            other=source.node,
            name=argument.name,
        )


def _constant(node: PlanNode, argument: NodeInput) -> Iterator[Finding]:
    if argument.const is None:
        yield Finding(
            flaw=Flaw.MISSING_VALUE,
            message=f"node {node.id}: {argument.name!r} has neither a value nor a source",
            node=node.id,
            name=argument.name,
        )
    elif not argument.type.accepts(argument.const):
        yield Finding(
            flaw=Flaw.WRONG_TYPE,
            message=f"node {node.id}: {argument.name!r} is {argument.type}, not "
            f"{str(argument.const)[:60]!r}",
            node=node.id,
            name=argument.name,
        )


def _ending(plan: Plan, context: PlanContext) -> Iterator[Finding]:
    del context
    if not plan.nodes:
        return
    responses = [node.id for node in plan.nodes if node.subgoal.verb is Verb.RESPOND]
    if len(responses) != 1:
        yield Finding(
            flaw=Flaw.NO_RESPONSE,
            message=f"a plan has exactly one respond node, not {len(responses)}",
        )
        return
    for terminal in PlanGraph(plan).terminals():
        if terminal != responses[0]:
            yield Finding(
                flaw=Flaw.DANGLING_NODE,
                message=f"the response (node {responses[0]}) does not wait for node {terminal}",
                node=terminal,
                other=responses[0],
            )


def _money(plan: Plan, context: PlanContext) -> Iterator[Finding]:
    for node in plan.nodes:
        if node.cost_bound > context.budget:
            yield Finding(
                flaw=Flaw.OVER_BUDGET,
                message=f"node {node.id} may cost {node.cost_bound} micro-dollars, "
                f"{context.budget} are left",
                node=node.id,
            )
    bounds = sum(node.cost_bound for node in plan.nodes)
    if context.total is not None and bounds > context.total:
        yield Finding(
            flaw=Flaw.OVER_TOTAL,
            message=f"all nodes together may cost {bounds} micro-dollars, at most {context.total} "
            "are allowed",
        )


_RULES: tuple[Callable[[Plan, PlanContext], Iterator[Finding]], ...] = (
    _size,
    _dependencies,
    _assignments,
    _flows,
    _ending,
    _money,
)
