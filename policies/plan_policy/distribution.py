"""Masked distributions of the three heads: log-probabilities, draws, entropy and gradients.

    log π(a | s) = Σ_i log Cat(a_i; mask_i, x_i) + Σ_e log Bern(k_e; x_e) + log Cat(g; mask, x_g)

over the free choices, x being logits. What is forced (one legal choice, an edge that stays) has
probability one, so it adds exactly zero; its `active` is false. What is not legal has probability
exactly zero.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from policies.plan_policy.choices import GATES, Gate
from policies.plan_policy.network import Array, Logits
from policies.plan_policy.problem import DecisionProblem

__all__ = [
    "Actions",
    "HeadValues",
    "Probabilities",
    "draw",
    "entropies",
    "log_probabilities",
    "logit_gradient",
    "most_likely",
    "probabilities",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Actions:
    """What was decided."""

    agents: npt.NDArray[np.intp]
    """Index of each node's choice; -1: a choice that the pool does not have, kept. [N]"""
    keep: npt.NDArray[np.bool_]
    """[M]"""
    gate: Gate


class HeadValues(NamedTuple):
    """One number for each factor of π: a log-probability, an entropy, or a weight."""

    agents: Array
    """[N]"""
    edges: Array
    """[M]"""
    gate: float

    @property
    def total(self) -> float:
        """The sum over all factors."""
        return float(self.agents.sum() + self.edges.sum() + self.gate)


class Probabilities(NamedTuple):
    """Distributions of all heads."""

    agents: Array
    """Rows of nodes without a legal choice are 0. [N, K]"""
    keep: Array
    """Chance to keep; 1 where an edge cannot be dropped. [M]"""
    gate: Array
    """[4]"""


def probabilities(logits: Logits, problem: DecisionProblem) -> Probabilities:
    """Returns what each head does with which chance."""
    return Probabilities(
        agents=_masked_softmax(logits.agents, problem.agent_mask),
        keep=np.where(problem.edge_removable, _sigmoid(logits.edges), 1.0),
        gate=_masked_softmax(logits.gate, problem.gate_mask),
    )


def draw(chances: Probabilities, problem: DecisionProblem, seed: int) -> Actions:
    """Returns one sample; the same seed gives the same sample."""
    stream = random.Random(seed)
    uniforms = np.array([stream.random() for _ in range(len(chances.agents) + 1)])
    drawn = _pick(chances.agents, uniforms[:-1])
    keep = [stream.random() < chance for chance in chances.keep.tolist()]
    return Actions(
        agents=np.where(problem.has_legal, drawn, problem.planned).astype(np.intp),
        keep=np.array(keep, dtype=np.bool_),
        gate=GATES[int(_pick(chances.gate[None, :], uniforms[-1:])[0])],
    )


def most_likely(chances: Probabilities, problem: DecisionProblem) -> Actions:
    """Returns each head's most likely action; ties go to the first, an even edge is kept."""
    best = chances.agents.argmax(axis=1) if chances.agents.shape[1] else problem.planned
    return Actions(
        agents=np.where(problem.has_legal, best, problem.planned).astype(np.intp),
        keep=chances.keep >= 0.5,
        gate=GATES[int(chances.gate.argmax())],
    )


def log_probabilities(logits: Logits, problem: DecisionProblem, actions: Actions) -> HeadValues:
    """Returns the log-probability of each factor, 0 for forced ones, -inf for illegal ones."""
    free = problem.agents_active
    rows = np.flatnonzero(free)
    agents = np.where(_agents_allowed(problem, actions), 0.0, -np.inf)
    scores = np.where(problem.agent_mask[rows], logits.agents[rows], -np.inf)
    chosen = scores[np.arange(len(rows)), actions.agents[rows]]
    agents[rows] = chosen - _log_sum_exp(scores)
    signs = np.where(actions.keep, 1.0, -1.0)
    kept = -np.logaddexp(0.0, -signs * logits.edges)
    edges = np.where(problem.edge_removable, kept, np.where(actions.keep, 0.0, -np.inf))
    place = GATES.index(actions.gate)
    gate = 0.0 if problem.gate_mask[place] else -np.inf
    if problem.gate_active:
        masked = np.where(problem.gate_mask, logits.gate, -np.inf)[None, :]
        gate = float(masked[0, place] - _log_sum_exp(masked)[0])
    return HeadValues(agents, edges, gate)


def entropies(logits: Logits, problem: DecisionProblem) -> HeadValues:
    """Returns the entropy of each factor in nats, 0 for forced ones."""
    chances = probabilities(logits, problem)
    keep = chances.keep
    return HeadValues(
        agents=_surprise(chances.agents).sum(axis=1),
        edges=_surprise(keep) + _surprise(1.0 - keep),
        gate=float(_surprise(chances.gate).sum()),
    )


def logit_gradient(
    logits: Logits, problem: DecisionProblem, actions: Actions, weights: HeadValues
) -> Logits:
    """Returns the derivative of Σ weight · log π with respect to the logits.

    Args:
        logits: Of all heads.
        problem: Masks.
        actions: Legal ones.
        weights: One factor's weight each: 1 for log π itself; an advantage, or 0 where a ratio is
            clipped, in a policy gradient.
    """
    chances = probabilities(logits, problem)
    rows = np.flatnonzero(problem.agents_active)
    agents = np.zeros_like(chances.agents)
    agents[rows] = -chances.agents[rows]
    agents[rows, actions.agents[rows]] += 1.0
    edges = np.where(problem.edge_removable, actions.keep - chances.keep, 0.0)
    gate = np.zeros_like(chances.gate)
    if problem.gate_active:
        gate = -chances.gate
        gate[GATES.index(actions.gate)] += 1.0
    return Logits(
        agents * np.asarray(weights.agents)[:, None], edges * weights.edges, gate * weights.gate
    )


def _agents_allowed(problem: DecisionProblem, actions: Actions) -> npt.NDArray[np.bool_]:
    """Returns which nodes' actions are legal: in the mask, or as planned where nothing is. [N]."""
    if not problem.agent_mask.shape[1]:
        return np.equal(actions.agents, problem.planned)
    rows = np.arange(len(actions.agents))
    stays = ~problem.has_legal & (actions.agents == problem.planned)
    allowed: npt.NDArray[np.bool_] = stays | problem.agent_mask[rows, actions.agents]
    return allowed


def _pick(chances: Array, uniforms: Array) -> npt.NDArray[np.intp]:
    """Returns the place of one draw for each row; a place of chance 0 is never one."""
    if not chances.shape[1]:
        return np.zeros(len(chances), dtype=np.intp)
    sums = np.cumsum(chances, axis=1)
    places: npt.NDArray[np.intp] = (sums > (uniforms * sums[:, -1])[:, None]).argmax(axis=1)
    return places


def _masked_softmax(logits: Array, mask: npt.NDArray[np.bool_]) -> Array:
    scores = np.where(mask, logits, -np.inf)
    top = scores.max(axis=-1, keepdims=True, initial=-np.inf)
    powers = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
    total = powers.sum(axis=-1, keepdims=True)
    shares: Array = powers / np.where(total > 0.0, total, 1.0)
    return shares


def _log_sum_exp(scores: Array) -> Array:
    top = scores.max(axis=1, initial=-np.inf)
    sums: Array = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return sums


def _sigmoid(logits: Array) -> Array:
    shares: Array = np.exp(-np.logaddexp(0.0, -logits))
    return shares


def _surprise(chances: Array) -> Array:
    safe = np.where(chances > 0.0, chances, 1.0)
    parts: Array = -chances * np.log(safe)
    return parts
