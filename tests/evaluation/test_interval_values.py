"""Intervals against published values, scipy's own distributions, and simulation."""

import math

import numpy as np
import pytest
from scipy.stats import beta

from core.errors import RecordError
from evaluation.intervals import (
    Resampling,
    bca,
    cluster_interval,
    exact,
    iqm,
    paired_interval,
    run_interval,
    run_mean,
    sign_test,
    wilson,
)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(0, 10, 0.0, 0.27753), (10, 10, 0.72247, 1.0), (81, 263, 0.25529, 0.36620)],
)
def test_wilson_agrees_with_published_values(k, n, low, high):
    """81 of 263: Newcombe (1998), table I, method 3; the others by hand from the formula."""
    assert wilson(k, n) == pytest.approx((low, high), abs=6e-5)


def test_nothing_in_three_hundred_proves_no_less_than_one_percent():
    z = 1.959964
    assert wilson(0, 300) == pytest.approx((0.0, z * z / (300 + z * z)), abs=1e-6)
    assert exact(0, 300) == pytest.approx((0.0, 1 - 0.025 ** (1 / 300)), abs=1e-9)


@pytest.mark.parametrize(("k", "n"), [(1, 7), (95, 100), (499, 1_000)])
def test_the_exact_interval_is_that_of_the_beta_distribution(k, n):
    wanted = beta.ppf(0.025, k, n - k + 1), beta.ppf(0.975, k + 1, n - k)
    assert exact(k, n) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("interval", [wilson, exact])
def test_no_trials_may_have_any_share(interval):
    assert interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3), (1.5, 3)])
def test_what_is_no_share_is_refused(k, n):
    with pytest.raises(RecordError, match=f"{k} successes of {n}"):
        wilson(k, n)


def test_a_bootstrap_of_equal_values_has_no_width():
    assert bca([0.4] * 9) == (0.4, 0.4)
    assert cluster_interval([0.5, 0.5, 0.5]) == (0.5, 0.5)
    assert run_interval(np.full((5, 4), 0.25)) == (0.25, 0.25)
    assert paired_interval([1.0, 2.0], [3.0, 4.0]) == (2.0, 2.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_number_that_is_none_is_refused_by_every_interval(bad):
    with pytest.raises(RecordError, match="1 of 2 values are not finite"):
        bca([1.0, bad])
    with pytest.raises(RecordError, match="templates are not finite"):
        cluster_interval([1.0, bad])
    with pytest.raises(RecordError, match="scores are not finite"):
        run_interval(np.array([[1.0], [bad]]))
    with pytest.raises(RecordError, match="pairs are not finite"):
        sign_test([1.0, bad], [1.0, 1.0])


def test_nothing_has_no_interval():
    with pytest.raises(RecordError, match="no values"):
        bca([])
    with pytest.raises(RecordError, match="no templates"):
        cluster_interval([])
    with pytest.raises(RecordError, match="no scores"):
        run_interval(np.empty((0, 3)))


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_is_a_share(level):
    with pytest.raises(RecordError, match="confidence level"):
        bca([1.0, 2.0], level=level)


def test_one_template_or_one_run_says_nothing_about_others():
    assert cluster_interval([0.5]) is None
    assert run_interval(np.ones((1, 7))) is None


def test_the_same_seed_gives_the_same_interval_and_another_one_does_not():
    values = list(np.random.default_rng(0).normal(size=40))
    assert bca(values, seed=3) == bca(values, seed=3)
    assert bca(values, seed=3) != bca(values, seed=4)
    assert cluster_interval(values, seed=3) == cluster_interval(values, seed=3)
    assert cluster_interval(values, seed=3) != cluster_interval(values, seed=4)


def test_many_independent_templates_give_the_normal_interval():
    values = [float(place % 2) for place in range(500)]
    half = 1.96 * 0.5 / math.sqrt(500)
    assert cluster_interval(values) == pytest.approx((0.5 - half, 0.5 + half), abs=0.006)
    assert bca(values) == pytest.approx((0.5 - half, 0.5 + half), abs=0.006)


def test_a_pooled_interval_weighs_templates_by_their_episodes():
    found = cluster_interval([0.0] * 20 + [1_000.0] * 20, [1.0] * 20 + [1_000.0] * 20)
    assert found.low > 0.99


def test_a_ratio_without_any_denominator_is_infinite_and_no_nan():
    found = cluster_interval([5.0, 7.0], [0.0, 1.0])
    assert found.high == math.inf
    assert not math.isnan(found.low)
    with pytest.raises(RecordError, match="do not go with"):
        cluster_interval([5.0, 7.0], [0.0, 0.0])


def test_redrawing_templates_covers_a_macro_average_as_often_as_it_says():
    """Beta-binomial: 20 templates of their own difficulty, 20 episodes each, 400 experiments.

    Plain percentiles cover 92 % here; two standard errors of the simulation are 2.2 %.
    """
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(400):
        means = rng.binomial(20, rng.beta(8, 2, size=20)) / 20
        low, high = cluster_interval(means, draws=1_000, seed=int(rng.integers(1 << 30)))
        hits += low <= 0.8 <= high
    assert 0.928 <= hits / 400 <= 0.985


def test_the_interquartile_mean_is_the_mean_of_the_middle_half():
    scores = np.array([[0.0, 10.0, 2.0, 4.0], [3.0, 5.0, -100.0, 100.0]])
    assert iqm(scores) == pytest.approx((2.0 + 3.0 + 4.0 + 5.0) / 4)
    stacked = np.stack([scores, scores + 1])
    assert iqm(stacked) == pytest.approx([3.5, 4.5])
    assert run_mean(stacked) == pytest.approx([3.0, 4.0])


def test_a_run_that_went_wrong_widens_the_interval_of_runs_more_than_that_of_cells():
    rng = np.random.default_rng(5)
    scores = np.array([0.9, 0.9, 0.9, 0.9, 0.3])[:, None] + rng.normal(0, 0.01, size=(5, 20))
    runs = run_interval(scores, run_mean)
    cells = run_interval(scores, run_mean, resampling=Resampling.CELLS)
    assert runs.high - runs.low > 2 * (cells.high - cells.low)
    assert runs.low < 0.6


def test_redrawing_runs_covers_where_redrawing_cells_does_not():
    """Ten runs that differ on all templates alike: a policy is good or bad as a whole."""
    rng = np.random.default_rng(6)
    hits = dict.fromkeys(Resampling, 0)
    for _ in range(150):
        scores = 0.5 + rng.normal(0, 0.08, size=(10, 1)) + rng.normal(0, 0.08, size=(10, 12))
        for resampling in Resampling:
            low, high = run_interval(scores, resampling=resampling, draws=500)
            hits[resampling] += low <= 0.5 <= high
    assert hits[Resampling.RUNS] / 150 >= 0.9
    assert hits[Resampling.CELLS] / 150 <= 0.85


def test_mcnemars_test_counts_only_the_pairs_that_differ():
    first = [1.0] * 50 + [0.0] * 8 + [1.0] * 1
    second = [1.0] * 50 + [1.0] * 8 + [0.0] * 1
    found = sign_test(first, second)
    assert (found.higher, found.lower) == (8, 1)
    assert found.p_value == pytest.approx(2 * (1 + 9) / 2**9)
    assert sign_test([1.0], [1.0]) == (0, 0, 1.0)


def test_lists_of_different_length_are_no_pairs():
    with pytest.raises(RecordError, match="2 and 1 values"):
        paired_interval([1.0, 2.0], [1.0])
