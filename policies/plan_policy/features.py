"""What the policy sees of a decision, as arrays of fixed width.

    context  [C]      money, progress, trigger, who planned, which prior      in every head
    node     [N, D]   verb, arguments, cap, bound, attempts, place in the DAG
    choice   [K, J]   the agent (slot, skills, price) and the effort tier
    pair     [N, K, P]  what a choice would cost this node; whether it is planned, or was tried
    edge     [M, E]   both ends, and whether another path keeps the order anyway
    gate     [G]      the failure at hand, what the engine prefers, what is legal

The names of the columns are `CONTEXT`, `NODE`, ...; a policy file records `LAYOUT`, which changes
whenever a column does. Everything is scaled to about [0, 1]; shares of money are cut at 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.events import FailureKind, Trigger
from core.plans import EffortTier, Plan, PlanNode, ValueType, Verb
from policies.plan_policy.choices import GATES, NodeStanding, RunStanding
from policies.plan_policy.priors import PriorSource
from policies.plan_policy.shape import Shape
from policies.profiles import AgentProfile
from policies.tariff import Tariff

__all__ = [
    "CHOICE",
    "CONTEXT",
    "EDGE",
    "GATE",
    "LAYOUT",
    "NODE",
    "PAIR",
    "FloatArray",
    "PairInputs",
    "choice_features",
    "context_features",
    "edge_features",
    "gate_features",
    "node_features",
    "pair_features",
]

FloatArray = npt.NDArray[np.float32]

_VERBS = tuple(Verb)
_TYPES = tuple(ValueType)
_TIERS = tuple(EffortTier)
_FAILURES = tuple(FailureKind)
_TRIGGERS = tuple(Trigger)
_SOURCES = tuple(PriorSource)
_ORIGINS = ("rules", "cache", "model")
_SLOTS = 8
"""Places of a pool that have a column of their own; agents behind them are told by their skills."""
_WRITES = frozenset({Verb.SUBMIT, Verb.TOGGLE, Verb.EDIT, Verb.DELETE})

LAYOUT = "2026.1"
"""Version of the columns below."""

CONTEXT: tuple[str, ...] = (
    *("remaining_share", "spent_share", "held_share", "burn_rate", "progress", "confidence"),
    *("log_budget", "replans", "open_share", "num_nodes", "num_edges", "failed_attempts"),
    *(f"trigger_{trigger}" for trigger in _TRIGGERS),
    *(f"origin_{origin}" for origin in _ORIGINS),
    *(f"prior_{source}" for source in _SOURCES),
)
NODE: tuple[str, ...] = (
    *(f"verb_{verb}" for verb in _VERBS),
    *(f"inputs_{kind}" for kind in _TYPES),
    *("num_flows", "num_outputs", "constant_length", "longest_list", "has_postcondition"),
    *("step_cap", "bound_share", "attempts", "is_open", "is_done"),
    *("depth", "height", "num_predecessors", "num_successors"),
    *(f"failed_{failure}" for failure in _FAILURES),
)
CHOICE: tuple[str, ...] = (
    *(f"slot_{slot}" for slot in range(_SLOTS)),
    *(f"can_{verb}" for verb in _VERBS),
    *("price_factor", "any_site", "looks", "log_elements", "log_step_price"),
    *(f"tier_{tier}" for tier in _TIERS),
)
PAIR: tuple[str, ...] = (
    *("cost_share", "log_cost_ratio", "is_planned", "has_tried", "planned_load", "prior"),
)
EDGE: tuple[str, ...] = (
    *(f"source_{verb}" for verb in _VERBS),
    *(f"target_{verb}" for verb in _VERBS),
    *("same_agent", "same_site", "source_writes", "target_writes", "source_depth", "target_depth"),
    *("num_predecessors", "num_successors", "has_other_path", "source_is_open", "prior"),
)
GATE: tuple[str, ...] = (
    *(f"failed_{failure}" for failure in _FAILURES),
    *(f"prior_{gate}" for gate in GATES),
    *(f"legal_{gate}" for gate in GATES),
)


def context_features(
    plan: Plan, shape: Shape, standing: RunStanding, source: PriorSource
) -> FloatArray:
    """Returns what all heads see. [C]."""
    budget = max(standing.budget, 1)
    spent = standing.spent / budget
    num_open = sum(standing.node(node.id).is_open for node in plan.nodes)
    attempts = sum(
        node.attempts - node.is_done for node in standing.nodes.values() if node.attempts
    )
    origin = plan.origin if plan.origin in _ORIGINS else "model"
    row = [
        standing.free / budget,
        min(spent, 2.0),
        min(standing.held / budget, 2.0),
        min(spent / max(standing.progress, 0.05), 4.0) / 4.0,
        standing.progress,
        standing.confidence,
        math.log1p(budget) / 20.0,
        standing.replans / 4.0,
        num_open / max(len(plan.nodes), 1),
        len(plan.nodes) / 16.0,
        len(shape.edges) / 16.0,
        attempts / 8.0,
        *(float(standing.trigger is trigger) for trigger in _TRIGGERS),
        *(float(origin == name) for name in _ORIGINS),
        *(float(source is name) for name in _SOURCES),
    ]
    return np.array(row, dtype=np.float32)


def node_features(plan: Plan, shape: Shape, standing: RunStanding) -> FloatArray:
    """Returns one row for each node. [N, D]."""
    free = max(standing.free, 1)
    rows = [
        _node_row(node, standing.node(node.id), place, shape, free)
        for place, node in enumerate(plan.nodes)
    ]
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(NODE))


def choice_features(agents: Sequence[AgentProfile], tariff: Tariff) -> FloatArray:
    """Returns one row for each choice of a pool. [K, J]."""
    rows = []
    for place, agent in enumerate(agents):
        slots = [0.0] * _SLOTS
        if place < _SLOTS:
            slots[place] = 1.0
        skills = [float(verb in agent.skills) for verb in _VERBS]
        for tier in agent.tiers:
            spec = tariff.tiers[tier]
            price = tariff.upper_bound(tier, agent.price_factor)
            look = [spec.looks / 2.0, math.log1p(spec.max_elements) / 10.0]
            rows.append(
                [
                    *slots,
                    *skills,
                    *(agent.price_factor / 2.0, float(not agent.sites)),
                    *look,
                    math.log1p(price) / 12.0,
                    *(float(tier is name) for name in _TIERS),
                ]
            )
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(CHOICE))


class PairInputs(NamedTuple):
    """What the features of (node, choice) are made of."""

    costs: npt.NDArray[np.float64]
    """Worst-case micro-dollars. [N, K]"""
    planned: npt.NDArray[np.intp]
    """The plan's own choices, -1 for none. [N]"""
    slots: npt.NDArray[np.intp]
    """Place in the pool of each choice's agent. [K]"""
    prior: npt.NDArray[np.float64]
    """[N, K]"""


