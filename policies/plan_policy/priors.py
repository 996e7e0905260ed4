"""What the planner would choose, as distributions: the prior that every policy starts from.

    source   where the weights come from                        smoothing over the legal choices
    rules    the rules' own choice                              epsilon
    onehot   a model's own choice, nothing known beside it      epsilon
    labels   log-probabilities of label tokens, restricted      epsilon (labels beyond the top 20)
             to the labels
    votes    how often each label was drawn                     one pseudo-count in all (Dirichlet)
    cache    the stored prior of a cached plan                  as stored

    p(k) = (1 - epsilon) · (w_k + pseudo / K) / Σ_j (w_j + pseudo / K) + epsilon / K

over the K legal choices; where no legal one has weight, p is uniform. So a one-hot prior gives the
proposed choice 1 - epsilon + epsilon / K. Weights are kept by name and not by place: a prior that
was stored with a plan means the same in a pool of another order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from core.errors import CodecError, ConfigurationError
from core.plans import Plan
from policies.plan_policy.choices import GATES, Choice, Gate

__all__ = ["EPSILON", "PlanPrior", "PriorSource", "smoothed"]

EPSILON = 0.05
"""Chance that an untrained policy leaves to what the planner did not propose."""

_Weights = Mapping[str, float]


class PriorSource(StrEnum):
    """Where a prior's weights come from."""

    RULES = "rules"
    ONEHOT = "onehot"
    LABELS = "labels"
    VOTES = "votes"
    CACHE = "cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPrior:
    """Preferences about one plan; what it does not name is as the plan proposes."""

    source: PriorSource
    nodes: Mapping[int, _Weights] = field(default_factory=dict)
    """Node id to weights by `Choice.label`, of any scale, at least 0."""
    edges: Mapping[tuple[int, int], float] = field(default_factory=dict)
    """(source, target) to the chance that an order edge is kept, before smoothing."""
    gate: Mapping[Gate, float] = field(default_factory=lambda: {Gate.CONTINUE: 1.0})
    epsilon: float = EPSILON
    pseudo_count: float = 0.0
    """Spread evenly over the legal choices of a node, beside its weights."""

    def __post_init__(self) -> None:
        if not 0.0 < self.epsilon < 1.0:
            raise ConfigurationError(f"a prior's epsilon is in (0, 1), not {self.epsilon!r}")
        if not self.pseudo_count >= 0.0:
            raise ConfigurationError(f"a pseudo-count is >= 0, not {self.pseudo_count!r}")
        for weights in self.nodes.values():
            _check(weights)
        _check(self.gate)
        wrong = [kept for kept in self.edges.values() if not 0.0 <= kept <= 1.0]
        if wrong:
            raise ConfigurationError(f"an edge is kept with a chance in [0, 1], not {wrong[0]!r}")

    @classmethod
    def from_label_logprobs(
        cls, logprobs: Mapping[int, Mapping[str, float]], *, epsilon: float = EPSILON
    ) -> PlanPrior:
        """Returns the prior of label scoring.

        Args:
            logprobs: Node id to natural logs by label; other tokens are left out.
            epsilon: Smoothing for labels that the model did not show.
        """
        nodes = {node: _softmax(scores) for node, scores in logprobs.items() if scores}
        return cls(source=PriorSource.LABELS, nodes=nodes, epsilon=epsilon)

    @classmethod
    def from_votes(
        cls, votes: Mapping[int, Mapping[str, int]], *, pseudo_count: float = 1.0
    ) -> PlanPrior:
        """Returns the prior of samples.

        Args:
            votes: Node id to how often each label was drawn.
            pseudo_count: Weight of the uniform distribution, in votes.
        """
        nodes = {
            node: {label: float(count) for label, count in counts.items()}
            for node, counts in votes.items()
            if counts
        }
        return cls(source=PriorSource.VOTES, nodes=nodes, pseudo_count=pseudo_count, epsilon=1e-6)

    def towards(self, gate: Gate) -> PlanPrior:
        """Returns the same prior with another preference of the gate."""
        return replace(self, gate={gate: 1.0})

    def named(self, plan: Plan) -> PlanPrior:
        """Returns the same prior with the plan's proposals spelled out, to outlive the plan."""
        proposed = {node.id: {Choice(node.agent, node.tier).label: 1.0} for node in plan.nodes}
        return replace(self, nodes={**proposed, **self.nodes})

    def node_probabilities(
        self,
        plan: Plan,
        choices: Sequence[Choice],
        planned: npt.NDArray[np.intp],
        mask: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.float64]:
        """Returns each node's distribution over its legal choices, 0 elsewhere. [N, K].

        Args:
            plan: The plan.
            choices: In the order of the columns.
            planned: The plan's own choices as indices, -1 for none. [N]
            mask: The legal choices; a row without any stays 0. [N, K]
        """
        weights = np.zeros(mask.shape, dtype=np.float64)
        index = {choice.label: k for k, choice in enumerate(choices)} if self.nodes else {}
        for row, node in enumerate(plan.nodes):
            given = self.nodes.get(node.id)
            if given is None:
                weights[row, planned[row]] = float(planned[row] >= 0)
                continue
            for label, weight in given.items():
                if label in index:
                    weights[row, index[label]] = weight
        return smoothed(weights, mask, epsilon=self.epsilon, pseudo_count=self.pseudo_count)

    def keep_probabilities(self, plan: Plan) -> npt.NDArray[np.float64]:
        """Returns the chance that each edge is kept. [M]."""
        kept = np.array(
            [self.edges.get((edge.source, edge.target), 1.0) for edge in plan.edges],
            dtype=np.float64,
        )
        shares: npt.NDArray[np.float64] = (1.0 - self.epsilon) * kept + self.epsilon / 2.0
        return shares

    def gate_probabilities(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Returns the distribution over the legal gates, 0 elsewhere. [4]."""
        weights = np.array([[self.gate.get(gate, 0.0) for gate in GATES]], dtype=np.float64)
        shares: npt.NDArray[np.float64] = smoothed(
            weights, mask[None, :], epsilon=self.epsilon, pseudo_count=0.0
        )[0]
        return shares

    def to_json(self) -> JsonValue:
        """Returns the prior as JSON, to be stored with a plan."""
        return _StoredPrior(
            source=self.source,
            nodes={str(node): dict(weights) for node, weights in self.nodes.items()},
            edges=[(source, target, kept) for (source, target), kept in self.edges.items()],
            gate=dict(self.gate),
            epsilon=self.epsilon,
            pseudo_count=self.pseudo_count,
        ).model_dump(mode="json")

    @classmethod
    def from_json(cls, record: JsonValue, *, source: PriorSource | None = None) -> PlanPrior:
        """Returns a stored prior.

        Args:
            record: What `to_json` gave.
            source: Put in the place of the stored source, `CACHE` for a cached plan.

        Raises:
            CodecError: It is not a prior.
        """
        try:
            stored = _StoredPrior.model_validate(record)
            return cls(
                source=source or stored.source,
                nodes={int(node): weights for node, weights in stored.nodes.items()},
                edges={(start, end): kept for start, end, kept in stored.edges},
                gate=stored.gate,
                epsilon=stored.epsilon,
                pseudo_count=stored.pseudo_count,
            )
        except (ValidationError, ValueError, ConfigurationError) as error:
            raise CodecError(f"not a prior: {error}") from error


def smoothed(
    weights: npt.NDArray[np.float64],
    mask: npt.NDArray[np.bool_],
    *,
    epsilon: float,
    pseudo_count: float,
) -> npt.NDArray[np.float64]:
    """Returns rows of weights as distributions over what is legal; rows without any stay 0.

    Args:
        weights: At least 0. [R, K]
        mask: What is legal. [R, K]
        epsilon: Share of the uniform distribution.
        pseudo_count: Weight added to each row, spread evenly.
    """
    count = mask.sum(axis=1, keepdims=True)
    uniform = mask / np.maximum(count, 1)
    masked = np.where(mask, weights, 0.0) + pseudo_count * uniform
    total = masked.sum(axis=1, keepdims=True)
    shares = np.where(total > 0.0, masked / np.where(total > 0.0, total, 1.0), uniform)
    mixed: npt.NDArray[np.float64] = (1.0 - epsilon) * shares + epsilon * uniform
    return mixed


class _StoredPrior(BaseModel):
    """A prior on disk."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: PriorSource
    nodes: dict[str, dict[str, float]] = Field(default_factory=dict)
    edges: list[tuple[int, int, float]] = Field(default_factory=list)
    gate: dict[Gate, float] = Field(default_factory=dict)
    epsilon: float
    pseudo_count: float


def _check(weights: Mapping[str, float] | Mapping[Gate, float]) -> None:
    wrong = [weight for weight in weights.values() if not 0.0 <= weight < math.inf]
    if wrong:
        raise ConfigurationError(f"a prior's weights are finite and >= 0, not {wrong[0]!r}")


def _softmax(scores: Mapping[str, float]) -> dict[str, float]:
    top = max(scores.values())
    powers = {label: math.exp(score - top) for label, score in scores.items()}
    total = sum(powers.values())
    return {label: power / total for label, power in powers.items()}
