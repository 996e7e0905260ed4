"""P3O: PPO with an exact penalty, in the form of its paper.

    minimise  −E[ min(ρ A_r, clip(ρ, 1−ε, 1+ε) A_r) ]
              + Σ_k κ_k max(0, E[ max(ρ A_ck, clip(ρ, 1−ε, 1+ε) A_ck) ] + (J_Ck − d_k) / h)

Zhang et al. 2022, arXiv 2205.11814; the formula is known to us from a port and from issue threads
of OmniSafe, not from the paper's own text. h turns an episode sum into a mean per step: the mean of
Σ γ^t over completed episodes (the paper: 1 / (1 − γ)). For κ_k > λ*_k a minimiser of the penalised
problem is one of the constrained problem.

Where we differ, and why:

* A_r and A_c are divided by one common scale, so the penalty and the violation keep their ratio.
* The maximum with 0 is decided on the full batch before each pass, not in each minibatch: noise
  through the maximum pushes in one direction and makes the policy needlessly cautious.
* max(0, x) has no derivative at x = 0, where the solution lies: every slope in [0, 1] is one. We
  take the slope λ*/κ there, with a thin layer in which it goes from 0 to 1. With slopes 0 and 1
  alone steps jump to and fro across the limit, and Adam sees little but the jumps.
* κ follows an estimate of λ* (`multipliers.AdaptivePenalty`): a κ twenty times too large is exact
  as well, but its steps jump across the limit.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from learners.batches import Batch, Part, advantage_moments, minibatches
from learners.clipped_steps import ClippedStepsConfig, task_weights
from learners.contract import EnvSpec
from learners.episodes import Evidence
from learners.fragments import Fragment
from learners.losses import clipped_cost_sum, clipped_reward_sum, lagrangian_advantage
from learners.multipliers import AdaptivePenalty, PenaltyConfig, cost_unit, trade_off_scale
from learners.networks.config import NetworkConfig
from learners.reducer import Reducer
from learners.team import Survey, Team
from learners.updates import Update, UpdateStatus

__all__ = ["P3O", "P3OConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class P3OConfig:
    """Penalty, and the rest as in PPO."""

    penalty: PenaltyConfig = field(default_factory=PenaltyConfig)
    """How κ finds its size."""
    layer: float = 0.1
    """Width of the layer around the limit in which the penalty's slope goes from 0 to 1, in units
    of the limit; it is never thinner than two standard errors of J_C."""
    steps: ClippedStepsConfig = field(default_factory=ClippedStepsConfig)
    """How a batch is used."""
    networks: NetworkConfig = field(default_factory=NetworkConfig)
    """Sizes and rates."""

    @property
    def make(self) -> type[P3O]:
        """The algorithm."""
        return P3O


class P3O:
    """Learns the reward, and costs only while a limit is broken."""

    def __init__(
        self, spec: EnvSpec, config: P3OConfig, *, seed: int, reducer: Reducer | None = None
    ) -> None:
        """Draws the first parameters from the seed."""
        self.config = config
        self.team = Team(spec, config.networks, seed=seed, reducer=reducer)
        self.penalty = AdaptivePenalty(len(spec.costs), config.penalty)

    def update(self, fragments: Sequence[Fragment], evidence: Evidence, progress: float) -> Update:
        """Improves the penalised objective; see `Algorithm.update`."""
        config, team = self.config.steps, self.team
        batch = team.batch(fragments, lam=config.lam, lam_cost=config.lam_cost)
        heads = batch.advantages.clone()
        heads[:, 0] *= task_weights(batch, team, config)
        mean, deviations = advantage_moments(heads, batch.weight, team.reducer)
        kappa = torch.tensor(
            self.penalty.begin(
                trade_off_scale(deviations.double().numpy()), violated=evidence.clearly_violated
            ),
            dtype=torch.float32,
        )
        estimate = torch.tensor(self.penalty.estimate, dtype=torch.float32)
        heads -= mean
        scale = _scale(team, batch, heads, estimate)
        kink = self._kink(evidence, scale)
        taken = _descend(team, batch, heads / scale, kappa, kink, config, progress)
        self.penalty.end(taken.open_share.double().numpy())
        return Update(
            kl=taken.survey.kl,
            entropy=taken.survey.entropy,
            value_loss=team.fit_critics(batch),
            epochs=taken.epochs,
            multipliers=tuple(self.penalty.estimate.tolist()),
            kappa=tuple(self.penalty.kappa.tolist()),
            status=UpdateStatus.AT_CAP if self.penalty.at_cap else UpdateStatus.IMPROVED,
        )

    def _kink(self, evidence: Evidence, scale: float) -> _Kink:
        """Where the penalty sets in, in the unit of the surrogates on the common scale."""
        unit = cost_unit(evidence.costs, evidence.limits)
        least = np.maximum(self.config.layer * unit, 2.0 * evidence.errors)
        width = least / evidence.effective_length
        rest = self.penalty.estimate / np.maximum(self.penalty.kappa, 1e-12)
        parts = (evidence.violation_per_step / scale, width / scale, np.minimum(rest, 0.9))
        known = evidence.num_episodes > 0  # before any episode, no limit is known to be broken
        ready = parts if known else (-np.ones_like(unit), np.ones_like(unit), np.zeros_like(unit))
        return _Kink(*(torch.tensor(part, dtype=torch.float32) for part in ready))

    def state(self) -> bytes:
        """Returns team and penalty."""
        return pickle.dumps((self.team.state(), self.penalty.state()))

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`. The bytes come from our own checkpoint: they are unpickled."""
        team, penalty = pickle.loads(data)
        self.team.load_state(team)
        self.penalty.load_state(penalty)


