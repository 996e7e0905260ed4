"""Optima of the test problems against published and closed-form numbers."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ConfigurationError
from learners.problems import exact
from learners.problems.drift import DriftProblem
from learners.problems.optimum import least_cost, optimum, value_of
from learners.problems.random_cmdp import random_cmdp


@pytest.mark.parametrize(
    ("problem", "reward", "multiplier"),
    [
        (exact.s0(), 0.625, 0.625),
        (exact.s1(0.1), 6.2928, 1.4715),
        (exact.s1(0.5), 6.5083, 0.4578),
        (exact.s1(1.5), 6.9661, 0.4578),
        (exact.m1(0.4), 1.3, 1.5),
        (exact.m1(0.6), 1.6, None),
        (exact.m1(0.8), 58 / 35, 2 / 7),
        (exact.m1(1.0), 1.7143, None),
        (exact.m1b(), 1.5, None),
        (exact.m3(), 1.2, 0.375),
    ],
)
def test_linear_programmes_have_the_published_optima(problem, reward, multiplier):
    found = optimum(problem)
    assert found.reward == pytest.approx(reward, abs=1e-4)
    if multiplier is not None:
        assert found.multipliers[0] == pytest.approx(multiplier, abs=1e-4)


def test_the_corridor_without_a_limit_is_the_published_one():
    free = optimum(exact.s1(), constrained=False)
    assert free.reward == pytest.approx(7.5293, abs=1e-4)
    assert value_of(exact.s1(), free.policy)[1][0] == pytest.approx(2.7302, abs=1e-4)
    assert least_cost(exact.s1()) == pytest.approx(0.0281, abs=1e-4)


def test_the_value_of_the_optimal_policy_is_the_optimum():
    problem = random_cmdp(3, num_costs=2, tightness=0.3)
    found = optimum(problem)
    reward, costs = value_of(problem, found.policy)
    assert reward == pytest.approx(found.reward)
    assert (costs <= np.array(problem.limits) + 1e-8).all()


def test_limits_of_random_problems_bind():
    for seed in range(10):
        assert optimum(random_cmdp(seed)).multipliers[0] > 0.01


def test_the_environment_plays_the_problem():
    problem = random_cmdp(0)
    uniform = np.full(problem.reward.shape, 0.25)
    reward, costs = value_of(problem, uniform)
    env = exact.make_env_of(problem)(0, 400)
    env.reset(5)
    rng = np.random.default_rng(0)
    gained, paid, ended = 0.0, 0.0, 0
    for _ in range(300):
        step = env.step(rng.integers(0, 4, size=(400, 1)))
        gained += step.reward.sum()
        paid += step.costs.sum()
        ended += step.terminated.sum()
    assert gained / ended == pytest.approx(reward, rel=0.03)
    assert paid / ended == pytest.approx(costs[0], rel=0.03)


def test_an_infeasible_problem_is_said_to_be_one():
    with pytest.raises(ConfigurationError, match="no policy keeps"):
        optimum(exact.s1(0.01))


def test_the_best_push_spends_its_limit():
    problem = DriftProblem()
    action = problem.best_action
    assert action @ action == pytest.approx(problem.limit)
    assert 2 * action @ np.array(problem.target) - action @ action == pytest.approx(
        problem.best_reward
    )
    assert DriftProblem(limit=9.0).best_reward == pytest.approx(1.25)
