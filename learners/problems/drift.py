"""A continuous problem with a closed-form optimum: how hard to push when pushing costs.

One step per episode. The action a has D dimensions; the reward is Σ_i (2 w_i a_i − a_i²), which is
largest at a = w; the cost is Σ_i a_i², with limit d. By symmetry of the quadratic form

    a* = w / (1 + λ*),   λ* = max(0, ‖w‖ / √d − 1),   J* = 2 √d ‖w‖ − d   where the limit binds

for a deterministic action. A Gaussian with deviation σ loses 2 D σ² of reward-and-cost together, so
a policy reaches J* only as σ goes to 0. It is the smallest constrained linear-quadratic problem:
one stage, quadratic reward and cost.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError
from learners.contract import Continuous, Cost, EnvSpec, Obs, Step

__all__ = ["DriftEnv", "DriftProblem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftProblem:
    """w and d."""

    target: tuple[float, ...] = (1.0, 0.5)
    """w. [D]"""
    limit: float = 0.5
    """d."""

    def __post_init__(self) -> None:
        if not self.target or self.limit <= 0:
            raise ConfigurationError(f"a target and a limit > 0: {self}")

    @property
    def best_reward(self) -> float:
        """J*."""
        size = float(np.linalg.norm(self.target))
        if size**2 <= self.limit:
            return size**2
        return float(2.0 * np.sqrt(self.limit) * size - self.limit)

    @property
    def best_action(self) -> npt.NDArray[np.float64]:
        """a*, [D]."""
        target = np.asarray(self.target)
        return target * min(1.0, float(np.sqrt(self.limit) / np.linalg.norm(target)))

    def make_env(self, worker: int, num_envs: int) -> DriftEnv:
        """Returns N copies; a `MakeEnv`."""
        del worker  # nothing is random here but the policy
        return DriftEnv(self, num_envs)


class DriftEnv:
    """N copies."""

    def __init__(self, problem: DriftProblem, num_envs: int) -> None:
        """Has no memory: each step is an episode."""
        self._target = np.asarray(problem.target)
        self._spec = EnvSpec(
            num_envs=num_envs,
            num_agents=1,
            num_features=1,
            action=Continuous(num_dims=len(problem.target)),
            costs=(Cost(name="effort", limit=problem.limit),),
        )

    @property
    def spec(self) -> EnvSpec:
        """Sizes and limits."""
        return self._spec

    def reset(self, seed: int) -> Obs:
        """Starts N episodes."""
        del seed
        number = self._spec.num_envs
        return Obs(
            features=np.ones((number, 1, 1), dtype=np.float32),
            active=np.ones((number, 1), dtype=bool),
        )

    def step(self, actions: npt.NDArray[np.float32]) -> Step:
        """Pays for one push: [N, 1, D]."""
        pushed = actions[:, 0, :].astype(np.float64)
        effort = (pushed**2).sum(axis=-1)
        ended = np.ones(len(pushed), dtype=bool)
        return Step(
            obs=self.reset(0),
            reward=2.0 * pushed @ self._target - effort,
            costs=effort[:, None],
            terminated=ended,
            truncated=~ended,
            info={},
        )

    def state(self) -> bytes:
        """Returns nothing to remember."""
        return pickle.dumps(None)

    def load_state(self, data: bytes) -> Obs:
        """Goes on."""
        pickle.loads(data)
        return self.reset(0)

    def close(self) -> None:
        """Holds nothing."""
