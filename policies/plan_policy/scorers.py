"""From scorers of candidates that a learner has trained to a plan policy, and back.

A learner knows three groups of slots with one scorer each (`arrays.Layout`), whose first layer is
as wide as the widest head. Here the weights of the padding are cut off, so what is left is the
policy that runs without a learner. Names of a learner's parameters, for group g:

    g.layers.0.weight [64, F]    g.layers.1.weight [32, 64]    g.layers.2.weight [1, 32]
    g.layers.i.bias   [out]      g.prior_scale []; absent: the prior counts nothing
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError
from policies.plan_policy.arrays import NUM_FEATURES
from policies.plan_policy.network import HEADS, HIDDEN, INPUTS
from policies.plan_policy.policy import PlanPolicy

__all__ = ["from_scorers", "to_scorers"]

_Weights = Mapping[str, npt.NDArray[np.float32]]
_LAYERS = len(HIDDEN) + 1


def from_scorers(weights: _Weights, *, version: str) -> PlanPolicy:
    """Returns the plan policy of a learner's scorers.

    Args:
        weights: The learner's parameters by name.
        version: Name of the policy, at most 64 characters.

    Raises:
        ConfigurationError: They are not three scorers of this layout.
    """
    parameters: dict[str, npt.NDArray[np.float32]] = {}
    try:
        for group, head in enumerate(HEADS):
            for layer in range(_LAYERS):
                weight = weights[f"{group}.layers.{layer}.weight"].T
                if layer == 0:
                    weight = _without_padding(weight, head)
                parameters[f"{head}.w{layer + 1}"] = weight.copy()
                parameters[f"{head}.b{layer + 1}"] = weights[f"{group}.layers.{layer}.bias"].copy()
            scale = weights.get(f"{group}.prior_scale", np.zeros((), dtype=np.float32))
            parameters[f"{head}.prior_scale"] = scale.reshape(1).copy()
    except (KeyError, ValueError) as error:
        raise ConfigurationError(f"these are not the scorers of a plan policy: {error}") from error
    return PlanPolicy(parameters=parameters, version=version)


def to_scorers(policy: PlanPolicy) -> dict[str, npt.NDArray[np.float32]]:
    """Returns the learner's parameters of a policy, with zero weights for the padding.

    Raises:
        ConfigurationError: The policy has no parameters.
    """
    if policy.parameters is None:
        raise ConfigurationError("an untrained policy has no parameters")
    weights: dict[str, npt.NDArray[np.float32]] = {}
    for group, head in enumerate(HEADS):
        for layer in range(_LAYERS):
            weight = policy.parameters[f"{head}.w{layer + 1}"].astype(np.float32)
            if layer == 0:
                weight = np.pad(weight, ((0, NUM_FEATURES - INPUTS[head]), (0, 0)))
            weights[f"{group}.layers.{layer}.weight"] = weight.T.copy()
            bias = policy.parameters[f"{head}.b{layer + 1}"]
            weights[f"{group}.layers.{layer}.bias"] = bias.astype(np.float32)
        scale = policy.parameters[f"{head}.prior_scale"].astype(np.float32)
        weights[f"{group}.prior_scale"] = scale.reshape(())
    return weights


def _without_padding(weight: npt.NDArray[np.float32], head: str) -> npt.NDArray[np.float32]:
    if len(weight) != NUM_FEATURES:
        raise ConfigurationError(f"a scorer reads {NUM_FEATURES} numbers, not {len(weight)}")
    return weight[: INPUTS[head]]