def pair_features(
    plan: Plan, agents: Sequence[AgentProfile], standing: RunStanding, given: PairInputs
) -> FloatArray:
    """Returns one row for each node and choice. [N, K, P]."""
    num_nodes, num_choices = given.costs.shape
    pairs = np.zeros((num_nodes, num_choices, len(PAIR)), dtype=np.float32)
    if not num_choices:
        return pairs
    rows = np.arange(num_nodes)
    own = given.costs[rows, given.planned]  # a row without a choice of its own: any will do
    tried = np.zeros((num_nodes, len(agents)), dtype=np.float32)
    load = [0.0] * len(agents)
    place = {agent.id: slot for slot, agent in enumerate(agents)}
    for row, node in enumerate(plan.nodes):
        stands = standing.node(node.id)
        for agent in stands.agents:
            if agent in place:
                tried[row, place[agent]] = 1.0
        if stands.is_open and node.agent in place:
            load[place[node.agent]] += 1.0 / num_nodes
    pairs[..., 0] = np.minimum(given.costs / max(standing.free, 1), 2.0)
    ratio = np.log2((given.costs + 1.0) / (own[:, None] + 1.0)) / 8.0
    pairs[..., 1] = np.minimum(np.maximum(ratio, -2.0), 2.0)
    pairs[rows, given.planned, 2] = given.planned >= 0
    pairs[..., 3] = tried[:, given.slots]
    pairs[..., 4] = np.array(load)[given.slots]
    pairs[..., 5] = given.prior
    return pairs


