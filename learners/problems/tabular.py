"""A finite constrained problem and its vectorised environment.

The trick: every step ends the episode with a fixed probability, and the learner uses discount 1.
Undiscounted episode sums are then exactly the discounted values of the linear programme, so J, J_C,
d and λ* have one meaning.

Legend: S states, U joint actions, A agents, K costs, N environments.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError
from learners.contract import Cost, Discrete, EnvSpec, Obs, Step

__all__ = ["TabularEnv", "TabularProblem"]

Sums = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TabularProblem:
    """A finite problem for a team that acts jointly."""

    start: Sums
    """Distribution of the first state. [S]"""
    transitions: Sums
    """P(s' | s, u) given that the episode goes on; rows may sum to less than 1: the rest ends it.
    [S, U, S]"""
    reward: Sums
    """Expected reward of a step. [S, U]"""
    costs: Sums
    """Expected cost of a step. [K, S, U]"""
    limits: tuple[float, ...]
    """d. [K]"""
    actions: tuple[int, ...]
    """Number of actions of each agent; U is their product, the last agent's counts fastest. [A]"""
    stop: float = 0.05
    """Probability that a step is the last, whatever it does: 1 − γ."""

    def __post_init__(self) -> None:
        states, joint = self.reward.shape
        shapes = (self.start.shape, self.transitions.shape, self.costs.shape)
        if shapes != ((states,), (states, joint, states), (len(self.limits), states, joint)):
            raise ConfigurationError(f"shapes of a problem do not fit: {shapes}")
        if int(np.prod(self.actions)) != joint:
            raise ConfigurationError(f"{joint} joint actions, but agents have {self.actions}")
        if not 0.0 < self.stop <= 1.0 or self.transitions.sum(axis=-1).max() > 1.0 + 1e-9:
            raise ConfigurationError("stop is in (0, 1], transitions are probabilities")

    @property
    def num_states(self) -> int:
        """S."""
        return len(self.start)


class TabularEnv:
    """N copies; every agent sees the state as a one-hot vector."""

    def __init__(self, problem: TabularProblem, num_envs: int, worker: int = 0) -> None:
        """Waits for `reset`.

        Args:
            problem: What to play.
            num_envs: N.
            worker: Goes into the stream of randomness.
        """
        self._problem = problem
        self._worker = worker
        self._rng = np.random.default_rng((0, worker))
        self._states = np.zeros(num_envs, dtype=np.int64)
        largest = max(problem.actions)
        self._spec = EnvSpec(
            num_envs=num_envs,
            num_agents=len(problem.actions),
            num_features=problem.num_states,
            action=Discrete(num_actions=largest),
            costs=tuple(
                Cost(name=f"cost_{number}", limit=limit)
                for number, limit in enumerate(problem.limits)
            ),
            num_state=problem.num_states,
        )
        allowed = np.arange(largest)[None, :] < np.asarray(problem.actions)[:, None]
        self._mask = None if allowed.all() else np.tile(allowed, (num_envs, 1, 1))
        self._one_hot = np.eye(problem.num_states, dtype=np.float32)
        onward = problem.transitions * (1.0 - problem.stop)
        self._ladder = onward.cumsum(axis=-1)
        self._start = problem.start.cumsum()

    @property
    def spec(self) -> EnvSpec:
        """Sizes and limits."""
        return self._spec

    def reset(self, seed: int) -> Obs:
        """Starts N episodes."""
        self._rng = np.random.default_rng((seed, self._worker))
        self._states = self._first(len(self._states))
        return self._obs()

    def step(self, actions: npt.NDArray[np.int64]) -> Step:
        """Carries out one action of every agent; rewards and costs are their expectations."""
        problem = self._problem
        joint = np.ravel_multi_index(tuple(actions.T), problem.actions)
        here = self._states
        reward = problem.reward[here, joint]
        costs = problem.costs[:, here, joint].T
        ladder = self._ladder[here, joint]
        following = (ladder <= self._rng.random(len(here))[:, None]).sum(axis=-1)
        terminated = following >= problem.num_states
        following[terminated] = self._first(int(terminated.sum()))
        self._states = following
        return Step(
            obs=self._obs(),
            reward=reward,
            costs=costs,
            terminated=terminated,
            truncated=np.zeros_like(terminated),
            info={},
        )

    def state(self) -> bytes:
        """Returns states and generator."""
        return pickle.dumps((self._states, self._rng.bit_generator.state))

    def load_state(self, data: bytes) -> Obs:
        """Goes on from `state`."""
        self._states, self._rng.bit_generator.state = pickle.loads(data)
        return self._obs()

    def close(self) -> None:
        """Holds nothing."""

    def _first(self, number: int) -> npt.NDArray[np.int64]:
        drawn = np.searchsorted(self._start, self._rng.random(number), side="right")
        return np.minimum(drawn, len(self._start) - 1)

    def _obs(self) -> Obs:
        state = self._one_hot[self._states]
        agents = self._spec.num_agents
        return Obs(
            features=np.repeat(state[:, None, :], agents, axis=1),
            active=np.ones((len(state), agents), dtype=bool),
            mask=self._mask,
            state=state,
        )
