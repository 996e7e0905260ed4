"""The chance constraint as an indicator cost."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ConfigurationError
from learners.chance import ChanceConstraint


def test_the_indicator_is_paid_once_at_the_end_and_only_above_the_threshold(scripted):
    env = ChanceConstraint(
        scripted(
            num_envs=2, lengths=lambda *_: 2, cost=lambda env, _: 0.52 + 0.01 * env, limit=0.5
        ),
        cost="money",
    )
    assert [cost.limit for cost in env.spec.costs] == [0.5, 0.05]
    env.reset(0)
    assert env.step(np.zeros((2, 1), int)).costs[:, 1].tolist() == [0.0, 0.0]
    # 0.52 and 0.53 against 1.05 · 0.5 = 0.525
    assert env.step(np.zeros((2, 1), int)).costs[:, 1].tolist() == [0.0, 1.0]
    assert env.step(np.zeros((2, 1), int)).costs[:, 1].tolist() == [0.0, 0.0]


def test_agents_and_critics_see_the_share_that_is_spent(scripted):
    inner = scripted(
        num_envs=2, lengths=lambda _, episode: 1 if episode == 0 else 5, truncates=True
    )
    env = ChanceConstraint(inner, cost="money", budget=1.0, tolerance=1.0)
    obs = env.reset(0)
    assert (env.spec.num_features, env.spec.num_state) == (3, 3)
    assert obs.features.shape == (2, 1, 3)
    inner.script = (*inner.script[:2], lambda *_: 0.25, inner.script[3])
    step = env.step(np.zeros((2, 1), int))
    assert step.info["final_state"][:, -1].tolist() == [0.25, 0.25]
    assert step.obs.state[:, -1].tolist() == [0.0, 0.0]


def test_a_chance_constraint_needs_a_known_undiscounted_cost(scripted):
    with pytest.raises(ConfigurationError, match="no cost 'time'"):
        ChanceConstraint(scripted(), cost="time")
    with pytest.raises(ConfigurationError, match="undiscounted"):
        ChanceConstraint(scripted(discount=0.9), cost="money")
