"""The learned residual f_θ: one small network for each head, in numpy, with its gradient.

    agents   [context | node | choice | pair] -> 64 -> 32 -> 1      for each node and choice
    edges    [context | edge]                 -> 32 -> 32 -> 1      for each edge
    gate     [context | gate]                 -> 32 -> 32 -> 4

    h1 = tanh(x · w1 + b1),  h2 = tanh(h1 · w2 + b2),  f = h2 · w3 + b3

Parameters are a flat dict, `agents.w1 [in, out]`, `agents.b1 [out]`, ...; a learner in torch uses
the same names and shapes. w3 and b3 start at zero, so f starts at zero and the policy starts as the
planner. All functions compute in the parameters' own precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError
from policies.plan_policy.features import CHOICE, CONTEXT, EDGE, GATE, NODE, PAIR
from policies.plan_policy.problem import DecisionProblem

__all__ = [
    "SHAPES",
    "Logits",
    "Parameters",
    "check_shapes",
    "initial_parameters",
    "residual",
    "residual_gradient",
]

Array = npt.NDArray[np.floating]
Parameters = Mapping[str, Array]

_INPUTS = {
    "agents": len(CONTEXT) + len(NODE) + len(CHOICE) + len(PAIR),
    "edges": len(CONTEXT) + len(EDGE),
    "gate": len(CONTEXT) + len(GATE),
}
_WIDTHS = {"agents": (64, 32, 1), "edges": (32, 32, 1), "gate": (32, 32, 4)}


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for head, width in _INPUTS.items():
        for layer, out in enumerate(_WIDTHS[head], start=1):
            shapes[f"{head}.w{layer}"] = (width, out)
            shapes[f"{head}.b{layer}"] = (out,)
            width = out
    return shapes


SHAPES: Mapping[str, tuple[int, ...]] = _shapes()
"""Every parameter's name and shape."""


class Logits(NamedTuple):
    """One value for each choice of each head; also what flows back through them."""

    agents: Array
    """[N, K]"""
    edges: Array
    """Log-odds of keeping. [M]"""
    gate: Array
    """[4]"""


class _Layers(NamedTuple):
    h1: Array
    h2: Array
    out: Array


def initial_parameters(seed: int) -> dict[str, npt.NDArray[np.float32]]:
    """Returns parameters whose residual is zero everywhere; only hidden layers are random."""
    generator = np.random.default_rng(seed)
    parameters = {}
    for name, shape in SHAPES.items():
        values = np.zeros(shape)
        if name.endswith((".w1", ".w2")):
            values = generator.normal(0.0, shape[0] ** -0.5, shape)
        parameters[name] = values.astype(np.float32)
    return parameters


def check_shapes(parameters: Parameters) -> None:
    """Checks names, shapes and that every value is finite.

    Raises:
        ConfigurationError: They are not a policy's parameters.
    """
    seen = {name: values.shape for name, values in parameters.items()}
    if seen != dict(SHAPES):
        wrong = sorted(set(seen.items()) ^ set(SHAPES.items()))
        raise ConfigurationError(f"parameters of another network: {wrong[:4]}")
    broken = [name for name, values in parameters.items() if not np.isfinite(values).all()]
    if broken:
        raise ConfigurationError(f"parameters that are not finite: {broken}")


def residual(parameters: Parameters, problem: DecisionProblem) -> Logits:
    """Returns f_θ for every choice, legal or not."""
    agents = _layers(parameters, "agents", _agents_first(parameters, problem)).out[..., 0]
    edges = _layers(parameters, "edges", _first(parameters, "edges", problem)).out[..., 0]
    gate = _layers(parameters, "gate", _first(parameters, "gate", problem)).out[0]
    return Logits(agents, edges, gate)


def residual_gradient(
    parameters: Parameters, problem: DecisionProblem, upstream: Logits
) -> dict[str, Array]:
    """Returns the derivative of Σ upstream · f_θ with respect to every parameter.

    Args:
        parameters: θ.
        problem: What f_θ is computed on.
        upstream: Derivative of the objective with respect to each value of `residual`.
    """
    gradient: dict[str, Array] = {}
    flows = {
        "agents": (upstream.agents.reshape(-1, 1), _agents_first(parameters, problem)),
        "edges": (upstream.edges.reshape(-1, 1), _first(parameters, "edges", problem)),
        "gate": (upstream.gate.reshape(1, -1), _first(parameters, "gate", problem)),
    }
    for head, (flow, first) in flows.items():
        layers = _layers(parameters, head, first)
        h1 = layers.h1.reshape(len(flow), -1)
        h2 = layers.h2.reshape(len(flow), -1)
        back2 = (flow @ parameters[f"{head}.w3"].T) * (1.0 - h2**2)
        back1 = (back2 @ parameters[f"{head}.w2"].T) * (1.0 - h1**2)
        gradient[f"{head}.w1"] = (
            _agents_back(problem, back1) if head == "agents" else _inputs(problem, head).T @ back1
        )
        gradient[f"{head}.w2"] = h1.T @ back2
        gradient[f"{head}.w3"] = h2.T @ flow
        for layer, back in enumerate((back1, back2, flow), start=1):
            gradient[f"{head}.b{layer}"] = back.sum(axis=0)
    return gradient


def _agents_back(problem: DecisionProblem, back: Array) -> Array:
    """Returns the gradient of `agents.w1` from that of its sums, part by part.

    Args:
        problem: What was decided.
        back: [N * K, H]
    """
    n, k = problem.agent_mask.shape
    pairs = back.reshape(n, k, -1)
    parts = [
        np.outer(problem.context, back.sum(axis=0)),
        problem.node.T @ pairs.sum(axis=1),
        problem.choice.T @ pairs.sum(axis=0),
        problem.pair.reshape(n * k, -1).T @ back,
    ]
    return np.concatenate(parts)


def _layers(parameters: Parameters, head: str, first: Array) -> _Layers:
    """Returns the activations above the first layer's sums."""
    h1 = np.tanh(first)
    h2 = np.tanh(h1 @ parameters[f"{head}.w2"] + parameters[f"{head}.b2"])
    return _Layers(h1, h2, h2 @ parameters[f"{head}.w3"] + parameters[f"{head}.b3"])


def _first(parameters: Parameters, head: str, problem: DecisionProblem) -> Array:
    """Returns x · w1 + b1."""
    sums: Array = _inputs(problem, head) @ parameters[f"{head}.w1"] + parameters[f"{head}.b1"]
    return sums


def _agents_first(parameters: Parameters, problem: DecisionProblem) -> Array:
    """Returns x · w1 + b1 as a sum over the parts of x, which is never built. [N, K, H]."""
    weights = parameters["agents.w1"]
    ends = np.cumsum([len(CONTEXT), len(NODE), len(CHOICE)])
    context, node, choice, pair = np.split(weights, ends)
    shared = problem.context @ context + parameters["agents.b1"]
    sums: Array = (
        (problem.node @ node + shared)[:, None, :]
        + (problem.choice @ choice)[None, :, :]
        + problem.pair @ pair
    )
    return sums


def _inputs(problem: DecisionProblem, head: str) -> Array:
    """Returns the input rows of the edges or of the gate. [R, in]."""
    if head == "gate":
        return np.concatenate([problem.context, problem.gate])[None, :]
    shared = np.broadcast_to(problem.context, (len(problem.edge), len(CONTEXT)))
    return np.concatenate([shared, problem.edge], axis=1)
