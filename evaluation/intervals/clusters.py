"""The interval of a number over templates whose episodes are alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import RecordError
from core.seeding import derive_seed
from evaluation.intervals.interval import Array, Interval, checked_level, finite
from evaluation.intervals.percentiles import expanded_percentiles

__all__ = ["cluster_interval"]


def cluster_interval(
    numerators: Sequence[float],
    denominators: Sequence[float] | None = None,
    *,
    level: float = 0.95,
    draws: int = 4_000,
    seed: int = 0,
) -> Interval | None:
    """Returns the bootstrap interval of sum(numerators) / sum(denominators) over templates.

    Templates are redrawn and their episodes kept, so it says how much would change with other
    templates of the same kind. Of equal ratios it has no width.

    Args:
        numerators: One for each template. For a macro-average the template's mean, for a pooled
            mean its sum.
        denominators: `None`: all 1, a macro-average. For a pooled mean the number of episodes.
        level: Two-sided.
        draws: Resamples.
        seed: The same seed gives the same interval.

    Returns:
        The interval; an end is infinite where resamples without any denominator reach it, and
        `None` with a single template, which says nothing about others.

    Raises:
        RecordError: No templates, lengths that differ, a number that is not finite, or no
            positive denominator.
    """
    above = finite(numerators, "templates")
    below = np.ones_like(above) if denominators is None else finite(denominators, "templates")
    checked_level(level)
    if above.shape != below.shape or below.min() < 0 or below.max() == 0:
        raise RecordError(f"{above.size} numerators do not go with {below.size} denominators")
    if above.size == 1:
        return None
    rng = np.random.default_rng(derive_seed(seed, "cluster interval"))
    picked = rng.integers(0, above.size, size=(draws, above.size))
    return expanded_percentiles(_ratios(above[picked], below[picked]), above.size, level)


def _ratios(above: Array, below: Array) -> Array:
    """Returns sums over the last axis by sums; infinite where there is nothing below."""
    sums = below.sum(axis=-1)
    ratios = np.full(sums.shape, np.inf)
    np.divide(above.sum(axis=-1), sums, out=ratios, where=sums > 0)
    return ratios
