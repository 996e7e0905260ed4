"""From a run's settings to the configuration of its algorithm."""

from __future__ import annotations

from dataclasses import replace

from actors.training.settings import Stage, TrainSettings
from learners.algorithms import AnyConfig
from learners.clipped_steps import ClippedStepsConfig
from learners.macpo import MACPOConfig
from learners.multipliers import PenaltyConfig
from learners.networks.config import NetworkConfig
from learners.p3o import P3OConfig
from learners.ppo import PPOConfig
from learners.ppo_lagrangian import PPOLagrangianConfig
from learners.ppo_penalty import PPOPenaltyConfig
from policies.plan_policy import HIDDEN

__all__ = ["algorithm_of"]

_AGENTS_HIDDEN = (64, 64)
_GENTLE = replace(PenaltyConfig(), start=1.01, growth=1.1, ratio=2.0)
"""With the learners' own start, the penalty on plans is at its full size before the policy has seen
what succeeds, and the cheapest tier is all that is left to explore."""


def algorithm_of(settings: TrainSettings, stage: Stage) -> AnyConfig:
    """Returns the configuration of the run's algorithm for a stage."""
    is_plan = stage == "plan"
    entropy = (0.01 if is_plan else 0.003) if settings.entropy is None else settings.entropy
    networks = replace(
        NetworkConfig(),
        actor_hidden=HIDDEN if is_plan else _AGENTS_HIDDEN,
        actor_lr=settings.learning_rate,
    )
    steps = replace(ClippedStepsConfig(), per_task=settings.per_task, entropy=entropy)
    match settings.algorithm:
        case "p3o":
            penalty = _GENTLE if is_plan else PenaltyConfig()
            return P3OConfig(penalty=penalty, steps=steps, networks=networks)
        case "ppo_lagrangian":
            return PPOLagrangianConfig(steps=steps, networks=networks)
        case "macpo":
            return MACPOConfig(networks=networks)
        case "ppo":
            return PPOConfig(steps=steps, networks=networks)
        case "ppo_penalty":
            return PPOPenaltyConfig(weights=(settings.penalty,), steps=steps, networks=networks)
