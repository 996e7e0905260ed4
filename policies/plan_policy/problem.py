"""One decision about one plan: features, masks and prior, ready for the policy.

The arrays are all that a learner needs to compute log π and its gradient again under other
parameters: the prior is data, and only the residual depends on θ. N nodes in the plan's order,
K choices in the pool's order, M edges in the plan's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.plans import Plan
from policies.plan_policy.choices import (
    GATES,
    Choice,
    Gate,
    RunStanding,
    choices_of,
    legal_choices,
    planned_choices,
    removable_edges,
    step_prices,
    worst_cases,
)
from policies.plan_policy.features import (
    FloatArray,
    PairInputs,
    choice_features,
    context_features,
    edge_features,
    gate_features,
    node_features,
    pair_features,
)
from policies.plan_policy.priors import PlanPrior, PriorSource
from policies.plan_policy.shape import shape_of
from policies.profiles import AgentProfile
from policies.tariff import Tariff

__all__ = ["DecisionProblem", "Head", "Pool", "pose"]


class Head(StrEnum):
    """The parts of a decision."""

    AGENTS = "agents"
    EDGES = "edges"
    GATE = "gate"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """What every decision about a pool of agents shares; made once."""

    agents: tuple[AgentProfile, ...]
    choices: tuple[Choice, ...]
    """In the pool's order, cheapest tier first."""
    prices: npt.NDArray[np.float64]
    """Most micro-dollars of one step. [K]"""
    features: FloatArray
    """[K, J]"""
    slots: npt.NDArray[np.intp]
    """Place of each choice's agent. [K]"""

    @classmethod
    def of(cls, agents: Sequence[AgentProfile], tariff: Tariff | None = None) -> Pool:
        """Returns the pool of these agents at these prices."""
        tariff = tariff or Tariff()
        return cls(
            agents=tuple(agents),
            choices=choices_of(agents),
            prices=step_prices(agents, tariff),
            features=choice_features(agents, tariff),
            slots=np.repeat(np.arange(len(agents)), [len(agent.tiers) for agent in agents]),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecisionProblem:
    """What is to be decided."""

    choices: tuple[Choice, ...]
    """Meaning of the K columns."""
    prior_source: PriorSource
    context: FloatArray
    """[C]"""
    node: FloatArray
    """[N, D]"""
    choice: FloatArray
    """[K, J]"""
    pair: FloatArray
    """[N, K, P]"""
    edge: FloatArray
    """[M, E]"""
    gate: FloatArray
    """[G]"""
    planned: npt.NDArray[np.intp]
    """Choice that a node without a legal one keeps, -1 where the pool does not have it. [N]"""
    costs: npt.NDArray[np.float64]
    """Worst-case micro-dollars. [N, K]"""
    agent_mask: npt.NDArray[np.bool_]
    """[N, K]"""
    edge_removable: npt.NDArray[np.bool_]
    """[M]"""
    gate_mask: npt.NDArray[np.bool_]
    """[4]"""
    agent_log_prior: npt.NDArray[np.float64]
    """Natural log, 0 where not legal. [N, K]"""
    edge_log_prior: npt.NDArray[np.float64]
    """Log-odds of keeping. [M]"""
    gate_log_prior: npt.NDArray[np.float64]
    """[4]"""

    @property
    def has_legal(self) -> npt.NDArray[np.bool_]:
        """Nodes with a legal choice; the others stay as planned. [N]."""
        legal: npt.NDArray[np.bool_] = self.agent_mask.sum(axis=1) > 0
        return legal

    @property
    def agents_active(self) -> npt.NDArray[np.bool_]:
        """Nodes with more than one legal choice. [N]."""
        active: npt.NDArray[np.bool_] = self.agent_mask.sum(axis=1) > 1
        return active

    @property
    def gate_active(self) -> bool:
        """Whether more than one gate is legal."""
        return int(self.gate_mask.sum()) > 1


def pose(
    plan: Plan,
    pool: Pool,
    standing: RunStanding,
    prior: PlanPrior,
    *,
    heads: frozenset[Head] = frozenset({Head.AGENTS, Head.EDGES}),
    gates: frozenset[Gate] = frozenset({Gate.CONTINUE}),
) -> DecisionProblem:
    """Returns the decision that a plan asks for.

    Args:
        plan: A valid plan.
        pool: Who could do it, at which prices.
        standing: How the episode stands.
        prior: What the planner prefers.
        heads: What is decided now; the rest stays as planned and counts nothing.
        gates: What the gate may answer, when it is asked.

    Raises:
        PlanError: The plan has a cycle, or an edge without its nodes.
    """
    shape = shape_of(plan)
    planned = planned_choices(plan, pool.choices)
    costs = worst_cases(plan, pool.prices, planned)
    agent_mask = legal_choices(plan, pool.agents, standing, costs)
    edge_removable = removable_edges(plan, standing)
    gate_mask = np.array([gate in gates for gate in GATES])
    if Head.AGENTS not in heads:
        agent_mask[:] = False
    if Head.EDGES not in heads:
        edge_removable[:] = False
    if Head.GATE not in heads or not gate_mask.any():
        gate_mask = np.array([gate is Gate.CONTINUE for gate in GATES])
    by_node = prior.node_probabilities(plan, pool.choices, planned, agent_mask)
    by_edge = prior.keep_probabilities(plan)
    by_gate = prior.gate_probabilities(gate_mask)
    pairs = PairInputs(costs, planned, pool.slots, by_node)
    return DecisionProblem(
        choices=pool.choices,
        prior_source=prior.source,
        context=context_features(plan, shape, standing, prior.source),
        node=node_features(plan, shape, standing),
        choice=pool.features,
        pair=pair_features(plan, pool.agents, standing, pairs),
        edge=edge_features(plan, shape, standing, by_edge),
        gate=gate_features(standing, by_gate, gate_mask),
        planned=planned,
        costs=costs,
        agent_mask=agent_mask,
        edge_removable=edge_removable,
        gate_mask=gate_mask,
        agent_log_prior=_log(by_node),
        edge_log_prior=np.log(by_edge) - np.log1p(-by_edge),
        gate_log_prior=_log(by_gate),
    )


def _log(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    logs: npt.NDArray[np.float64] = np.log(np.where(probabilities > 0.0, probabilities, 1.0))
    return logs
