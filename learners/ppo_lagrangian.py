"""PPO-Lagrangian with damped multipliers on one advantage scale.

    λ  from the controller of `multipliers.DampedMultipliers`, before the policy's update
    maximise  E[ min(ρ A, clip(ρ, 1−ε, 1+ε) A) ]   with   A = (A_r − Σ_k λ_k A_ck) / std(·)

Ray et al. 2019 (Benchmarking Safe Exploration) for the scheme, Stooke et al. 2020 (arXiv
2007.03964) for the controller. Where we differ: A_r and A_c stay in their own units until they are
combined, so λ is the λ of the linear programme; the combination is normalised once over the full
batch, which does the work of their factor 1/(1+λ).

What is guaranteed about a Lagrangian is about the *average* of its policies; single iterates swing
around the limit. The controller's proportional part and the falling learning rate damp this.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from learners.batches import advantage_moments
from learners.clipped_steps import ClippedStepsConfig, clipped_steps, task_weights
from learners.contract import EnvSpec
from learners.episodes import Evidence
from learners.fragments import Fragment
from learners.losses import lagrangian_advantage
from learners.multipliers import DampedMultipliers, MultiplierConfig, trade_off_scale
from learners.networks.config import NetworkConfig
from learners.reducer import Reducer
from learners.team import Team
from learners.updates import Update, UpdateStatus

__all__ = ["PPOLagrangian", "PPOLagrangianConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PPOLagrangianConfig:
    """Multipliers, and the rest as in PPO."""

    multipliers: MultiplierConfig = field(default_factory=MultiplierConfig)
    """Gains of the controller."""
    steps: ClippedStepsConfig = field(default_factory=lambda: ClippedStepsConfig(entropy=0.03))
    """How a batch is used. More entropy than elsewhere: while λ swings, a policy that has become
    certain cannot come back."""
    networks: NetworkConfig = field(default_factory=lambda: NetworkConfig(kl_goal=0.01))
    """Sizes and rates. Larger steps than elsewhere: the policy must follow λ."""

    @property
    def make(self) -> type[PPOLagrangian]:
        """The algorithm."""
        return PPOLagrangian


class PPOLagrangian:
    """Learns policy and multipliers together."""

    def __init__(
        self,
        spec: EnvSpec,
        config: PPOLagrangianConfig,
        *,
        seed: int,
        reducer: Reducer | None = None,
    ) -> None:
        """Draws the first parameters from the seed; multipliers start at 0."""
        self.config = config
        self.team = Team(spec, config.networks, seed=seed, reducer=reducer)
        self.multipliers = DampedMultipliers(len(spec.costs), config.multipliers)

    def update(self, fragments: Sequence[Fragment], evidence: Evidence, progress: float) -> Update:
        """Moves multipliers, then the policy; see `Algorithm.update`."""
        config, team = self.config.steps, self.team
        batch = team.batch(fragments, lam=config.lam, lam_cost=config.lam_cost)
        heads = batch.advantages.clone()
        heads[:, 0] *= task_weights(batch, team, config)
        if evidence.fresh:
            _, deviations = advantage_moments(heads, batch.weight, team.reducer)
            scale = trade_off_scale(deviations.double().numpy())
            self.multipliers.update(evidence.costs, evidence.limits, scale, 1.0 - 0.5 * progress)
        values = self.multipliers.values
        advantage = lagrangian_advantage(heads, torch.tensor(values, dtype=torch.float32))
        taken = clipped_steps(team, batch, advantage, config, progress)
        at_cap = self.multipliers.at_cap
        return Update(
            kl=taken.survey.kl,
            entropy=taken.survey.entropy,
            value_loss=team.fit_critics(batch),
            epochs=taken.epochs,
            multipliers=tuple(values.tolist()),
            status=UpdateStatus.AT_CAP if at_cap else UpdateStatus.IMPROVED,
        )

    def state(self) -> bytes:
        """Returns team and multipliers."""
        return pickle.dumps((self.team.state(), self.multipliers.state()))

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`. The bytes come from our own checkpoint: they are unpickled."""
        team, multipliers = pickle.loads(data)
        self.team.load_state(team)
        self.multipliers.load_state(multipliers)
