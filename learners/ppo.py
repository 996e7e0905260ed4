"""PPO: the unconstrained baseline. Costs are counted and ignored.

    maximise  E[ min(ρ A_r, clip(ρ, 1−ε, 1+ε) A_r) ]

Schulman et al. 2017, arXiv 1707.06347; several agents as in MAPPO: each has its own ratio, all
share the team's advantage, critics are centralised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from learners.clipped_steps import ClippedStepsConfig, clipped_steps, task_weights
from learners.contract import EnvSpec
from learners.episodes import Evidence
from learners.fragments import Fragment
from learners.networks.config import NetworkConfig
from learners.reducer import Reducer
from learners.team import Team
from learners.updates import Update

__all__ = ["PPO", "PPOConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PPOConfig:
    """Defaults are those of the constrained algorithms, so that a comparison is fair."""

    steps: ClippedStepsConfig = field(default_factory=ClippedStepsConfig)
    """How a batch is used."""
    networks: NetworkConfig = field(default_factory=NetworkConfig)
    """Sizes and rates."""

    @property
    def make(self) -> type[PPO]:
        """The algorithm."""
        return PPO


class PPO:
    """Learns for the reward alone."""

    def __init__(
        self, spec: EnvSpec, config: PPOConfig, *, seed: int, reducer: Reducer | None = None
    ) -> None:
        """Draws the first parameters from the seed."""
        self.config = config
        self.team = Team(spec, config.networks, seed=seed, reducer=reducer)

    def update(self, fragments: Sequence[Fragment], evidence: Evidence, progress: float) -> Update:
        """Improves the reward; see `Algorithm.update`."""
        del evidence  # costs are nothing to PPO
        config, team = self.config.steps, self.team
        batch = team.batch(fragments, lam=config.lam, lam_cost=config.lam_cost)
        advantage = batch.advantages[:, 0] * task_weights(batch, team, config)
        taken = clipped_steps(team, batch, advantage, config, progress)
        return Update(
            kl=taken.survey.kl,
            entropy=taken.survey.entropy,
            value_loss=team.fit_critics(batch),
            epochs=taken.epochs,
            multipliers=(0.0,) * len(team.spec.costs),
        )

    def state(self) -> bytes:
        """Returns the team's state."""
        return self.team.state()

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`."""
        self.team.load_state(data)
