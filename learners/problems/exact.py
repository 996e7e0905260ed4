"""Five small problems whose optima are known.

S0   constrained bandit, one agent; the optimum mixes two actions
S1   hazard corridor, one agent; one stochastic state, no deterministic policy attains it
M1   team matrix game, two agents; independent agents attain the joint optimum
M1b  the same with a correlation gap: independent agents reach 1.0858 of 1.5
M3   two additive bandits on one shared budget; the optimum is unique and deterministic, and
     agents that improve one after the other stall at some other split of the budget
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from learners.contract import MakeEnv
from learners.problems.tabular import TabularEnv, TabularProblem

__all__ = ["m1", "m1b", "m3", "make_env_of", "s0", "s1"]


def s0(budget: float = 0.4) -> TabularProblem:
    """Bandit with r = [1, .5, 0], c = [1, .2, 0]. At .4: π* = [.25, .75, 0], J* = λ* = .625."""
    return _one_shot(np.array([1, 0.5, 0.0]), np.array([1, 0.2, 0.0]), budget, (3,))


def m1(budget: float = 0.8) -> TabularProblem:
    """Team matrix game. J* is 1.3, 1.6, 58/35, 1.7143 at budgets .4, .6, .8, 1."""
    reward = np.array([[2, 1.6, 1], [1.6, 1, 0.5], [1, 0.5, 0]])
    cost = np.array([[2, 0.6, 0.3], [0.6, 0.2, 0], [0.3, 0, 0]])
    return _one_shot(reward, cost, budget, (3, 3))


def m1b(budget: float = 0.5) -> TabularProblem:
    """Correlation gap: joint optimum 1.5 at .5, the best independent agents 1.0858."""
    return _one_shot(np.diag([2.0, 1.0]), np.diag([1.0, 0.0]), budget, (2, 2))


def m3(budget: float = 1.2) -> TabularProblem:
    """Shared budget. At 1.2: J* = 1.2, agent 0 always takes action 0, agent 1 always action 1."""
    cost = np.array([1, 0.2, 0.0])
    reward = np.add.outer(np.array([1, 0.5, 0.0]), np.array([0.5, 0.2, 0.0]))
    return _one_shot(reward, np.add.outer(cost, cost), budget, (3, 3))


def s1(budget: float = 0.5) -> TabularProblem:
    """Hazard corridor on a grid of 4 rows and 5 columns.

    Start (3, 0), goal (3, 4): +10 on entering it, and the episode ends; −0.2 per step; cost 1 per
    step taken from (3, 1), (3, 2) or (3, 3); a move goes in a uniformly random direction with
    probability .1; each step is the last with probability .05. J* at .5 is 6.5083, at 1.5 6.9661.
    """
    rows, columns, slip = 4, 5, 0.1
    moves = ((-1, 0), (0, 1), (1, 0), (0, -1))  # up, right, down, left
    states = rows * columns
    goal = 3 * columns + 4
    transitions = np.zeros((states, 4, states))
    enters = np.zeros((states, 4))
    for state in range(states):
        for action in range(4):
            for number, (down, right) in enumerate(moves):
                chance = slip / 4 + (1 - slip) * (number == action)
                row = min(max(state // columns + down, 0), rows - 1)
                column = min(max(state % columns + right, 0), columns - 1)
                there = row * columns + column
                if there == goal:
                    enters[state, action] += chance
                else:
                    transitions[state, action, there] += chance
    hazard = np.zeros((states, 4))
    hazard[[3 * columns + 1, 3 * columns + 2, 3 * columns + 3]] = 1.0
    start = np.zeros(states)
    start[3 * columns] = 1.0
    return TabularProblem(
        start=start,
        transitions=transitions,
        reward=10.0 * enters - 0.2,
        costs=hazard[None],
        limits=(budget,),
        actions=(4,),
        stop=0.05,
    )


def make_env_of(problem: TabularProblem) -> MakeEnv:
    """Returns the picklable factory of a problem's environments."""
    return partial(_make, problem)


def _make(problem: TabularProblem, worker: int, num_envs: int) -> TabularEnv:
    return TabularEnv(problem, num_envs, worker)


def _one_shot(
    reward: npt.NDArray[np.float64],
    cost: npt.NDArray[np.float64],
    budget: float,
    actions: tuple[int, ...],
) -> TabularProblem:
    """One state, one step."""
    joint = reward.size
    return TabularProblem(
        start=np.ones(1),
        transitions=np.zeros((1, joint, 1)),
        reward=reward.reshape(1, joint),
        costs=cost.reshape(1, 1, joint),
        limits=(budget,),
        actions=actions,
        stop=1.0,
    )
