"""Means by group and the intervals that stand beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.seeding import generator

__all__ = ["cluster_interval", "macro", "mean", "wilson"]


def wilson(successes: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Returns the Wilson score interval of a share.

    Args:
        successes: How many of `n`; may be a macro-averaged share times `n`.
        n: Trials; 0 gives the whole range.
        z: Normal quantile, 1.96 for 95 %.
    """
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    bound = 1 + z * z / n
    return max(0.0, (centre - spread) / bound), min(1.0, (centre + spread) / bound)


def cluster_interval(
    groups: Sequence[Sequence[float]], *, draws: int = 2_000, seed: int = 0
) -> tuple[float, float]:
    """Returns the 95 % percentile interval of the macro-average over redrawn groups."""
    means = [mean(group) for group in groups]
    rng = generator(seed, "cluster interval")
    drawn = sorted(mean(rng.choices(means, k=len(means))) for _ in range(draws))
    return drawn[int(0.025 * draws)], drawn[int(0.975 * draws) - 1]


def macro(groups: Sequence[Sequence[float]]) -> float:
    """Returns the mean of the groups' means; 0 without groups."""
    return mean([mean(group) for group in groups])


def mean(values: Sequence[float]) -> float:
    """Returns the mean, 0 of nothing."""
    return sum(values) / len(values) if values else 0.0
