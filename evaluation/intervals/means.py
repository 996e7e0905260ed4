"""The interval of a mean of independent values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import bootstrap

from core.seeding import derive_seed
from evaluation.intervals.interval import Interval, checked_level, finite

__all__ = ["bca"]


def bca(
    values: Sequence[float], *, level: float = 0.95, draws: int = 9_999, seed: int = 0
) -> Interval:
    """Returns the bias-corrected and accelerated bootstrap interval of the mean (Efron, 1987).

    Equal values, and a single one, give themselves at both ends.

    Args:
        values: Of independent episodes.
        level: Two-sided.
        draws: Resamples.
        seed: The same seed gives the same interval.

    Raises:
        RecordError: No values, or one that is not finite.
    """
    array = finite(values, "values")
    checked_level(level)
    if np.all(array == array[0]):
        return Interval(float(array[0]), float(array[0]))
    found = bootstrap(
        (array,),
        np.mean,
        confidence_level=level,
        n_resamples=draws,
        method="BCa",
        batch=max(1, 1_000_000 // array.size),
        rng=np.random.default_rng(derive_seed(seed, "bca")),
    ).confidence_interval
    return Interval(float(found.low), float(found.high))