def edge_features(
    plan: Plan, shape: Shape, standing: RunStanding, prior: npt.NDArray[np.float64]
) -> FloatArray:
    """Returns one row for each edge. [M, E].

    Args:
        plan: The plan.
        shape: Its shape.
        standing: How the episode stands.
        prior: Chance that each edge is kept. [M]
    """
    rows = []
    for (start, end), chance in zip(shape.edges, prior.tolist(), strict=True):
        source, target = plan.nodes[start], plan.nodes[end]
        row = [0.0] * (2 * len(_VERBS))
        row[_VERB_PLACE[source.subgoal.verb]] = 1.0
        row[len(_VERBS) + _VERB_PLACE[target.subgoal.verb]] = 1.0
        row += (
            source.agent == target.agent,
            source.site == target.site,
            source.subgoal.verb in _WRITES,
            target.subgoal.verb in _WRITES,
            shape.depth[start] / 8.0,
            shape.depth[end] / 8.0,
            shape.num_predecessors[end] / 4.0,
            shape.num_successors[start] / 4.0,
            shape.has_other_path(start, end),
            standing.node(source.id).is_open,
            chance,
        )
        rows.append(row)
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(EDGE))


def gate_features(
    standing: RunStanding, prior: npt.NDArray[np.float64], mask: npt.NDArray[np.bool_]
) -> FloatArray:
    """Returns what only the gate sees. [G].

    Args:
        standing: How the episode stands.
        prior: What the engine prefers. [4]
        mask: What is legal. [4]
    """
    failed = [standing.failure is failure for failure in _FAILURES]
    return np.concatenate([failed, prior, mask]).astype(np.float32)


def _node_row(
    node: PlanNode, stands: NodeStanding, place: int, shape: Shape, free: int
) -> list[float]:
    row = [0.0] * len(NODE)
    flows, length, longest = 0, 0, 0
    for argument in node.inputs:
        row[_FIRST_INPUT + _TYPE_PLACE[argument.type]] += 0.25
        if argument.source is not None:
            flows += 1
        elif isinstance(argument.const, str):
            length += len(argument.const)
        elif isinstance(argument.const, list):
            longest = max(longest, len(argument.const))
    row[_VERB_PLACE[node.subgoal.verb]] = 1.0
    row[_FIRST_PLAIN:_FIRST_FAILURE] = (
        flows / 4.0,
        len(node.outputs) / 4.0,
        math.log1p(length) / 8.0,
        math.log1p(longest) / 4.0,
        float(node.postcondition is not None),
        node.step_cap / 60.0,
        min(node.cost_bound / free, 2.0),
        stands.attempts / 5.0,
        float(stands.is_open),
        float(stands.is_done),
        shape.depth[place] / 8.0,
        shape.height[place] / 8.0,
        shape.num_predecessors[place] / 4.0,
        shape.num_successors[place] / 4.0,
    )
    if stands.failure is not None:
        row[_FIRST_FAILURE + _FAILURE_PLACE[stands.failure]] = 1.0
    return row


_VERB_PLACE = {verb: place for place, verb in enumerate(_VERBS)}
_TYPE_PLACE = {kind: place for place, kind in enumerate(_TYPES)}
_FAILURE_PLACE = {failure: place for place, failure in enumerate(_FAILURES)}
_FIRST_INPUT = len(_VERBS)
_FIRST_PLAIN = _FIRST_INPUT + len(_TYPES)
_FIRST_FAILURE = len(NODE) - len(_FAILURES)
