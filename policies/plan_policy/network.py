"""The learned residual f_θ: one small scorer for each head, in numpy, with its gradient.

    agents   f([prior | context | node | choice | pair])   for each node and choice
    edges    f([prior | context | edge | keep])            for each edge, kept and dropped
    gate     f([prior | context | gate | answer])          for each of the four answers

    h1 = tanh(x · w1 + b1),  h2 = tanh(h1 · w2 + b2),  f = h2 · w3 + b3,  64 and 32 wide

`prior` is the log prior of the scored choice. All heads score one choice at a time, so any learner
that scores candidates can train them; an edge's log-odds are f(keep) - f(drop).

Parameters are a flat dict, `agents.w1 [in, out]`, `agents.b1 [out]`, ..., and the learned weight of
the log prior, `agents.prior_scale [1]`. w3 and b3 start at zero and the weight of the prior at one,
so the policy starts as the planner. All functions compute in the parameters' own precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError
from policies.plan_policy.choices import GATES
from policies.plan_policy.features import CHOICE, CONTEXT, EDGE, GATE, NODE, PAIR
from policies.plan_policy.problem import DecisionProblem

__all__ = [
    "HEADS",
    "HIDDEN",
    "INPUTS",
    "SHAPES",
    "Logits",
    "Parameters",
    "check_shapes",
    "initial_parameters",
    "input_rows",
    "residual",
    "residual_gradient",
]

Array = npt.NDArray[np.floating]
Parameters = Mapping[str, Array]

HEADS = ("agents", "edges", "gate")
"""In the order of every array of groups."""
HIDDEN = (64, 32)
"""Widths of the hidden layers of every head."""
INPUTS: Mapping[str, int] = {
    "agents": 1 + len(CONTEXT) + len(NODE) + len(CHOICE) + len(PAIR),
    "edges": 1 + len(CONTEXT) + len(EDGE) + 1,
    "gate": 1 + len(CONTEXT) + len(GATE) + len(GATES),
}
"""Numbers that describe one scored choice of each head."""


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for head, width in INPUTS.items():
        shapes[f"{head}.prior_scale"] = (1,)
        for layer, out in enumerate((*HIDDEN, 1), start=1):
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
        elif name.endswith(".prior_scale"):
            values = np.ones(shape)
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
    """Returns f_θ for every choice, legal or not; for edges f(keep) - f(drop)."""
    agents = _layers(parameters, "agents", _agents_first(parameters, problem)).out[..., 0]
    edges = _layers(parameters, "edges", _first(parameters, "edges", problem)).out[..., 0]
    gate = _layers(parameters, "gate", _first(parameters, "gate", problem)).out[..., 0]
    return Logits(agents, edges[1::2] - edges[::2], gate)


def residual_gradient(
    parameters: Parameters, problem: DecisionProblem, upstream: Logits
) -> dict[str, Array]:
    """Returns the derivative of Σ upstream · f_θ with respect to every parameter of f_θ.

    Args:
        parameters: θ.
        problem: What f_θ is computed on.
        upstream: Derivative of the objective with respect to each value of `residual`.
    """
    gradient: dict[str, Array] = {}
    edges = np.stack([-upstream.edges, upstream.edges], axis=-1)
    flows = {
        "agents": (upstream.agents.reshape(-1, 1), _agents_first(parameters, problem)),
        "edges": (edges.reshape(-1, 1), _first(parameters, "edges", problem)),
        "gate": (upstream.gate.reshape(-1, 1), _first(parameters, "gate", problem)),
    }
    for head, (flow, first) in flows.items():
        layers = _layers(parameters, head, first)
        h1 = layers.h1.reshape(len(flow), HIDDEN[0])
        h2 = layers.h2.reshape(len(flow), HIDDEN[1])
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


def input_rows(problem: DecisionProblem) -> dict[str, Array]:
    """Returns what each head scores, one row for each choice, for learners.

    Returns:
        `agents` [N, K, in], `edges` [M, 2, in] (drop, keep) and `gate` [4, in].
    """
    n, k = problem.agent_mask.shape
    agents = np.concatenate(
        [
            problem.agent_log_prior[:, :, None],
            np.broadcast_to(problem.context, (n, k, len(CONTEXT))),
            np.broadcast_to(problem.node[:, None, :], (n, k, len(NODE))),
            np.broadcast_to(problem.choice, (n, k, len(CHOICE))),
            problem.pair,
        ],
        axis=2,
    )
    edges = _inputs(problem, "edges").reshape(len(problem.edge), 2, INPUTS["edges"])
    return {"agents": agents, "edges": edges, "gate": _inputs(problem, "gate")}


def _agents_back(problem: DecisionProblem, back: Array) -> Array:
    """Returns the gradient of `agents.w1` from that of its sums, part by part.

    Args:
        problem: What was decided.
        back: [N * K, H]
    """
    n, k = problem.agent_mask.shape
    pairs = back.reshape(n, k, HIDDEN[0])
    parts = [
        problem.agent_log_prior.reshape(1, n * k) @ back,
        np.outer(problem.context, back.sum(axis=0)),
        problem.node.T @ pairs.sum(axis=1),
        problem.choice.T @ pairs.sum(axis=0),
        problem.pair.reshape(n * k, len(PAIR)).T @ back,
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
    ends = np.cumsum([1, len(CONTEXT), len(NODE), len(CHOICE)])
    prior, context, node, choice, pair = np.split(weights, ends)
    shared = problem.context @ context + parameters["agents.b1"]
    sums: Array = (
        (problem.node @ node + shared)[:, None, :]
        + (problem.choice @ choice)[None, :, :]
        + problem.pair @ pair
        + problem.agent_log_prior.astype(weights.dtype)[:, :, None] * prior
    )
    return sums


def _inputs(problem: DecisionProblem, head: str) -> Array:
    """Returns the input rows of the edges, drop before keep, or of the gate. [R, in]."""
    if head == "gate":
        own, options = problem.gate[None, :], np.eye(len(GATES), dtype=np.float32)
        prior = problem.gate_log_prior[None, :]
    else:
        own, options = problem.edge, np.array([[0.0], [1.0]], dtype=np.float32)
        odds = problem.edge_log_prior[:, None]
        prior = -np.logaddexp(0.0, np.concatenate([odds, -odds], axis=1))
    shape = (len(own), len(options))
    parts = [
        prior[:, :, None].astype(np.float32),
        np.broadcast_to(problem.context, (*shape, len(problem.context))),
        np.broadcast_to(own[:, None, :], (*shape, own.shape[1])),
        np.broadcast_to(options, (*shape, options.shape[1])),
    ]
    return np.concatenate(parts, axis=2).reshape(len(own) * len(options), INPUTS[head])
