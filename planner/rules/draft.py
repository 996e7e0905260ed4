"""A plan while it is being drawn: nodes with typed inputs, agents spread over branches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import PlanError
from core.pages import Value
from core.plans import (
    EdgeKind,
    EffortTier,
    NodeInput,
    NodeOutput,
    OutputRef,
    Plan,
    PlanEdge,
    PlanNode,
    Subgoal,
    ValueType,
    Verb,
)
from core.tasks import ResponseStatus, TaskType
from planner.requests import PlanRequest
from policies.profiles import AgentProfile
from policies.tariff import Tariff

__all__ = ["ATTRIBUTE_TYPES", "Draft", "Flow", "NodeHandle"]

ATTRIBUTE_TYPES: Mapping[str, ValueType] = {
    "url": ValueType.URL,
    "comments": ValueType.NUMBER,
    "score": ValueType.NUMBER,
    "subscribers": ValueType.NUMBER,
    "posts": ValueType.NUMBER,
    "count": ValueType.NUMBER,
    "notifications": ValueType.NUMBER,
    "results": ValueType.NUMBER,
    "value": ValueType.NUMBER,
    "items": ValueType.RECORDS,
    "values": ValueType.TEXTS,
    "item": ValueType.RECORD,
    "record": ValueType.RECORD,
    "response": ValueType.RECORD,
    "done": ValueType.FLAG,
    "flag": ValueType.FLAG,
}
"""Types of outputs by name; every other output is a text."""

_PAGELESS = (Verb.COMPUTE, Verb.RESPOND)
_CAPS = {
    Verb.FIND: 40,
    Verb.OPEN: 30,
    Verb.READ: 20,
    Verb.COUNT: 60,
    Verb.COLLECT: 60,
    Verb.SUBMIT: 25,
    Verb.TOGGLE: 15,
    Verb.EDIT: 15,
    Verb.DELETE: 12,
    Verb.COMPUTE: 10,
    Verb.RESPOND: 5,
}
"""Actions that a node of this verb may take."""


@dataclass(frozen=True, slots=True)
class Flow:
    """An output that flows into an input."""

    ref: OutputRef
    type: ValueType


@dataclass(frozen=True, slots=True)
class NodeHandle:
    """A node that was drawn."""

    id: int
    outputs: tuple[str, ...]

    def __getitem__(self, name: str) -> Flow:
        """Returns an output of this node.

        Raises:
            PlanError: The node has no such output.
        """
        if name not in self.outputs:
            raise PlanError(f"node {self.id} delivers {self.outputs}, not {name!r}")
        return Flow(OutputRef(node=self.id, output=name), _type_of(name))


@dataclass(slots=True)
class Draft:
    """Collects nodes; `finish` closes the plan with its respond node."""

    request: PlanRequest
    site: str
    avoid: frozenset[str] = frozenset()
    """Agents that failed before and are taken last."""
    cap_factor: int = 1
    branch: int = 0
    """Which parallel part is being drawn; parts are spread over the agents."""
    nodes: list[PlanNode] = field(default_factory=list)
    edges: dict[tuple[int, int], EdgeKind] = field(default_factory=dict)
    first_id: int = 0

    def add(
        self,
        verb: Verb,
        subject: str,
        outputs: Sequence[str],
        **inputs: Value | Flow,
    ) -> NodeHandle:
        """Draws a node.

        Args:
            verb: What it does.
            subject: To what.
            outputs: Names of the values it delivers.
            **inputs: Constants, or outputs of other nodes; `None` and empty texts are left out.

        Raises:
            PlanError: No agent of the pool can do it.
        """
        node_id = self.first_id + len(self.nodes)
        bound = []
        for name, value in inputs.items():
            if value is None or value == "" or value == []:
                continue
            if isinstance(value, Flow):
                bound.append(NodeInput(name=name, type=value.type, source=value.ref))
                self.edges[value.ref.node, node_id] = EdgeKind.DATA
            else:
                bound.append(NodeInput(name=name, type=_constant_type(name, value), const=value))
        agent, cap = self._agent(verb), _CAPS[verb] * self.cap_factor
        tier = EffortTier.RULES if EffortTier.RULES in agent.tiers else agent.tiers[0]
        self.nodes.append(
            PlanNode(
                id=node_id,
                subgoal=Subgoal(verb=verb, object=subject),
                agent=agent.id,
                site="" if verb in _PAGELESS else self.site,
                inputs=tuple(bound),
                outputs=tuple(NodeOutput(name=name, type=_type_of(name)) for name in outputs),
                tier=tier,
                step_cap=cap,
                cost_bound=self._bound(agent, tier, cap),
            )
        )
        return NodeHandle(node_id, tuple(outputs))

    def finish(
        self,
        task_type: TaskType,
        *,
        status: ResponseStatus = ResponseStatus.SUCCESS,
        shape: str = "",
        keys: Sequence[tuple[str, str]] = (),
        revision: int = 0,
        kept: Sequence[PlanNode] = (),
        kept_edges: Sequence[PlanEdge] = (),
        values: Mapping[str, Flow] | None = None,
        reason: str = "",
    ) -> Plan:
        """Draws the respond node and returns the plan.

        Args:
            task_type: What the task asks for.
            status: How it ends.
            shape: See `policies.compute`.
            keys: Pairs of wanted key and argument or field.
            revision: How many plans came before.
            kept: Completed nodes of the plan before, that this one continues.
            kept_edges: Their edges.
            values: What the answer is made of, by argument.
            reason: Why it does not end in success, in words.
        """
        sources = {source for source, _ in self.edges}
        waits: dict[str, Flow] = dict(values or {})
        used = {flow.ref.node for flow in waits.values()}
        open_ends = [node for node in self.nodes if node.id not in sources | used]
        for node in open_ends:
            name = node.outputs[0].name
            flow = Flow(OutputRef(node=node.id, output=name), node.outputs[0].type)
            waits[f"waited_{node.id}"] = flow
        pairs: list[Value] = [{"key": key, "field": field} for key, field in keys]
        last = self.add(
            Verb.RESPOND,
            "answer",
            ["response"],
            task_type=task_type.value,
            status=status.value,
            shape=shape,
            keys=pairs,
            reason=reason,
            **waits,
        )
        edges = {(edge.source, edge.target): edge.kind for edge in kept_edges} | self.edges
        for node in kept:
            if not any(source == node.id for source, _ in edges):
                edges[node.id, last.id] = EdgeKind.ORDER
        return Plan(
            nodes=(*kept, *self.nodes),
            edges=tuple(PlanEdge(source=s, target=t, kind=kind) for (s, t), kind in edges.items()),
            revision=revision,
        )

    def _agent(self, verb: Verb) -> AgentProfile:
        """Returns the cheapest that can; in a pool without the rules' tier, of all agents."""
        fit = [
            agent
            for agent in self.request.agents
            if agent.can(verb, "" if verb in _PAGELESS else self.site) and agent.tiers
        ]
        fit = [agent for agent in fit if EffortTier.RULES in agent.tiers] or fit
        if not fit:
            raise PlanError(f"no agent of {[a.id for a in self.request.agents]} can {verb.value}")
        fit.sort(key=lambda agent: (agent.id in self.avoid, agent.price_factor))
        trusted = [agent for agent in fit if agent.id not in self.avoid] or fit
        return trusted[self.branch % len(trusted)]

    def _bound(self, agent: AgentProfile, tier: EffortTier, cap: int) -> int:
        per_step = Tariff().upper_bound(tier, agent.price_factor)
        return max(0, min((cap + 2) * per_step, self.request.budget))


def _type_of(name: str) -> ValueType:
    return ATTRIBUTE_TYPES.get(name, ValueType.TEXT)


def _constant_type(name: str, value: Value) -> ValueType:
    if name == "url" and isinstance(value, str):
        return ValueType.URL
    for kind in (
        ValueType.FLAG,
        ValueType.NUMBER,
        ValueType.TEXT,
        ValueType.TEXTS,
        ValueType.RECORDS,
        ValueType.RECORD,
        ValueType.NUMBERS,
    ):
        if kind.accepts(value):
            return kind
    raise PlanError(f"no type fits the constant {name}={value!r}")