class _Kink(NamedTuple):
    """max(0, x) with x = S_c + (J_C − d) / h, and its slope."""

    slack: Tensor
    """(J_C − d) / h on the common scale. [K]"""
    width: Tensor
    """Of the layer around x = 0. [K]"""
    rest: Tensor
    """λ* / κ: the slope at x = 0 with which learning comes to rest. [K]"""

    def gates(self, costs: Tensor) -> Tensor:
        """Slope of max(0, x) for S_c on the full batch: 0, 1, or between in the layer, [K]."""
        return (self.rest + (costs + self.slack) / self.width).clamp(0.0, 1.0)


class _Taken(NamedTuple):
    survey: Survey
    epochs: int
    open_share: Tensor
    """Share of passes with the penalty acting. [K]"""


def _descend(
    team: Team,
    batch: Batch,
    heads: Tensor,
    kappa: Tensor,
    kink: _Kink,
    config: ClippedStepsConfig,
    progress: float,
) -> _Taken:
    """Passes over the batch; before each, the gates are decided on all of it.

    Args:
        team: Whose actors.
        batch: This rank's shard.
        heads: Centred advantages on the common scale. [B, 1+K]
        kappa: [K]
        kink: Decides the gates.
        config: How the batch is used.
        progress: Share of the run that is done.
    """
    old = team.distributions(batch)
    entropy = config.entropy * (1.0 - progress)
    survey = team.survey(batch, old, heads[:, 1:], config.clip)
    opened = torch.zeros_like(kappa)
    start = survey.costs  # Σ_a A_c at the old policy: 0 up to sampling, taken off
    passes = 0
    while passes < config.epochs:
        passes += 1
        gates = kink.gates((survey.costs - start).float())
        opened += gates
        for part in minibatches(batch, config.minibatches, team.generator, team.reducer):
            loss, count = _loss(team, batch, part, heads, kappa * gates, config, entropy)
            team.descend(loss, count, progress)
        survey = team.survey(batch, old, heads[:, 1:], config.clip)
        if survey.kl > config.target_kl:
            break
    team.adapt(survey.kl, progress)
    return _Taken(survey, passes, opened / passes)


def _scale(team: Team, batch: Batch, heads: Tensor, estimate: Tensor) -> float:
    """Deviation of A_r − Σ λ A_c for the estimate of λ*: one scale for the reward and all costs."""
    combined = lagrangian_advantage(heads, estimate)
    _, deviation = advantage_moments(combined[:, None], batch.weight, team.reducer)
    return max(float(deviation), 1e-8)


def _loss(
    team: Team,
    batch: Batch,
    part: Part,
    heads: Tensor,
    acting: Tensor,
    config: ClippedStepsConfig,
    entropy: float,
) -> tuple[Tensor, float]:
    """Sum of the loss over this rank's rows and the number of steps of all ranks.

    The penalty's gradient is the gate times that of x. The constant
    (J_C − d) / h has no gradient and is left out.
    """
    loss = torch.zeros(())
    for group, chosen in enumerate(part.decisions):
        if not len(chosen):
            continue
        rows = batch.decisions[group].rows(chosen)
        weight = batch.weight[rows.step]
        now = team.evaluate(group, rows)
        advantages = heads[rows.step]
        loss = loss - clipped_reward_sum(now.log_ratio, advantages[:, 0], weight, config.clip)
        loss = loss - entropy * (weight * now.entropy).sum()
        for cost in acting.nonzero().squeeze(-1).tolist():
            pushed = clipped_cost_sum(now.log_ratio, advantages[:, 1 + cost], weight, config.clip)
            loss = loss + acting[cost] * pushed
    count = team.reducer.sum(batch.weight[part.steps].double().sum()[None])
    return loss, float(count)
