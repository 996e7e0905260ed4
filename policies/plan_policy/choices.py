"""What an orchestrator may decide about a plan that stands: the finite choices and their masks.

    nodes    each open node: one (agent, effort tier); legal: the agent can do it at that tier, and
             the node's worst-case cost is at most what is left and not held, where that is enforced
    edges    each order edge that still makes somebody wait: keep or drop; data edges are mandatory
    gate     continue, replan, stop, escalate; the caller says which are legal

A subset of an acyclic set of edges is acyclic, so edges are chosen independently of one another and
of the nodes. One rule of a plan could still break: the response must wait for every node. So each
node without a data edge onwards keeps one order edge, its *anchor*: then every path ends in the
response, whatever else is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.events import FailureKind, Trigger
from core.plans import EdgeKind, EffortTier, Plan, PlanEdge, Verb
from policies.profiles import AgentProfile
from policies.tariff import Tariff

__all__ = [
    "GATES",
    "Choice",
    "Gate",
    "NodeStanding",
    "RunStanding",
    "choices_of",
    "legal_choices",
    "planned_choices",
    "removable_edges",
    "step_prices",
    "worst_cases",
]

_PAGELESS = frozenset({Verb.COMPUTE, Verb.RESPOND})
_SPARE_STEPS = 2
"""Steps beyond the cap that a bound has room for, as in the rules' plans."""


class Gate(StrEnum):
    """What to do about a running plan."""

    CONTINUE = "continue"
    REPLAN = "replan"
    """Repair it or plan anew, whatever the replanning engine holds ready."""
    STOP = "stop"
    ESCALATE = "escalate"
    """Go on with more effort: every open node one tier up."""


GATES: tuple[Gate, ...] = tuple(Gate)
"""In the order of every gate array."""


class Choice(NamedTuple):
    """Who does a node, and how hard they look."""

    agent: str
    tier: EffortTier

    @property
    def label(self) -> str:
        """Name by which priors are stored: `agent:tier`."""
        return f"{self.agent}:{self.tier.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStanding:
    """How one node stands; the default is one that nobody has touched."""

    is_open: bool = True
    """Neither done nor running: its assignment can still change."""
    is_done: bool = False
    attempts: int = 0
    failure: FailureKind | None = None
    """Of the last attempt."""
    agents: tuple[str, ...] = ()
    """Who has tried."""


_UNTOUCHED = NodeStanding()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStanding:
    """How the episode stands when something is decided. Money is in micro-dollars."""

    budget: int
    """The limit B of the episode."""
    spent: int = 0
    held: int = 0
    """Reserved by nodes that run now."""
    progress: float = 0.0
    """Finished share of the plan's cost, in [0, 1]."""
    confidence: float = 1.0
    """Of the subtask that has just ended, in [0, 1]."""
    trigger: Trigger | None = None
    failure: FailureKind | None = None
    """Of the subtask that has just ended; `None` after a success."""
    replans: int = 0
    nodes: Mapping[int, NodeStanding] = field(default_factory=dict)
    """Nodes that are not here are untouched."""
    lost_agents: frozenset[str] = frozenset()
    is_capped: bool = True
    """Whether the ledger refuses what goes beyond the budget. Where it only observes, no choice is
    illegal for its price: what it costs is for the policy to learn."""

    @property
    def free(self) -> int:
        """Micro-dollars neither spent nor held."""
        return max(0, self.budget - self.spent - self.held)

    def node(self, node_id: int) -> NodeStanding:
        """Returns how a node stands."""
        return self.nodes.get(node_id, _UNTOUCHED)


def choices_of(agents: Sequence[AgentProfile]) -> tuple[Choice, ...]:
    """Returns every (agent, tier) of a pool, in the pool's order, cheapest tier first."""
    return tuple(Choice(agent.id, tier) for agent in agents for tier in agent.tiers)


