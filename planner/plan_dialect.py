"""Plans as a language model writes them, and the way to and from our own.

    reply:  {"sketch", "nodes": [{id, verb, object, agent, tier, site, inputs, outputs, after, …}]}
    input:  {name, type, value | from_node + from_output}

A model writes no edges: a data edge is where an input comes from, an order edge is an id in
`after`. So a value that flows without an edge cannot be written. Constants are written as text, and
their type says how the text is read. Money is not a model's matter: a node's bound is what its
steps can cost at its tier.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from pydantic import JsonValue

from core.plans import EdgeKind, EffortTier, Plan, PlanNode, ValueType, Verb
from core.tasks import ResponseStatus, TaskType
from planner.findings import Finding, Flaw
from planner.lenient_json import Cut, read_lenient
from planner.plan_schema import NO_CONDITION, open_schema
from planner.requests import PlanRequest
from planner.schema_fit import Fitted, fit
from planner.validator import parse_plan
from policies.tariff import Tariff

__all__ = ["as_said", "read_plan"]

_MOST_STEPS = 120
"""Actions of one node that a model may ask for; more is a plan that is not thought through."""
_AS_TEXT = frozenset({ValueType.TEXT, ValueType.URL})
_SHAPES = ("", "values", "record", "column", "records")


def read_plan(
    said: JsonValue,
    request: PlanRequest,
    *,
    origin: str,
    kept: Plan | None = None,
    revision: int = 0,
) -> tuple[Plan | None, Fitted]:
    """Reads a plan in the model's form.

    Args:
        said: The JSON of a reply.
        request: Whose agents, sites and budget are meant.
        origin: Who made it.
        kept: Completed nodes with their edges; they stand in the plan as they are, and a node that
            the model wrote under the id of one of them is left out.
        revision: How many plans came before.

    Returns:
        The plan, or `None`, with what was put right and what is wrong with its form. The rules of
        plans are not checked here.
    """
    if isinstance(said, dict) and isinstance(said.get("dag"), dict):
        said = said["dag"]
    if isinstance(said, list):
        said = {"sketch": "", "nodes": said}
    if isinstance(said, dict):
        said = {"sketch": "", **said}
    # Agents and sites are left to the rules of plans, which can mend them and say more.
    fitted = fit(said, open_schema(request, agent={"type": "string"}, site={"type": "string"}))
    if fitted.findings or not isinstance(fitted.value, dict):
        return None, fitted
    nodes = fitted.value["nodes"]
    assert isinstance(nodes, list), "fit checked it"
    written = [node for node in nodes if isinstance(node, dict)]
    done = frozenset() if kept is None else frozenset(node.id for node in kept.nodes)
    fresh = [node for node in written if node["id"] not in done]
    plan = parse_plan(_as_ours(fresh, request, fitted, origin=origin, revision=revision))
    if not isinstance(plan, Plan):
        fitted.findings.extend(plan)
        return None, fitted
    if kept is not None:
        plan = plan.model_copy(
            update={"nodes": (*kept.nodes, *plan.nodes), "edges": (*kept.edges, *plan.edges)}
        )
    fitted.findings.extend(_answer_findings(plan))
    return plan, fitted


def as_said(plan: Plan) -> dict[str, JsonValue]:
    """Returns a plan as a model would write it; `read_plan` gives the same nodes and edges."""
    return {"sketch": "", "nodes": [_said(node, plan) for node in plan.nodes]}


def _as_ours(
    written: Sequence[Mapping[str, JsonValue]],
    request: PlanRequest,
    fitted: Fitted,
    *,
    origin: str,
    revision: int,
) -> dict[str, JsonValue]:
    nodes: list[JsonValue] = []
    edges: dict[tuple[JsonValue, JsonValue], EdgeKind] = {}
    for node in written:
        inputs = _records(node["inputs"])
        for before in _list(node["after"]):
            edges.setdefault((before, node["id"]), EdgeKind.ORDER)
        for argument in inputs:
            if argument["from_node"] is not None:
                edges[argument["from_node"], node["id"]] = EdgeKind.DATA
        nodes.append(_node(node, inputs, request, fitted))
    return {
        "nodes": nodes,
        "edges": [
            {"source": source, "target": target, "kind": kind.value}
            for (source, target), kind in edges.items()
        ],
        "origin": origin,
        "revision": revision,
    }


def _node(
    node: Mapping[str, JsonValue],
    inputs: Sequence[Mapping[str, JsonValue]],
    request: PlanRequest,
    fitted: Fitted,
) -> dict[str, JsonValue]:
    asked = node["step_cap"]
    assert isinstance(asked, int), "fit checked it"
    steps = min(max(asked, 1), _MOST_STEPS)
    if steps != asked:
        fitted.changes.append(f"node {node['id']}: {asked} steps are {steps}")
    pool = {agent.id: agent for agent in request.agents}
    agent = _nearest(node["agent"], pool)
    factor = pool[agent].price_factor if agent in pool else 1.0
    per_step = Tariff().upper_bound(EffortTier(str(node["tier"])), factor)
    pageless = node["verb"] in (Verb.COMPUTE, Verb.RESPOND)
    ours: dict[str, JsonValue] = {
        "id": node["id"],
        "subgoal": {"verb": node["verb"], "object": node["object"]},
        "agent": agent,
        "site": "" if pageless else _nearest(node["site"], request.task.sites),
        "inputs": [_input(argument, node["id"], fitted) for argument in inputs],
        "outputs": node["outputs"],
        "tier": node["tier"],
        "step_cap": steps,
        "cost_bound": max(0, min((steps + 2) * per_step, request.budget)),
    }
    if node["expect_kind"] != NO_CONDITION and node["expect"]:
        ours["postcondition"] = {"kind": node["expect_kind"], "argument": node["expect"]}
    return ours


def _nearest(word: JsonValue, known: Iterable[str]) -> str:
    """Returns the known name that is written alike, else the word itself."""
    said = str(word).strip()
    return next((name for name in known if name.casefold() == said.casefold()), said)


def _input(
    argument: Mapping[str, JsonValue], node: JsonValue, fitted: Fitted
) -> dict[str, JsonValue]:
    named: dict[str, JsonValue] = {"name": argument["name"], "type": argument["type"]}
    if argument["from_node"] is not None:
        output = argument["from_output"] or argument["name"]
        return {**named, "source": {"node": argument["from_node"], "output": output}}
    kind, text = ValueType(str(argument["type"])), argument["value"]
    if text is None:
        return {**named, "const": None}
    try:
        value = _constant(kind, str(text))
    except ValueError:
        value = text
        fitted.findings.append(
            Finding(
                flaw=Flaw.WRONG_TYPE,
                message=f"node {node}: the value of {argument['name']!r} is no {kind}: "
                f"{str(text)[:60]!r}; write it as JSON inside of the text",
                name=str(argument["name"]),
            )
        )
    return {**named, "const": value}


def _constant(kind: ValueType, text: str) -> JsonValue:
    """Reads a constant of a type.

    Raises:
        ValueError: The text is not one.
    """
    if kind in _AS_TEXT:
        return text
    value = _json(text.lower() if kind is ValueType.FLAG else text)
    if kind in _LISTS and not isinstance(value, list):
        value = [value]
    if not kind.accepts(value):
        raise ValueError(f"{text[:60]!r} is no {kind}")
    return value


def _json(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        read = read_lenient(text)
        if read.cut is not Cut.WHOLE or text[read.end :].strip():
            raise
        value = read.value
    return value


_LISTS = frozenset({ValueType.TEXTS, ValueType.NUMBERS, ValueType.URLS, ValueType.RECORDS})


def _answer_findings(plan: Plan) -> list[Finding]:
    """Tells where the answer's constants are words that the benchmark does not have."""
    wanted = {
        "task_type": [kind.value for kind in TaskType],
        "status": [status.value for status in ResponseStatus],
        "shape": list(_SHAPES),
    }
    return [
        Finding(
            flaw=Flaw.WRONG_TYPE,
            message=f"node {node.id}: {argument.name!r} is one of {wanted[argument.name]}, "
            f"not {str(argument.const)[:60]!r}",
            node=node.id,
            name=argument.name,
        )
        for node in plan.nodes
        if node.subgoal.verb is Verb.RESPOND
        for argument in node.inputs
        if argument.source is None
        and argument.name in wanted
        and argument.const not in wanted[argument.name]
    ]


def _said(node: PlanNode, plan: Plan) -> dict[str, JsonValue]:
    sources = {argument.source.node for argument in node.inputs if argument.source is not None}
    condition = node.postcondition
    return {
        "id": node.id,
        "verb": node.subgoal.verb.value,
        "object": node.subgoal.object,
        "agent": node.agent,
        "tier": node.tier.value,
        "site": node.site,
        "inputs": [
            {
                "name": argument.name,
                "type": argument.type.value,
                "value": None
                if argument.source is not None or argument.const is None
                else _spelled(argument.type, argument.const),
                "from_node": None if argument.source is None else argument.source.node,
                "from_output": None if argument.source is None else argument.source.output,
            }
            for argument in node.inputs
        ],
        "outputs": [{"name": one.name, "type": one.type.value} for one in node.outputs],
        "after": [
            edge.source
            for edge in plan.edges
            if edge.target == node.id and edge.source not in sources
        ],
        "step_cap": node.step_cap,
        "expect_kind": NO_CONDITION if condition is None else condition.kind,
        "expect": None if condition is None else condition.argument,
    }


def _spelled(kind: ValueType, value: JsonValue) -> str:
    if kind in _AS_TEXT and isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _records(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [one for one in _list(value) if isinstance(one, dict)]
