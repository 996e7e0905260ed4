"""Plans: a frozen DAG of subtasks with typed values on its edges.

A plan is plain data; `PlanGraph` answers questions about its shape with networkx. Who runs what and
how far it is lives in the orchestrator's machine, not here.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

__all__ = [
    "EdgeKind",
    "EffortTier",
    "NodeInput",
    "NodeOutput",
    "OutputRef",
    "Plan",
    "PlanEdge",
    "PlanGraph",
    "PlanNode",
    "Postcondition",
    "Subgoal",
    "ValueType",
    "Verb",
]

if TYPE_CHECKING:
    import networkx as nx

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class Verb(StrEnum):
    """What a subtask does; the object says to what."""

    FIND = "find"
    """Reach the page of a named or described thing; outputs its URL."""
    OPEN = "open"
    """Reach an item by its place in a list (newest, top, third)."""
    READ = "read"
    """Read attributes of the thing on the page."""
    COUNT = "count"
    """Count the items that a condition selects."""
    COLLECT = "collect"
    """Gather the items of a list, over pages where needed."""
    SUBMIT = "submit"
    """Fill in a form and send it."""
    TOGGLE = "toggle"
    """Bring one or many things into a state: voted, subscribed, blocked."""
    EDIT = "edit"
    """Change a thing that exists."""
    DELETE = "delete"
    """Remove a thing that exists."""
    COMPUTE = "compute"
    """Derive values from inputs alone; no page is opened."""
    RESPOND = "respond"
    """Build the task's answer from inputs; the terminal node of every plan."""


class EffortTier(StrEnum):
    """How much of a page an agent is shown and what thinking costs; prices: `policies/tiers.py`."""

    RULES = "rules"
    TOP_K = "top_k"
    FULL_PAGE = "full_page"
    SECOND_LOOK = "second_look"
    LANGUAGE_MODEL = "language_model"


class ValueType(StrEnum):
    """Types of the values that flow along data edges."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    URL = "url"
    TEXTS = "texts"
    NUMBERS = "numbers"
    URLS = "urls"
    RECORD = "record"
    RECORDS = "records"

    def accepts(self, value: JsonValue) -> bool:
        """Returns whether a value has this type."""
        check = _CHECKS[self]
        if self in _LISTS:
            return isinstance(value, list) and all(check(item) for item in value)
        return check(value)


class EdgeKind(StrEnum):
    """Why one node waits for another."""

    DATA = "data"
    """A value flows: mandatory."""
    ORDER = "order"
    """A preference: may be dropped."""


class Subgoal(BaseModel):
    """What one node has to reach."""

    model_config = _FROZEN

    verb: Verb
    object: str
    """What it is about, in words: `forum`, `newest post`, `comment form`."""


class OutputRef(BaseModel):
    """Names one output of one node."""

    model_config = _FROZEN

    node: int
    output: str


class NodeInput(BaseModel):
    """A typed argument: a constant of the plan or another node's output."""

    model_config = _FROZEN

    name: str
    type: ValueType
    const: JsonValue = None
    """The value when `source` is absent."""
    source: OutputRef | None = None


class NodeOutput(BaseModel):
    """A typed value that a node must deliver."""

    model_config = _FROZEN

    name: str
    type: ValueType


class Postcondition(BaseModel):
    """What must hold on the last page of a node for its success to be believed."""

    model_config = _FROZEN

    kind: Literal["url_contains", "text_present", "text_absent", "pressed"]
    argument: str


class PlanNode(BaseModel):
    """One subtask with its assignment."""

    model_config = _FROZEN

    id: int = Field(ge=0)
    subgoal: Subgoal
    agent: str
    """`AgentProfile.id` of the agent it is assigned to."""
    site: str
    """Empty for `compute` and `respond`, which open no page."""
    inputs: tuple[NodeInput, ...] = ()
    outputs: tuple[NodeOutput, ...] = ()
    tier: EffortTier = EffortTier.RULES
    step_cap: int = Field(default=15, ge=1)
    """Actions after which the node has failed."""
    cost_bound: int = Field(default=0, ge=0)
    """Micro-dollars that the node may reserve in all; 0 means only the episode's cap binds."""
    postcondition: Postcondition | None = None


class PlanEdge(BaseModel):
    """`target` waits for `source`."""

    model_config = _FROZEN

    source: int
    target: int
    kind: EdgeKind = EdgeKind.DATA


class Plan(BaseModel):
    """A DAG of subtasks for one task."""

    model_config = _FROZEN

    nodes: tuple[PlanNode, ...]
    edges: tuple[PlanEdge, ...] = ()
    origin: str = "rules"
    """Who made it: `rules`, `cache`, a model's name."""
    revision: int = 0
    """0 for the first plan of an episode, one more for each replan."""

    def node(self, node_id: int) -> PlanNode:
        """Returns the node with this id.

        Raises:
            KeyError: The plan has no such node.
        """
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise KeyError(node_id)


class PlanGraph:
    """The shape of a plan as a networkx digraph."""

    def __init__(self, plan: Plan) -> None:
        import networkx as nx  # a fifth of a second, which only those who ask for shapes pay

        self.graph: nx.DiGraph[int] = nx.DiGraph()
        self.graph.add_nodes_from(node.id for node in plan.nodes)
        self.graph.add_edges_from((edge.source, edge.target) for edge in plan.edges)

    def cycle(self) -> tuple[int, ...]:
        """Returns the node ids of one cycle, empty when the plan is acyclic."""
        import networkx as nx

        try:
            return tuple(source for source, _ in nx.find_cycle(self.graph))
        except nx.NetworkXNoCycle:
            return ()

    def ready(self, done: frozenset[int]) -> tuple[int, ...]:
        """Returns nodes not done whose predecessors are all done, by id."""
        return tuple(
            node
            for node in sorted(self.graph)
            if node not in done and done.issuperset(self.graph.predecessors(node))
        )

    def descendants(self, node_id: int) -> frozenset[int]:
        """Returns every node that waits for this one, directly or not."""
        import networkx as nx

        return frozenset(nx.descendants(self.graph, node_id))

    def terminals(self) -> tuple[int, ...]:
        """Returns the nodes that nothing waits for, by id."""
        return tuple(node for node in sorted(self.graph) if not self.graph.out_degree(node))


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_CHECKS: dict[ValueType, Callable[[JsonValue], bool]] = {
    ValueType.TEXT: lambda value: isinstance(value, str),
    ValueType.NUMBER: _is_number,
    ValueType.FLAG: lambda value: isinstance(value, bool),
    ValueType.URL: lambda value: isinstance(value, str) and ("/" in value),
    ValueType.TEXTS: lambda value: isinstance(value, str),
    ValueType.NUMBERS: _is_number,
    ValueType.URLS: lambda value: isinstance(value, str) and ("/" in value),
    ValueType.RECORD: lambda value: isinstance(value, dict),
    ValueType.RECORDS: lambda value: isinstance(value, dict),
}
_LISTS = frozenset({ValueType.TEXTS, ValueType.NUMBERS, ValueType.URLS, ValueType.RECORDS})
