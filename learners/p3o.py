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
* κ follows an estimate of λ* (`multipliers.AdaptivePenalty`): a κ twenty times too large is exact
  as well, but its steps jump across the limit.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from learners.batches import Batch, Part, advantage_moments, minibatches
from learners.clipped_steps import ClippedStepsConfig, task_weights
from learners.contract import EnvSpec
from learners.episodes import Evidence
from learners.fragments import Fragment
from learners.losses import clipped_cost_sum, clipped_reward_sum, lagrangian_advantage
from learners.multipliers import AdaptivePenalty, PenaltyConfig, cost_unit, trade_off_scale
from learners.reducer import Reducer
from learners.team import NetworkConfig, Survey, Team
from learners.updates import Update, UpdateStatus

__all__ = ["P3O", "P3OConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class P3OConfig:
    """Penalty, and the rest as in PPO."""

    penalty: PenaltyConfig = field(default_factory=PenaltyConfig)
    """How κ finds its size."""
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
                trade_off_scale(deviations.double().numpy()), violated=_clearly(evidence)
            ),
            dtype=torch.float32,
        )
        slack = torch.tensor(evidence.violation_per_step, dtype=torch.float32)
        taken = _descend(team, batch, heads - mean, kappa, slack, config, progress)
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

    def state(self) -> bytes:
        """Returns team and penalty."""
        return pickle.dumps((self.team.state(), self.penalty.state()))

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`. The bytes come from our own checkpoint: they are unpickled."""
        team, penalty = pickle.loads(data)
        self.team.load_state(team)
        self.penalty.load_state(penalty)


def _clearly(evidence: Evidence) -> npt.NDArray[np.bool_]:
    """Whether each limit is broken by more than 5 %: less is noise, [K]."""
    unit = cost_unit(evidence.costs, evidence.limits)
    return np.asarray(evidence.violation > 0.05 * unit)


class _Taken(NamedTuple):
    survey: Survey
    epochs: int
    open_share: Tensor
    """Share of the steps, by their length, with the penalty acting. [K]"""


def _descend(
    team: Team,
    batch: Batch,
    heads: Tensor,
    kappa: Tensor,
    slack: Tensor,
    config: ClippedStepsConfig,
    progress: float,
) -> _Taken:
    """Passes over the batch; before each, the gates are decided on all of it.

    Args:
        team: Whose actors.
        batch: This rank's shard.
        heads: Centred advantages in the environment's units. [B, 1+K]
        kappa: [K]
        slack: (J_C − d) per step. [K]
        config: How the batch is used.
        progress: Share of the run that is done.
    """
    old = team.distributions(batch)
    entropy = config.entropy * (1.0 - progress)
    survey = team.survey(batch, old, heads[:, 1:], config.clip)
    opened, everything = torch.zeros_like(kappa), 0.0
    start = survey.costs  # Σ_a A_c at the old policy: 0 up to sampling, taken off
    for epoch in range(1, config.epochs + 1):
        gates = ((survey.costs - start).float() + slack > 0).float()
        scale = _scale(team, batch, heads, kappa * gates)
        opened += gates / scale
        everything += 1.0 / scale
        scaled = heads / scale
        for part in minibatches(batch, config.minibatches, team.generator, team.reducer):
            loss, count = _loss(team, batch, part, scaled, kappa * gates, config, entropy)
            team.descend(loss, count, progress)
        survey = team.survey(batch, old, heads[:, 1:], config.clip)
        if survey.kl > config.target_kl:
            break
    return _Taken(survey, epoch, opened / everything)


def _scale(team: Team, batch: Batch, heads: Tensor, acting: Tensor) -> float:
    """Deviation of A_r − Σ κ A_c as it acts now: one scale for the reward and all costs."""
    combined = lagrangian_advantage(heads, acting)
    _, deviation = advantage_moments(combined[:, None], batch.weight, team.reducer)
    return float(np.maximum(deviation.item(), 1e-8))


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

    Where a gate is open, max(0, x) has the gradient of x; where it is closed, none. The constant
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
