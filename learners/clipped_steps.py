"""Clipped policy steps on one combined advantage: what PPO and its two constrained forms share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from core.errors import ConfigurationError
from learners.batches import NUM_TASKS, Batch, Part, advantage_moments, minibatches
from learners.losses import clipped_reward_sum
from learners.team import Survey, Team

__all__ = [
    "ClippedStepsConfig",
    "StepsTaken",
    "clipped_steps",
    "task_weights",
]


FEWEST_STEPS = 8
"""A task with fewer steps in a batch is not weighed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClippedStepsConfig:
    """How a batch is used."""

    lam: float = 0.95
    """λ of GAE for the reward."""
    lam_cost: float = 0.95
    """λ of GAE for the costs."""
    clip: float = 0.2
    """ε of the clipped surrogates."""
    epochs: int = 12
    """Most passes over a batch."""
    minibatches: int = 1
    """Parts of a pass. With large observations fewer passes in more parts cost less: 4 and 4."""
    target_kl: float = 0.03
    """A pass is the last when KL(old ‖ new) exceeds this."""
    entropy: float = 0.01
    """Weight of the entropy bonus, per decision, on advantages of unit deviation; falls linearly
    to 0 over the run."""
    per_task: bool = False
    """Weighs the reward's advantages of each task (`info["task"]`) by the inverse of their own
    deviation, so that tasks that are hardly ever solved are heard. Costs are not reweighted: their
    surrogate stays the change of J_C."""

    def __post_init__(self) -> None:
        if min(self.epochs, self.minibatches) < 1 or self.clip <= 0 or self.target_kl <= 0:
            raise ConfigurationError(f"epochs, minibatches, clip and target_kl are > 0: {self}")
        if not (0 <= self.lam <= 1 and 0 <= self.lam_cost <= 1) or self.entropy < 0:
            raise ConfigurationError(f"λ in [0, 1] and entropy ≥ 0: {self}")


class StepsTaken(NamedTuple):
    """What came of it."""

    survey: Survey
    """Of the policy after the last step."""
    epochs: int


def clipped_steps(
    team: Team, batch: Batch, advantage: Tensor, config: ClippedStepsConfig, progress: float
) -> StepsTaken:
    """Improves the actors on one advantage until KL or epochs are used up.

    loss = −(1/n) Σ_steps Σ_agents min(ρ A, clip(ρ) A) − c · mean entropy

    Args:
        team: Whose actors.
        batch: This rank's shard.
        advantage: Combined, in reward units; normalised here over the full batch. [B]
        config: How the batch is used.
        progress: Share of the run that is done.
    """
    mean, deviation = advantage_moments(advantage[:, None], batch.weight, team.reducer)
    scaled = (advantage - mean) / (deviation + 1e-8)
    old = team.distributions(batch)
    nothing = torch.zeros(len(batch), 0)
    entropy = config.entropy * (1.0 - progress)
    survey = team.survey(batch, old, nothing)
    passes = 0
    while passes < config.epochs:
        passes += 1
        for part in minibatches(batch, config.minibatches, team.generator, team.reducer):
            loss, count = _loss(team, batch, part, scaled, config.clip, entropy)
            team.descend(loss, count, progress)
        survey = team.survey(batch, old, nothing)
        if survey.kl > config.target_kl:
            break
    team.adapt(survey.kl, progress)
    return StepsTaken(survey, passes)


def task_weights(batch: Batch, team: Team, config: ClippedStepsConfig) -> Tensor:
    """Returns the factor on each step's reward advantage; ones where tasks are not used, [B].

    std(all) / std(task), kept in [1/4, 4]; a task with very few steps has 1.
    """
    if not config.per_task or batch.task is None:
        return torch.ones(len(batch))
    one_hot = torch.nn.functional.one_hot(batch.task, NUM_TASKS).double()
    weight = batch.weight.double()[:, None] * one_hot
    advantage = batch.advantages[:, :1].double()
    sums = team.reducer.sum(
        torch.stack([weight.sum(0), (weight * advantage).sum(0), (weight * advantage**2).sum(0)])
    )
    count = sums[0].clamp(min=1.0)
    spread = (sums[2] / count - (sums[1] / count) ** 2).clamp(min=0.0).sqrt()
    _, everywhere = advantage_moments(batch.advantages[:, :1], batch.weight, team.reducer)
    factor = (everywhere.double() / spread.clamp(min=1e-6)).clamp(0.25, 4.0)
    factor = torch.where(sums[0] < FEWEST_STEPS, torch.ones_like(factor), factor)
    return factor[batch.task].float()


def _loss(
    team: Team, batch: Batch, part: Part, advantage: Tensor, clip: float, entropy: float
) -> tuple[Tensor, float]:
    """Sum of the loss over this rank's rows and the number of steps of all ranks."""
    loss = torch.zeros(())
    for group, chosen in enumerate(part.decisions):
        if not len(chosen):
            continue
        rows = batch.decisions[group].rows(chosen)
        weight = batch.weight[rows.step]
        now = team.evaluate(group, rows)
        gain = clipped_reward_sum(now.log_ratio, advantage[rows.step], weight, clip)
        loss = loss - gain - entropy * (weight * now.entropy).sum()
    count = team.reducer.sum(batch.weight[part.steps].double().sum()[None])
    return loss, float(count)
