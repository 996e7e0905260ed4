"""Advantages against sums written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ConfigurationError
from learners.returns import generalised_advantages


def estimates(signals, values, following, ended, gamma=1.0, lam=1.0):
    shaped = [
        np.asarray(part, dtype=float).reshape(-1, 1, 1) for part in (signals, values, following)
    ]
    return generalised_advantages(*shaped, np.asarray(ended).reshape(-1, 1), gamma, lam)


def test_without_discount_and_with_lambda_one_targets_are_sums_to_the_end():
    found = estimates([1, 2, 4], [9, 9, 9], [9, 9, 0], [False, False, True])
    assert found.targets.ravel().tolist() == [7, 6, 4]
    assert found.advantages.ravel().tolist() == [-2, -3, -5]


def test_a_truncated_step_is_followed_by_the_value_of_its_final_state():
    found = estimates([1, 2, 4], [0, 0, 0], [0, 10, 0], [False, True, True])
    assert found.targets.ravel().tolist() == [13, 12, 4]


def test_nothing_leaks_over_the_end_of_an_episode():
    found = estimates([1, 2, 100], [0, 0, 0], [0, 0, 0], [False, True, True])
    assert found.targets.ravel().tolist() == [3, 2, 100]


def test_gamma_and_lambda_weigh_later_errors():
    found = estimates([1, 1], [2, 3], [3, 0], [False, True], gamma=0.5, lam=0.5)
    last = 1 - 3
    first = 1 + 0.5 * 3 - 2
    assert found.advantages.ravel().tolist() == [first + 0.25 * last, last]


def test_heads_and_environments_are_independent():
    rng = np.random.default_rng(0)
    signals, values, following = rng.normal(size=(3, 6, 4, 3))
    ended = rng.random((6, 4)) < 0.3
    together = generalised_advantages(signals, values, following, ended, 0.9, 0.8)
    for env in range(4):
        for head in range(3):
            alone = generalised_advantages(
                signals[:, env : env + 1, head : head + 1],
                values[:, env : env + 1, head : head + 1],
                following[:, env : env + 1, head : head + 1],
                ended[:, env : env + 1],
                0.9,
                0.8,
            )
            assert np.allclose(together.advantages[:, env, head], alone.advantages[:, 0, 0])


def test_wrong_shapes_and_discounts_are_refused():
    with pytest.raises(ConfigurationError, match="gamma"):
        estimates([1], [0], [0], [True], gamma=1.5)
    zeros = np.zeros((2, 1, 1))
    with pytest.raises(ConfigurationError, match="shape of signals"):
        generalised_advantages(zeros, zeros[:1], zeros, np.zeros((2, 1), bool), 1.0, 1.0)
