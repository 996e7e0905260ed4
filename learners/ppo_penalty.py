"""PPO with a fixed penalty on each cost: what is done without a constrained algorithm.

    maximise  E[ min(ρ A, clip(ρ, 1−ε, 1+ε) A) ]   with   A = A_r − Σ_k w_k A_ck,  w fixed

The penalty that makes the mean cost equal its limit is λ*, which nobody knows beforehand; too small
breaks the budget, too large wastes reward, and at λ* itself every mixture is as good as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from core.errors import ConfigurationError
from learners.clipped_steps import ClippedStepsConfig, clipped_steps, task_weights
from learners.contract import EnvSpec
from learners.episodes import Evidence
from learners.fragments import Fragment
from learners.losses import lagrangian_advantage
from learners.networks.config import NetworkConfig
from learners.reducer import Reducer
from learners.team import Team
from learners.updates import Update

__all__ = ["PPOPenalty", "PPOPenaltyConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PPOPenaltyConfig:
    """Weights of the costs, and the rest as in PPO."""

    weights: tuple[float, ...] = (1.0,)
    """w_k, reward units per cost unit; one number serves all costs. [K] or [1]"""
    steps: ClippedStepsConfig = field(default_factory=ClippedStepsConfig)
    """How a batch is used."""
    networks: NetworkConfig = field(default_factory=NetworkConfig)
    """Sizes and rates."""

    def __post_init__(self) -> None:
        if not self.weights or min(self.weights) < 0:
            raise ConfigurationError(f"penalties are ≥ 0, not {self.weights}")

    @property
    def make(self) -> type[PPOPenalty]:
        """The algorithm."""
        return PPOPenalty


class PPOPenalty:
    """Learns for reward minus weighted costs."""

    def __init__(
        self, spec: EnvSpec, config: PPOPenaltyConfig, *, seed: int, reducer: Reducer | None = None
    ) -> None:
        """Draws the first parameters from the seed.

        Raises:
            ConfigurationError: The number of weights is neither 1 nor K.
        """
        num_costs = len(spec.costs)
        if len(config.weights) not in (1, num_costs):
            raise ConfigurationError(f"{len(config.weights)} penalties for {num_costs} costs")
        repeats = num_costs if len(config.weights) == 1 else 1
        self.config = config
        self.team = Team(spec, config.networks, seed=seed, reducer=reducer)
        self._weights = config.weights * repeats

    def update(self, fragments: Sequence[Fragment], evidence: Evidence, progress: float) -> Update:
        """Improves the penalised reward; see `Algorithm.update`."""
        del evidence  # a fixed penalty does not look at the limit
        config, team = self.config.steps, self.team
        batch = team.batch(fragments, lam=config.lam, lam_cost=config.lam_cost)
        heads = batch.advantages.clone()
        heads[:, 0] *= task_weights(batch, team, config)
        advantage = lagrangian_advantage(heads, torch.tensor(self._weights))
        taken = clipped_steps(team, batch, advantage, config, progress)
        return Update(
            kl=taken.survey.kl,
            entropy=taken.survey.entropy,
            value_loss=team.fit_critics(batch),
            epochs=taken.epochs,
            multipliers=tuple(self._weights),
        )

    def state(self) -> bytes:
        """Returns the team's state."""
        return self.team.state()

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`."""
        self.team.load_state(data)
