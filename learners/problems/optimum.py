"""The optimum of a finite constrained problem, and the exact value of a policy.

maximise ⟨x, r⟩ over x(s, u) ≥ 0 with  Σ_u x(s, u) = μ(s) + Σ_{s',u'} P(s | s', u') x(s', u'),
⟨x, c_k⟩ ≤ d_k; the dual value of row k is λ*_k. This is the optimum over all joint policies; agents
that act independently may not reach it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from core.errors import ConfigurationError
from learners.contract import Obs
from learners.problems.tabular import TabularProblem
from policies.trained import TrainedPolicy

__all__ = ["Optimum", "least_cost", "optimum", "value_of", "value_of_team"]

Sums = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """What the best joint policy attains."""

    reward: float
    """J*."""
    costs: Sums
    """J_C of the optimum found. [K]"""
    multipliers: Sums
    """λ*. [K]"""
    policy: Sums
    """π*(u | s); uniform where the state is not visited. [S, U]"""


def optimum(problem: TabularProblem, *, constrained: bool = True) -> Optimum:
    """Solves the linear programme.

    Args:
        problem: A finite problem.
        constrained: False: as if there were no limits.

    Raises:
        ConfigurationError: No policy keeps to the limits.
    """
    states, joint = problem.reward.shape
    flat = problem.costs.reshape(len(problem.limits), -1)
    rows = {"A_ub": flat, "b_ub": np.array(problem.limits)} if constrained else {}
    found = linprog(-problem.reward.ravel(), A_eq=_flow(problem), b_eq=problem.start, **rows)
    if found.status != 0:
        raise ConfigurationError(f"no policy keeps to the limits: {found.message}")
    visits = found.x.reshape(states, joint)
    total = visits.sum(axis=1, keepdims=True)
    policy = np.where(total > 1e-12, visits / np.maximum(total, 1e-12), 1.0 / joint)
    multipliers = -found.ineqlin.marginals if constrained else np.zeros(len(problem.limits))
    return Optimum(
        reward=-float(found.fun), costs=flat @ found.x, multipliers=multipliers, policy=policy
    )


def least_cost(problem: TabularProblem, cost: int = 0) -> float:
    """Returns the smallest J_C of one cost that any policy attains."""
    found = linprog(problem.costs[cost].ravel(), A_eq=_flow(problem), b_eq=problem.start)
    return float(found.fun)


def value_of(problem: TabularProblem, policy: Sums) -> tuple[float, Sums]:
    """Returns J and J_C [K] of a joint policy, exactly.

    Args:
        problem: A finite problem.
        policy: π(u | s). [S, U]
    """
    onward = np.einsum("sut,su->st", problem.transitions, policy) * (1.0 - problem.stop)
    visits = np.linalg.solve(np.eye(problem.num_states) - onward.T, problem.start)
    weights = visits[:, None] * policy
    return float((weights * problem.reward).sum()), (problem.costs * weights).sum(axis=(1, 2))


def value_of_team(problem: TabularProblem, policy: TrainedPolicy) -> tuple[float, Sums]:
    """Returns J and J_C [K] of agents that act independently, exactly."""
    states = np.eye(problem.num_states, dtype=np.float32)
    agents = len(problem.actions)
    obs = Obs(
        features=np.repeat(states[:, None, :], agents, axis=1),
        active=np.ones((len(states), agents), dtype=bool),
    )
    each = policy.probabilities(obs).astype(np.float64)  # [S, A, most actions]
    joint = np.ones((len(states), 1))
    for agent, count in enumerate(problem.actions):
        joint = (joint[:, :, None] * each[:, agent, None, :count]).reshape(len(states), -1)
    return value_of(problem, joint)


def _flow(problem: TabularProblem) -> Sums:
    """Left side of the flow equations, [S, S·U]."""
    states, joint = problem.reward.shape
    leaving = np.repeat(np.eye(states), joint, axis=1)
    entering = problem.transitions.reshape(states * joint, states).T * (1.0 - problem.stop)
    return np.asarray(leaving - entering)