def step_prices(agents: Sequence[AgentProfile], tariff: Tariff) -> npt.NDArray[np.float64]:
    """Returns the most micro-dollars of one step under each choice. [K]."""
    return np.array(
        [tariff.upper_bound(tier, agent.price_factor) for agent in agents for tier in agent.tiers],
        dtype=np.float64,
    )


def worst_cases(
    plan: Plan, prices: npt.NDArray[np.float64], planned: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """Returns the most micro-dollars that each node can cost under each choice. [N, K].

    As planned, a node's own bound holds, which the ledger enforces; under another choice it gets a
    bound for all of its steps.

    Args:
        plan: The plan.
        prices: Of one step. [K]
        planned: The plan's own choices, -1 for none. [N]
    """
    steps = [node.step_cap + _SPARE_STEPS for node in plan.nodes]
    costs = np.multiply.outer(np.array(steps, dtype=np.float64), prices)
    for row, own in enumerate(planned):
        if own >= 0 and plan.nodes[row].cost_bound:
            costs[row, own] = plan.nodes[row].cost_bound
    return costs


def planned_choices(plan: Plan, choices: Sequence[Choice]) -> npt.NDArray[np.intp]:
    """Returns each node's present choice as an index, -1 where the pool does not have it. [N]."""
    index = {choice: k for k, choice in enumerate(choices)}
    return np.array([index.get(Choice(n.agent, n.tier), -1) for n in plan.nodes], dtype=np.intp)


def legal_choices(
    plan: Plan,
    agents: Sequence[AgentProfile],
    standing: RunStanding,
    costs: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Returns which choices each node has. [N, K].

    A node that is not open, and one for which nothing is affordable, has none: its assignment
    stays. A node that opens no page is shown nothing at any tier, so its tier stays.

    Args:
        plan: A valid plan.
        agents: The pool, in the order of the choices.
        standing: How the episode stands.
        costs: Worst-case micro-dollars of each node under each choice. [N, K]
    """
    can: dict[tuple[Verb, str, str], list[bool]] = {}
    none = [False] * costs.shape[1]
    rows = []
    for node in plan.nodes:
        if not standing.node(node.id).is_open:
            rows.append(none)
            continue
        verb, tier = node.subgoal.verb, node.tier if node.subgoal.verb in _PAGELESS else ""
        key = (verb, node.site, tier)
        if key not in can:
            can[key] = _capable(agents, key, standing.lost_agents)
        rows.append(can[key])
    mask = np.array(rows, dtype=np.bool_).reshape(costs.shape)
    return mask & (costs <= standing.free) if standing.is_capped else mask


def removable_edges(plan: Plan, standing: RunStanding) -> npt.NDArray[np.bool_]:
    """Returns which edges may be dropped, independently of one another. [M]."""
    anchored = {edge.source for edge in plan.edges if edge.kind is EdgeKind.DATA}
    responses = {node.id for node in plan.nodes if node.subgoal.verb is Verb.RESPOND}
    anchors: set[int] = set()
    for place in sorted(
        range(len(plan.edges)), key=lambda m: plan.edges[m].target not in responses
    ):
        edge = plan.edges[place]
        if edge.source not in anchored:
            anchored.add(edge.source)
            anchors.add(place)
    return np.array(
        [place not in anchors and _waits(edge, standing) for place, edge in enumerate(plan.edges)],
        dtype=np.bool_,
    )


def _waits(edge: PlanEdge, standing: RunStanding) -> bool:
    """Returns whether dropping an edge would change anything."""
    return (
        edge.kind is EdgeKind.ORDER
        and standing.node(edge.target).is_open
        and not standing.node(edge.source).is_done
    )


def _capable(
    agents: Sequence[AgentProfile], key: tuple[Verb, str, str], lost: frozenset[str]
) -> list[bool]:
    verb, site, only_tier = key
    fit: list[bool] = []
    for agent in agents:
        able = agent.can(verb, site) and agent.id not in lost
        fit += [able and only_tier in ("", tier) for tier in agent.tiers]
    return fit
