"""What a rollout worker hands to the learner: steps of its environments and what ended in them.

Legend as in `learners.contract`; E episodes that ended in the fragment, M cut ends, P numbers that
critics read (S, or A · F without a state).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError
from learners.contract import EnvSpec, Obs

__all__ = ["Collected", "Episodes", "Fragment", "RolloutSeconds", "critic_input"]

Floats = npt.NDArray[np.float32]
Sums = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episodes:
    """Episodes that ended in a fragment, in the order of their ends."""

    reward: Sums
    """Σ γ^t r_t over the whole episode, γ of the environment's spec. [E]"""
    costs: Sums
    """Σ γ^t c_t of each cost. [E, K]"""
    length: Ints
    """Steps. [E]"""
    effective_length: Sums
    """Σ γ^t: what turns an episode sum into a mean per step. [E]"""
    start_version: Ints
    """Version of the weights when the episode began. [E]"""
    end_tick: Ints
    """Steps between the environments' reset and the episode's end. [E]"""
    failed: Flags
    """The episode broke; it counts nowhere. [E]"""
    info: Mapping[str, npt.NDArray[np.generic]]
    """What else the environment said with the last step, by name. [E, ...] each"""

    def __len__(self) -> int:
        return len(self.reward)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSeconds:
    """CPU-seconds of the process that collected."""

    env: float
    policy: float


class Collected(Protocol):
    """What the training loop reads of a fragment, wherever its arrays lie."""

    @property
    def version(self) -> int:
        """Of the weights that it was played with."""
        ...

    @property
    def worker(self) -> int:
        """Who played it."""
        ...

    @property
    def episodes(self) -> Episodes:
        """Those that ended in it."""
        ...

    @property
    def num_running(self) -> int:
        """Episodes that had begun and not ended."""
        ...

    @property
    def num_steps(self) -> int:
        """Environment steps."""
        ...

    @property
    def seconds(self) -> RolloutSeconds:
        """CPU-seconds of whoever played it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """T steps of N environments under one version of the weights."""

    version: int
    worker: int
    features: Floats
    """[T, N, A, F]; with candidates [T, N, A, C, F], padded to the longest."""
    active: Flags
    """[T, N, A]"""
    mask: Flags | None
    """[T, N, A, C]"""
    tokens: Ints | None
    """[T, N, A, C, L]"""
    critic_t: Floats
    """What critics read before the step. [T, N, P]"""
    critic_last: Floats
    """What they read after the last step. [N, P]"""
    final_index: Ints
    """(step, environment) of truncated episodes. [M, 2]"""
    final_critic: Floats
    """What critics read in their final states. [M, P]"""
    actions: npt.NDArray[np.generic]
    """[T, N, A] or [T, N, A, D]"""
    logp: Floats
    """Of the behaviour policy, never computed again. [T, N, A]"""
    reward: Sums
    """[T, N]"""
    costs: Sums
    """[T, N, K]"""
    terminated: Flags
    """[T, N]"""
    truncated: Flags
    """[T, N]"""
    valid: Flags
    """False where the step belongs to an episode that failed in this fragment. [T, N]"""
    task: Ints | None
    """Task of the episode that the step belongs to, where the environment says it. [T, N]"""
    episodes: Episodes
    num_running: int
    """Episodes that had begun and not ended when the fragment ended: censored."""
    seconds: RolloutSeconds

    @property
    def num_steps(self) -> int:
        """Environment steps, T · N."""
        return int(self.reward.size)


def critic_input(
    spec: EnvSpec, state: Floats | None, features: Floats, *, what: str = "an observation"
) -> Floats:
    """Returns what critics read: the state, or all agents' features joined, [N, P].

    Args:
        spec: Of the environment.
        state: [N, S]
        features: Read only without a state. [N, A, F]
        what: For the error message.

    Raises:
        ConfigurationError: The spec promises a state and there is none.
    """
    if spec.num_state:
        if state is None:
            raise ConfigurationError(f"the spec has num_state={spec.num_state}, {what} has none")
        return np.asarray(state, dtype=np.float32)
    return np.asarray(features, dtype=np.float32).reshape(len(features), -1)


def critic_width(spec: EnvSpec) -> int:
    """Returns P."""
    return spec.num_state or spec.num_agents * spec.num_features


def critic_input_of(spec: EnvSpec, obs: Obs) -> Floats:
    """Returns what critics read of an observation, [N, P]."""
    return critic_input(spec, obs.state, obs.features)
