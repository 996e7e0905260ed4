"""Two arms on identical instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from scipy.stats import binomtest

from core.errors import RecordError
from evaluation.intervals.interval import Interval, finite
from evaluation.intervals.means import bca

__all__ = ["SignTest", "paired_interval", "sign_test"]


class SignTest(NamedTuple):
    """How often each of two arms is ahead."""

    higher: int
    """Pairs in which the second is higher."""
    lower: int
    p_value: float
    """Two-sided and exact; 1 when no pair differs."""


def paired_interval(
    first: Sequence[float],
    second: Sequence[float],
    *,
    level: float = 0.95,
    draws: int = 9_999,
    seed: int = 0,
) -> Interval:
    """Returns the BCa interval of the mean of second - first; pairs are redrawn.

    Raises:
        RecordError: Lengths that differ, no pairs, or a number that is not finite.
    """
    return bca(_differences(first, second), level=level, draws=draws, seed=seed)


def sign_test(first: Sequence[float], second: Sequence[float]) -> SignTest:
    """Tests whether one arm is ahead as often as the other.

    Of outcomes 0 and 1 this is McNemar's exact test: pairs that agree say nothing, and those
    that differ are tosses of a fair coin if both arms are alike.

    Raises:
        RecordError: Lengths that differ, no pairs, or a number that is not finite.
    """
    differences = _differences(first, second)
    higher = sum(one > 0 for one in differences)
    lower = sum(one < 0 for one in differences)
    if higher + lower == 0:
        return SignTest(0, 0, 1.0)
    return SignTest(higher, lower, float(binomtest(higher, higher + lower).pvalue))


def _differences(first: Sequence[float], second: Sequence[float]) -> list[float]:
    if len(first) != len(second):
        raise RecordError(f"{len(first)} and {len(second)} values are not pairs")
    differences = finite(second, "pairs") - finite(first, "pairs")
    return [float(one) for one in differences]
