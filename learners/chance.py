"""A chance constraint as one more cost: P(episode cost ≤ tolerance · d) ≥ 1 − ε.

    P(C ≤ τ d) ≥ 1 − ε    ⟺    E[ 1{C > τ d} ] ≤ ε

`ChanceConstraint` wraps any `ConstrainedVectorEnv` and adds a cost that is 0 until an episode ends
and then 1 if the episode's own sum of a chosen cost is above the threshold. Its limit is ε.

What an agent should do next depends on what was spent so far. The running share spent / (τ d) is
therefore added as a last number to every agent's features and to the state, unless `observe` is
off (an environment may show it already). Sums here are undiscounted: a chance constraint of a
discounted sum is nothing that a budget can mean.
"""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError
from learners.contract import ConstrainedVectorEnv, Cost, EnvSpec, Obs, Step

__all__ = ["ChanceConstraint"]

MOST_SHOWN = 2.0
"""The share that agents see ends here."""


class ChanceConstraint:
    """An environment with one more cost: whether an episode spent too much."""

    def __init__(
        self,
        env: ConstrainedVectorEnv,
        *,
        cost: str,
        tolerance: float = 1.05,
        risk: float = 0.05,
        budget: float | None = None,
        observe: bool = True,
    ) -> None:
        """Wraps an environment, which it owns from now on.

        Args:
            env: Whose episodes.
            cost: Name of the cost that the constraint is about; it must not be negative for the
                running share to mean anything.
            tolerance: τ.
            risk: ε, the limit of the new cost.
            budget: d; `None`: the limit of the cost.
            observe: Whether the running share is added to features and state.

        Raises:
            ConfigurationError: There is no such cost, the threshold is not positive, or the
                environment is discounted.
        """
        names = [each.name for each in env.spec.costs]
        if cost not in names:
            raise ConfigurationError(f"no cost {cost!r}; there are {', '.join(names) or 'none'}")
        self._env = env
        self._column = names.index(cost)
        limit = env.spec.costs[self._column].limit if budget is None else budget
        self._threshold = tolerance * limit
        self._observe = observe
        if self._threshold <= 0 or not 0 < risk < 1:
            raise ConfigurationError(f"tolerance · budget > 0, risk in (0, 1): {limit}, {risk}")
        if env.spec.discount != 1.0:
            raise ConfigurationError("a chance constraint needs undiscounted sums (discount = 1)")
        self._spent = np.zeros(env.spec.num_envs)
        self._spec = replace(
            env.spec,
            costs=(*env.spec.costs, Cost(name=f"{cost} above {self._threshold:g}", limit=risk)),
            num_features=env.spec.num_features + observe,
            num_state=env.spec.num_state + (observe and env.spec.num_state > 0),
        )

    @property
    def spec(self) -> EnvSpec:
        """The wrapped spec with one more cost, and one more number where it is shown."""
        return self._spec

    def reset(self, seed: int) -> Obs:
        """Starts N new episodes."""
        self._spent[:] = 0.0
        return self._shown(self._env.reset(seed))

    def step(self, actions: npt.NDArray[np.generic]) -> Step:
        """Carries out one action of every agent."""
        step = self._env.step(actions)
        self._spent += step.costs[:, self._column]
        ended = step.terminated | step.truncated
        above = (ended & (self._spent > self._threshold)).astype(np.float64)
        info = dict(step.info)
        for name in ("final_state", "final_features"):
            if self._observe and name in info:
                info[name] = _with_column(np.asarray(info[name]), self._share())
        self._spent[ended] = 0.0
        return step._replace(
            obs=self._shown(step.obs),
            costs=np.concatenate([step.costs, above[:, None]], axis=1),
            info=info,
        )

    def state(self) -> bytes:
        """Returns what was spent and the wrapped state."""
        return pickle.dumps((self._spent, self._env.state()))

    def load_state(self, data: bytes) -> Obs:
        """Goes on from `state`."""
        self._spent, inner = pickle.loads(data)
        return self._shown(self._env.load_state(inner))

    def close(self) -> None:
        """Closes the wrapped environment."""
        self._env.close()

    def _share(self) -> npt.NDArray[np.float32]:
        return np.minimum(self._spent / self._threshold, MOST_SHOWN).astype(np.float32)

    def _shown(self, obs: Obs) -> Obs:
        if not self._observe:
            return obs
        share = self._share()
        return obs._replace(
            features=_with_column(obs.features, share),
            state=None if obs.state is None else _with_column(obs.state, share),
        )


def _with_column(
    values: npt.NDArray[np.float32], share: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Adds a last number to each row: [N, ..., F] -> [N, ..., F + 1]."""
    column = share.reshape(-1, *([1] * (values.ndim - 1)))
    return np.concatenate([values, np.broadcast_to(column, (*values.shape[:-1], 1))], axis=-1)
