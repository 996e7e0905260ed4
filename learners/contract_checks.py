"""Whether an environment keeps the contract, with a message that says where it does not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.errors import ContractError
from learners.contract import Candidates, Continuous, Discrete, EnvSpec, Obs, Step

__all__ = ["check_finite", "check_obs", "check_step"]


def check_obs(spec: EnvSpec, obs: Obs) -> None:
    """Raises `ContractError` where shapes of an observation are not those of the spec."""
    pair = (spec.num_envs, spec.num_agents)
    if obs.active.shape != pair or obs.active.dtype != np.bool_:
        raise ContractError(f"active is bool {pair}, not {obs.active.dtype} {obs.active.shape}")
    shape = obs.features.shape
    dimensions = 4 if isinstance(spec.action, Candidates) else 3
    if len(shape) != dimensions or shape[:2] != pair or shape[-1] != spec.num_features:
        raise ContractError(
            f"features are {pair} ... {spec.num_features} with {dimensions} dimensions, not {shape}"
        )
    if spec.num_state and (obs.state is None or obs.state.shape != (pair[0], spec.num_state)):
        found = None if obs.state is None else obs.state.shape
        raise ContractError(f"state is {(pair[0], spec.num_state)}, not {found}")
    _check_choices(spec, obs)


def _check_choices(spec: EnvSpec, obs: Obs) -> None:
    if isinstance(spec.action, Continuous):
        return
    if isinstance(spec.action, Discrete):
        if obs.mask is None:
            return
        wanted: tuple[int, ...] = (*obs.active.shape, spec.action.num_actions)
    else:
        wanted = obs.features.shape[:3]
        if obs.mask is None:
            raise ContractError("with candidates, an observation needs a mask")
        tokens = spec.action.num_tokens
        if tokens and (obs.tokens is None or obs.tokens.shape != (*wanted, tokens)):
            found = None if obs.tokens is None else obs.tokens.shape
            raise ContractError(f"tokens are {(*wanted, tokens)}, not {found}")
    if obs.mask.shape != wanted:
        raise ContractError(f"the mask is {wanted}, not {obs.mask.shape}")
    empty = obs.active & ~obs.mask.any(axis=-1)
    if empty.any():
        env, agent = np.argwhere(empty)[0]
        raise ContractError(f"agent {agent} of environment {env} is active and may do nothing")


def check_step(spec: EnvSpec, step: Step) -> None:
    """Raises `ContractError` where shapes of a step are not those of the spec."""
    number = spec.num_envs
    shapes = {
        "reward": (step.reward.shape, (number,)),
        "costs": (step.costs.shape, (number, len(spec.costs))),
        "terminated": (step.terminated.shape, (number,)),
        "truncated": (step.truncated.shape, (number,)),
    }
    for name, (found, wanted) in shapes.items():
        if found != wanted:
            raise ContractError(f"{name} of a step is {wanted}, not {found}")
    check_obs(spec, step.obs)


def check_finite(name: str, values: npt.NDArray[np.floating]) -> None:
    """Raises `ContractError` where a value is NaN or infinite.

    Args:
        name: Of the values, for the message.
        values: [T, N, ...]
    """
    if np.isfinite(values).all():
        return
    where = np.argwhere(~np.isfinite(values))[0]
    raise ContractError(
        f"{name} is {values[tuple(where)]} in environment {where[1]}, step {where[0]} of the "
        "rollout; nothing was learned from this rollout"
    )
