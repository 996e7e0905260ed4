"""Intervals of a share of independent trials."""

from __future__ import annotations

from typing import Literal

from scipy.stats import binomtest

from core.errors import RecordError
from evaluation.intervals.interval import Interval, checked_level

__all__ = ["exact", "wilson"]


def wilson(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """Returns Wilson's score interval: close to its level on average, may fall short of it.

    Args:
        successes: How many of `n`.
        n: Trials; 0 gives the whole range.
        level: Two-sided.

    Raises:
        RecordError: Not 0 ≤ successes ≤ n, or no whole numbers.
    """
    return _interval(successes, n, level, "wilson")


def exact(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """Returns Clopper and Pearson's interval: never below its level, wider than Wilson's.

    0 of 300 gives 0 to 0.0122: three hundred quiet episodes do not prove 1 %.

    Args:
        successes: How many of `n`.
        n: Trials; 0 gives the whole range.
        level: Two-sided.

    Raises:
        RecordError: Not 0 ≤ successes ≤ n, or no whole numbers.
    """
    return _interval(successes, n, level, "exact")


def _interval(successes: int, n: int, level: float, method: Literal["wilson", "exact"]) -> Interval:
    if successes != int(successes) or n != int(n) or not 0 <= successes <= n:
        raise RecordError(f"{successes} successes of {n} trials are not a share")
    checked_level(level)
    if n == 0:
        return Interval(0.0, 1.0)
    found = binomtest(int(successes), int(n)).proportion_ci(level, method=method)
    return Interval(float(found.low), float(found.high))
