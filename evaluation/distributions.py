"""How the money of episodes is distributed."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt
from typing import NamedTuple

import numpy as np
from scipy.stats import ecdf

from evaluation.intervals.interval import Array, checked_level, finite
from evaluation.records import EpisodeRecord

__all__ = ["Distribution", "cost_distribution"]


class Distribution(NamedTuple):
    """An empirical distribution function with a band that holds everywhere at once."""

    values: Array
    """[V]: different values, in order."""
    shares: Array
    """[V]: share of episodes at or below each value."""
    low: Array
    """[V]"""
    high: Array
    """[V]"""
    margin: float
    """Half the band's width before it is cut to [0, 1]."""
    n: int


def cost_distribution(records: Sequence[EpisodeRecord], *, level: float = 0.95) -> Distribution:
    """Returns the distribution of cost / B over episodes.

        margin = √(ln(2 / (1 - level)) / 2n)

    The band is that of Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990). It may be
    read at any point of the curve, after looking, which a pointwise interval may not; and it has
    a width where the curve reaches 1, where scipy's own is undefined. It takes episodes for
    independent; a claim about the budget rests on `guarantee_estimate`, which does not.

    Raises:
        RecordError: No episodes.
    """
    shares = finite([one.cost / one.budget for one in records], "costs")
    margin = sqrt(log(2 / (1 - checked_level(level))) / (2 * shares.size))
    curve = ecdf(shares).cdf
    heights = np.asarray(curve.probabilities, dtype=np.float64)
    return Distribution(
        values=np.asarray(curve.quantiles, dtype=np.float64),
        shares=heights,
        low=np.clip(heights - margin, 0.0, 1.0),
        high=np.clip(heights + margin, 0.0, 1.0),
        margin=margin,
        n=int(shares.size),
    )
