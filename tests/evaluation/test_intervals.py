import math

import pytest

from evaluation.intervals import cluster_interval, macro, mean, wilson


def test_a_wilson_interval_holds_the_share_and_narrows_with_n():
    low, high = wilson(5, 10)
    assert low < 0.5 < high
    assert wilson(50, 100)[0] > low
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(0, 10, 0.0, 0.27753), (10, 10, 0.72247, 1.0), (81, 263, 0.25529, 0.36620)],
)
def test_wilson_agrees_with_published_values(k, n, low, high):
    """81 of 263: Newcombe (1998), table I, method 3; the others by hand from the formula."""
    found = wilson(k, n)
    assert found == pytest.approx((low, high), abs=6e-5)


def test_a_macro_average_weighs_groups_alike():
    assert macro([[1.0] * 9, [0.0]]) == 0.5
    assert macro([]) == 0.0
    assert mean([]) == 0.0


def test_redrawing_groups_covers_the_mean_about_as_often_as_it_says():
    """500 groups that are 0 or 1: the bootstrap's width is near the normal one."""
    groups = [[float(index % 2)] for index in range(500)]
    low, high = cluster_interval(groups)
    half = 1.96 * math.sqrt(0.25 / 500)
    assert low == pytest.approx(0.5 - half, abs=0.01)
    assert high == pytest.approx(0.5 + half, abs=0.01)
    assert cluster_interval(groups) == (low, high)
