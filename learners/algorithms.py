"""The algorithms by name, with their recommended configurations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from core.errors import ConfigurationError
from learners.contract import EnvSpec
from learners.macpo import MACPOConfig
from learners.p3o import P3OConfig
from learners.ppo import PPOConfig
from learners.ppo_lagrangian import PPOLagrangianConfig
from learners.ppo_penalty import PPOPenaltyConfig
from learners.reducer import Reducer
from learners.updates import Algorithm

__all__ = ["ALGORITHMS", "AnyConfig", "build", "config_of"]

AnyConfig: TypeAlias = P3OConfig | PPOLagrangianConfig | MACPOConfig | PPOConfig | PPOPenaltyConfig

ALGORITHMS: dict[str, Callable[[], AnyConfig]] = {
    "p3o": P3OConfig,
    "ppo_lagrangian": PPOLagrangianConfig,
    "macpo": MACPOConfig,
    "ppo": PPOConfig,
    "ppo_penalty": PPOPenaltyConfig,
}


def config_of(algorithm: str | AnyConfig) -> AnyConfig:
    """Returns the configuration that a name stands for, or the one given.

    Raises:
        ConfigurationError: No algorithm has this name.
    """
    if not isinstance(algorithm, str):
        return algorithm
    if algorithm not in ALGORITHMS:
        raise ConfigurationError(f"no algorithm {algorithm!r}; there are {', '.join(ALGORITHMS)}")
    return ALGORITHMS[algorithm]()


def build(
    algorithm: str | AnyConfig, spec: EnvSpec, *, seed: int, reducer: Reducer | None = None
) -> Algorithm:
    """Returns a learner with its first parameters.

    Args:
        algorithm: A name or a configuration.
        spec: Of the environments.
        seed: Of the run.
        reducer: Of a learner group; `None`: one rank.
    """
    config = config_of(algorithm)
    made: Algorithm = config.make(spec, config, seed=seed, reducer=reducer)  # type: ignore[arg-type]  # each config makes its own class
    return made
