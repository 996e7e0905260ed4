import pytest

from evaluation.metrics import (
    clean_success,
    cost,
    cost_per_success,
    cost_share,
    guarantee_rate,
    macro_average,
    strict_success,
    success,
    violations_per_episode,
)

METRICS = (
    clean_success,
    cost,
    cost_per_success,
    cost_share,
    guarantee_rate,
    strict_success,
    success,
    violations_per_episode,
)


@pytest.mark.parametrize("metric", METRICS)
def test_the_metric_of_no_episodes_is_not_known(metric):
    assert metric([]) is None
    assert macro_average([], metric) is None


def test_official_and_strict_success_are_never_mixed(make):
    records = [make(official=1.0, strict=False), make(official=0.0, strict=False), make()]
    assert success(records) == pytest.approx(2 / 3)
    assert strict_success(records) == pytest.approx(1 / 3)


def test_a_success_with_a_violation_is_not_clean(make):
    records = [make(), make(violations=1), make(strict=False), make(violations=2)]
    assert strict_success(records) == 0.75
    assert clean_success(records) == 0.25
    assert violations_per_episode(records) == 0.75


def test_an_undecided_episode_counts_in_no_success_and_in_every_cost(make):
    records = [make(), make(official=None, strict=None, cost=2_000, violations=1)]
    assert success(records) == strict_success(records) == clean_success(records) == 1.0
    assert cost(records) == 1_250
    assert guarantee_rate(records) == 0.5
    assert violations_per_episode(records) == 0.5
    assert cost_per_success(records) == 500


def test_the_guarantee_holds_at_exactly_one_and_a_twentieth_of_the_budget(make):
    assert guarantee_rate([make(cost=1_050)]) == 1.0
    assert guarantee_rate([make(cost=1_051)]) == 0.0
    assert guarantee_rate([make(cost=21, budget=20), make(cost=22, budget=20)]) == 0.5


def test_a_cost_share_is_the_mean_of_shares_and_not_the_share_of_sums(make):
    assert cost_share([make(cost=100, budget=100), make(cost=0, budget=900)]) == 0.5


def test_failures_are_paid_for_by_successes(make):
    assert cost_per_success([make(cost=300), make(cost=700, strict=False)]) == 1_000
    assert cost_per_success([make(strict=False)]) is None


def test_a_macro_average_weighs_templates_alike(make):
    records = [make("a") for _ in range(9)] + [make("b", strict=False)]
    assert macro_average(records, strict_success) == 0.5
    assert strict_success(records) == 0.9


def test_a_macro_average_leaves_out_templates_that_have_no_value(make):
    records = [make("a", cost=300), make("b", strict=False)]
    assert macro_average(records, cost_per_success) == 300
