"""Multipliers, the penalty factor of P3O and the duality gap, on small control problems."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ConfigurationError
from learners.multipliers import (
    AdaptivePenalty,
    DampedMultipliers,
    MultiplierConfig,
    PenaltyConfig,
    duality_gap,
    trade_off_scale,
)

LIMIT = np.array([1.0])
SCALE = np.array([1.0])


def test_a_multiplier_settles_where_the_cost_meets_its_limit():
    """A policy that follows λ slowly, with cost 3 − λ at rest: the limit 1 is met at λ = 2."""
    multipliers = DampedMultipliers(1, MultiplierConfig())
    cost = np.array([3.0])
    for _ in range(600):
        lam = multipliers.update(cost, LIMIT, SCALE)
        cost = cost + 0.1 * (3.0 - lam - cost)
    assert multipliers.values[0] == pytest.approx(2.0, abs=0.05)
    assert cost[0] == pytest.approx(1.0, abs=0.05)


def test_a_kept_limit_costs_nothing():
    multipliers = DampedMultipliers(1, MultiplierConfig())
    for _ in range(20):
        multipliers.update(np.array([0.2]), LIMIT, SCALE)
    assert multipliers.values.tolist() == [0.0]


def test_multipliers_scale_with_the_units_of_reward_and_cost():
    plain, other = (DampedMultipliers(1, MultiplierConfig()) for _ in range(2))
    for _ in range(5):
        plain.update(np.array([2.0]), LIMIT, SCALE)
        other.update(np.array([200.0]), 100 * LIMIT, 1_000 * SCALE)
    assert np.allclose(1_000 * plain.values, other.values)


def test_an_infeasible_limit_drives_the_multiplier_to_its_cap_and_says_so():
    multipliers = DampedMultipliers(1, MultiplierConfig(cap=5.0))
    for _ in range(200):
        multipliers.update(np.array([3.0]), LIMIT, SCALE)
    assert multipliers.at_cap
    assert multipliers.values.tolist() == [5.0]


def test_a_limit_of_zero_still_gives_finite_multipliers():
    multipliers = DampedMultipliers(1, MultiplierConfig())
    for _ in range(5):
        values = multipliers.update(np.array([0.3]), np.zeros(1), SCALE)
    assert np.isfinite(values).all()
    assert values[0] > 0


def test_kappa_starts_at_three_times_the_first_guess_and_follows_the_estimate():
    penalty = AdaptivePenalty(1, PenaltyConfig())
    calm = np.array([False])
    assert penalty.begin(2 * SCALE, violated=calm).tolist() == [6.0]
    for _ in range(200):  # a gate that is open so that κ · share is always 0.5
        penalty.end(np.minimum(0.5 / penalty.kappa, 1.0))
        penalty.begin(2 * SCALE, violated=calm)
    assert penalty.kappa[0] == pytest.approx(2 * 0.5, abs=0.01)


def test_kappa_grows_while_a_limit_is_broken_until_its_cap():
    penalty = AdaptivePenalty(1, PenaltyConfig(cap=20.0))
    broken = np.array([True])
    found = []
    for _ in range(8):
        found.append(float(penalty.begin(SCALE, violated=broken)[0]))
        penalty.end(np.zeros(1))
    assert found[:3] == pytest.approx([3.0, 4.5, 6.75])
    assert found[-1] == 20.0
    assert penalty.at_cap


def test_states_come_back():
    first = AdaptivePenalty(2, PenaltyConfig())
    first.begin(np.ones(2), violated=np.array([True, False]))
    first.end(np.array([0.3, 0.1]))
    second = AdaptivePenalty(2, PenaltyConfig())
    second.load_state(first.state())
    assert second.state() == first.state()


def test_the_trade_off_scale_is_the_ratio_of_deviations():
    assert trade_off_scale(np.array([2.0, 4.0, 0.5])) == pytest.approx([0.5, 4.0], rel=1e-4)


def test_the_duality_gap_is_zero_where_slackness_is_complementary():
    rewards, lam = [1.0, 1.0], [np.array([0.5])] * 2
    assert duality_gap(rewards, [LIMIT, LIMIT], lam, LIMIT) == pytest.approx(0.0)
    # an oscillating run: the mixture keeps the limit, single iterates gain nothing against λ
    costs = [np.array([0.0]), np.array([2.0])]
    assert duality_gap([0.5, 1.5], costs, lam, LIMIT) == pytest.approx(0.0)
    # unused budget that λ says is worth something
    assert duality_gap([1.0], [np.array([0.4])], lam[:1], LIMIT) == pytest.approx(0.3)
    assert np.isnan(duality_gap([], [], [], LIMIT))


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigurationError):
        MultiplierConfig(cap=0.0)
    with pytest.raises(ConfigurationError):
        PenaltyConfig(ratio=0.9)
