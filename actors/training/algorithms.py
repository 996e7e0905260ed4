"""From a run's settings to the configuration of its algorithm."""

from __future__ import annotations

from dataclasses import replace

from actors.training.settings import TrainSettings
from learners.algorithms import AnyConfig
from learners.clipped_steps import ClippedStepsConfig
from learners.macpo import MACPOConfig
from learners.p3o import P3OConfig
from learners.ppo import PPOConfig
from learners.ppo_lagrangian import PPOLagrangianConfig
from learners.ppo_penalty import PPOPenaltyConfig
from learners.team import NetworkConfig

__all__ = ["algorithm_of"]


def algorithm_of(settings: TrainSettings, hidden: tuple[int, ...]) -> AnyConfig:
    """Returns the algorithm's configuration.

    Args:
        settings: Of the run.
        hidden: Hidden layers of the actors.
    """
    networks = replace(NetworkConfig(), actor_hidden=hidden, actor_lr=settings.learning_rate)
    steps = replace(ClippedStepsConfig(), per_task=settings.per_task, entropy=settings.entropy)
    match settings.algorithm:
        case "p3o":
            return P3OConfig(steps=steps, networks=networks)
        case "ppo_lagrangian":
            return PPOLagrangianConfig(steps=steps, networks=networks)
        case "macpo":
            return MACPOConfig(networks=networks)
        case "ppo":
            return PPOConfig(steps=steps, networks=networks)
        case "ppo_penalty":
            return PPOPenaltyConfig(weights=(settings.penalty,), steps=steps, networks=networks)
