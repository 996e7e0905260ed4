"""How long a run is, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import ConfigurationError
from learners.history import History, Record
from learners.mixtures import PolicyMixture
from policies.trained import TrainedPolicy

__all__ = ["TrainConfig", "Trained"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """How long, how wide, with what seed. The first limit that is reached ends the run."""

    total_steps: int | None = 300_000
    """Environment steps, all environments together; `None`: no limit."""
    iterations: int | None = None
    """Updates; `None`: no limit."""
    cpu_s: float | None = None
    """CPU-seconds (user and system) of this process; `None`: no limit. A run that ends by time
    depends on the machine."""
    seed: int = 0
    """Decides everything random: parameters, actions, minibatches, episodes."""
    num_envs: int = 64
    """N: environments stepped side by side."""
    rollout_length: int = 64
    """T: least steps of each environment per iteration; more until N episodes have ended."""
    longest_episode: int = 10_000
    """An episode with more steps is an error of the environment."""
    min_episodes: int = 32
    """The evidence reaches back to older versions until it holds so many episodes."""
    snapshots: int = 20
    """Most iterates that `Trained.averaged` mixes, from the last fifth of the run."""
    callback: Callable[[Record], None] | None = None
    """Called after each iteration."""
    evaluate_every: int = 0
    """Iterations between calls of `evaluate`; 0: never."""
    evaluate: Callable[[int, TrainedPolicy], None] | None = None
    """Called with the iteration's number and its policy."""
    torch_threads: int = 1
    """Threads of torch while an update runs; networks of this size lose with more. Put back
    afterwards."""

    def __post_init__(self) -> None:
        if self.total_steps is None and self.iterations is None and self.cpu_s is None:
            raise ConfigurationError("a run needs a limit: total_steps, iterations or cpu_s")
        limits = [self.total_steps, self.iterations, self.cpu_s]
        if any(limit is not None and limit <= 0 for limit in limits):
            raise ConfigurationError(f"limits of a run are > 0, not {limits}")
        sizes = (self.num_envs, self.rollout_length, self.min_episodes, self.torch_threads)
        if min(sizes) < 1:
            raise ConfigurationError(f"sizes of a run are at least 1, not {sizes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a run gives back."""

    policy: TrainedPolicy
    """Mean parameters of the iterates of the last fifth; the one to use."""
    last: TrainedPolicy
    """After the last update."""
    history: History
    averaged: PolicyMixture
    """The iterates of the last fifth, one drawn for each episode."""
    best_feasible: TrainedPolicy | None
    """The iterate with the highest J that kept to all limits; `None`: no iterate did."""

    @property
    def feasible(self) -> bool:
        """Whether mean costs of the last fifth are within 5 % of their limits."""
        return self.history.feasible()
