"""Random finite constrained problems whose limits bind, for any number of costs."""

from __future__ import annotations

import numpy as np

from learners.problems.optimum import least_cost, optimum, value_of
from learners.problems.tabular import TabularProblem

__all__ = ["random_cmdp"]


def random_cmdp(
    seed: int,
    *,
    num_states: int = 8,
    num_actions: int = 4,
    num_costs: int = 1,
    stop: float = 0.1,
    tightness: float = 0.5,
) -> TabularProblem:
    """Draws a problem; each limit lies between the least cost and that of the best policy.

    Each action leads to three states with random chances, earns a random reward in [0, 1], and
    costs a random amount in [0, 1] that rises with its reward, so that reward must be paid for.

    Args:
        seed: Decides everything.
        num_states: S.
        num_actions: Of the one agent.
        num_costs: K.
        stop: Probability that a step is the last.
        tightness: 0: limits at the unconstrained optimum's cost; 1: at the least cost that is
            possible for each cost alone (for K > 1 that may be infeasible).
    """
    rng = np.random.default_rng(seed)
    transitions = np.zeros((num_states, num_actions, num_states))
    for state in range(num_states):
        for action in range(num_actions):
            following = rng.choice(num_states, size=min(3, num_states), replace=False)
            transitions[state, action, following] = rng.dirichlet(np.ones(len(following)))
    reward = rng.random((num_states, num_actions))
    noise = rng.random((num_costs, num_states, num_actions))
    start = np.zeros(num_states)
    start[: max(1, num_states // 4)] = 1.0
    free = TabularProblem(
        start=start / start.sum(),
        transitions=transitions,
        reward=reward,
        costs=0.6 * reward + 0.4 * noise,
        limits=(np.inf,) * num_costs,
        actions=(num_actions,),
        stop=stop,
    )
    _, most = value_of(free, optimum(free, constrained=False).policy)
    limits = tuple(
        float(most[cost] + tightness * (least_cost(free, cost) - most[cost]))
        for cost in range(num_costs)
    )
    return TabularProblem(
        start=free.start,
        transitions=transitions,
        reward=reward,
        costs=free.costs,
        limits=limits,
        actions=free.actions,
        stop=stop,
    )
