import math

import numpy as np
import pytest

from core.errors import RecordError
from evaluation.comparisons import compare
from evaluation.estimates import (
    cost_per_success_estimate,
    guarantee_estimate,
    mean_estimate,
    share_estimate,
    violations_estimate,
)
from evaluation.intervals import exact
from evaluation.metrics import cost, strict_success
from evaluation.outcomes import summary_row


def test_no_episodes_have_no_estimate(make):
    assert share_estimate([], strict_success) is None
    assert share_estimate([make(strict=None)], strict_success) is None
    assert mean_estimate([], cost) is None
    assert violations_estimate([]) is None
    assert guarantee_estimate([]) is None
    assert cost_per_success_estimate([make(strict=False)]) is None
    with pytest.raises(RecordError, match="no episodes"):
        summary_row([])


def test_all_is_well_in_every_template_is_no_proof(make):
    records = [make(template) for template in "abcdef" for _ in range(50)]
    found = guarantee_estimate(records)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(exact(300, 300).low)
    assert (found.n, found.templates, found.seeds) == (300, 6, 1)
    assert violations_estimate(records)[:3] == pytest.approx((0.0, 0.0, exact(0, 300).high))


def test_a_lower_bound_is_lower_when_the_breaks_are_in_one_template(make):
    spread = [make(t, cost=9_999 if n == 0 else 1) for t in "abcdefghij" for n in range(50)]
    piled = [make(t, cost=9_999 if t == "a" and n < 10 else 1) for t in "abcdefghij"
             for n in range(50)]  # fmt: skip
    assert guarantee_estimate(spread).value == guarantee_estimate(piled).value == 0.98
    assert guarantee_estimate(piled).low < guarantee_estimate(spread).low - 0.02


def test_a_single_template_has_the_interval_of_its_episodes(make):
    records = [make(strict=number < 8) for number in range(10)]
    assert share_estimate(records, strict_success)[:3] == pytest.approx((0.8, *exact(8, 10)))
    priced = [make(cost=100 * number) for number in range(10)]
    found = mean_estimate(priced, cost)
    assert found.low < found.value == 450 < found.high


def test_the_lower_bound_of_a_guarantee_is_rarely_too_high(make):
    """Beta-binomial with P = 0.95: 26 templates, 20 episodes each; it may fail in 1 of 40."""
    rng = np.random.default_rng(8)
    wrong = 0
    for _ in range(60):
        kept = rng.binomial(20, rng.beta(38, 2, size=26))
        records = [
            make(str(template), cost=1 if number < kept[template] else 5_000)
            for template in range(26)
            for number in range(20)
        ]
        wrong += guarantee_estimate(records).low > 0.95
    assert wrong <= 5


def test_a_price_that_redrawn_templates_may_not_know_has_no_upper_end(make):
    records = [make("a", cost=100), make("b", strict=False), make("c", strict=False)]
    found = cost_per_success_estimate(records)
    assert found.value == 1_100
    assert found.high == math.inf


def test_a_summary_row_spans_what_its_templates_and_its_episodes_say(make):
    records = [make(template, strict=template != "c") for template in "abcd" for _ in range(5)]
    row = summary_row([*records, make("a", strict=None, official=None)])
    assert (row.templates, row.n, row.undecided, row.strict) == (4, 21, 1, 0.75)
    assert row.clustered.low < row.interval.low < 0.75 < row.interval.high < row.clustered.high
    assert row.guarantee == 1.0


def test_two_arms_are_compared_instance_by_instance(make):
    first = [make(t, key=f"{t}{n}", strict=n > 4) for t in "abcd" for n in range(10)]
    second = [make(t, key=f"{t}{n}", strict=n > 2) for t in "abcd" for n in range(10)]
    found = compare(first, second[::-1], strict_success)
    assert (found.n, found.templates) == (40, 4)
    assert (found.first, found.second) == (0.5, 0.7)
    assert found.difference == pytest.approx(0.2)
    assert found.interval.low > 0
    assert found.clustered == pytest.approx((0.2, 0.2))
    assert (found.test.higher, found.test.lower) == (8, 0)
    assert found.test.p_value == pytest.approx(2 / 2**8)


def test_pairing_is_more_certain_than_two_separate_means(make):
    rng = np.random.default_rng(2)
    prices = rng.integers(100, 2_000, size=60)
    first = [make(str(n % 6), key=str(n), cost=int(price)) for n, price in enumerate(prices)]
    second = [make(str(n % 6), key=str(n), cost=int(price) + 50) for n, price in enumerate(prices)]
    assert compare(first, second, cost).interval == pytest.approx((50, 50))


def test_an_undecided_pair_is_left_out_and_counted(make):
    first = [make(key="1"), make(key="2", strict=None)]
    second = [make(key="1", strict=False), make(key="2")]
    found = compare(first, second, strict_success)
    assert (found.n, found.undecided, found.difference) == (1, 1, -1.0)
    with pytest.raises(RecordError, match="no pair counts; 1"):
        compare(first[1:], second[1:], strict_success)


def test_arms_on_other_instances_cannot_be_compared(make):
    with pytest.raises(RecordError, match="2 instances are in one arm only"):
        compare([make(key="1")], [make(key="2")], cost)
    with pytest.raises(RecordError, match="in one arm only"):
        compare([make(key="1", seed=0)], [make(key="1", seed=1)], cost)
    with pytest.raises(RecordError, match="'1', seed None, is twice"):
        compare([make(key="1"), make(key="1")], [make(key="1")], cost)
