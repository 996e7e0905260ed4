"""Collecting fragments: the protocol that the training loop knows, and the form in one process.

Rollouts.collect(weights, version) -> fragments
InProcessRollouts   one collector in this process
(Ray workers are another implementation: each holds one `Collector`)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from learners.collector import Collector
from learners.contract import ConstrainedVectorEnv, EnvSpec, MakeEnv
from learners.fragments import Collected, Fragment
from policies.networks import ActorShape, Weights

__all__ = ["InProcessRollouts", "Rollouts"]


class Rollouts(Protocol):
    """Where the steps come from."""

    @property
    def spec(self) -> EnvSpec:
        """Of the environments of one worker."""
        ...

    def collect(self, weights: Weights, version: int) -> Sequence[Collected]:
        """Plays with these weights and returns what happened.

        Args:
            weights: Of all groups.
            version: Number of the weights; goes into the fragments and the episodes.
        """
        ...

    def state(self) -> bytes:
        """Returns everything needed to go on from here."""
        ...

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`."""
        ...

    def close(self) -> None:
        """Closes all environments."""
        ...


class InProcessRollouts:
    """One collector in the process that learns."""

    def __init__(
        self,
        make_env: MakeEnv,
        shape_of: ActorShape,
        *,
        num_envs: int,
        num_steps: int,
        seed: int,
        longest_episode: int = 10_000,
        env: ConstrainedVectorEnv | None = None,
    ) -> None:
        """Makes the environments.

        Args:
            make_env: The factory; called with worker 0.
            shape_of: Of the actors.
            num_envs: N.
            num_steps: T: least steps of every environment in a fragment.
            seed: Of the run.
            longest_episode: See `Collector`.
            env: Environments that were made already, instead of calling the factory.
        """
        self._collector = Collector(
            env or make_env(0, num_envs),
            shape_of,
            worker=0,
            seed=seed,
            longest_episode=longest_episode,
        )
        self._num_steps = num_steps

    @property
    def spec(self) -> EnvSpec:
        """Of the environments."""
        return self._collector.spec

    def collect(self, weights: Weights, version: int) -> Sequence[Fragment]:
        """Returns one fragment."""
        return [self._collector.collect(weights, version, self._num_steps)]

    def state(self) -> bytes:
        """Returns the collector's state."""
        return self._collector.state()

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`."""
        self._collector.load_state(data)

    def close(self) -> None:
        """Closes the environments."""
        self._collector.close()
