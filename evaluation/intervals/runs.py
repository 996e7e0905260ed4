"""Numbers over training runs x templates.

Legend: R resamples, S training runs (seeds), T templates.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from scipy.stats import trim_mean

from core.errors import RecordError
from core.seeding import derive_seed
from evaluation.intervals.interval import Array, Interval, checked_level, finite
from evaluation.intervals.percentiles import expanded_percentiles

__all__ = ["Resampling", "Statistic", "iqm", "run_interval", "run_mean"]

Statistic: TypeAlias = Callable[[Array], Array]
"""From scores [..., S, T] to numbers [...]."""


class Resampling(StrEnum):
    """What a resample takes together."""

    RUNS = "runs"
    """A run with all of its templates. One policy is tried on all templates, so a run that went
    wrong is low on all of them, and cells of one run are not independent."""
    CELLS = "cells"
    """For each template its own draw of runs, the stratified bootstrap of Agarwal et al. (2021),
    made for benchmarks where every cell is a training of its own."""


def iqm(scores: Array) -> Array:
    """Returns the interquartile mean: the mean of the middle half of all S x T scores.

    Agarwal et al. (2021), "Deep reinforcement learning at the edge of the statistical precipice".
    It cuts off the worst quarter: right for a score, wrong for a limit that is to be kept.

    Args:
        scores: [..., S, T].
    """
    flat = scores.reshape(*scores.shape[:-2], -1)
    return np.asarray(trim_mean(flat, 0.25, axis=-1), dtype=np.float64)


def run_mean(scores: Array) -> Array:
    """Returns the mean of all S x T scores [..., S, T]."""
    return np.asarray(scores.mean(axis=(-2, -1)), dtype=np.float64)


def run_interval(
    scores: Array,
    statistic: Statistic = iqm,
    *,
    resampling: Resampling = Resampling.RUNS,
    level: float = 0.95,
    draws: int = 4_000,
    seed: int = 0,
) -> Interval | None:
    """Returns the bootstrap interval of a statistic over runs x templates; templates are fixed.

    Args:
        scores: [S, T], a mean over the episodes of each cell.
        statistic: `iqm` or `run_mean`.
        resampling: What is redrawn together.
        level: Two-sided.
        draws: Resamples R.
        seed: The same seed gives the same interval.

    Returns:
        The interval; `None` with a single run, which says nothing about others.

    Raises:
        RecordError: The scores are no matrix, empty, or one of them is not finite.
    """
    array = finite(scores, "scores")
    checked_level(level)
    if array.ndim != 2:
        raise RecordError(f"scores are a matrix of runs x templates, not of shape {array.shape}")
    runs, templates = array.shape
    if runs == 1:
        return None
    rng = np.random.default_rng(derive_seed(seed, "run interval", resampling.value))
    drawn: list[Array] = []
    for size in _batches(draws, array.size):
        if resampling is Resampling.RUNS:
            sample = array[rng.integers(0, runs, size=(size, runs))]  # [R, S, T]
        else:
            picked = rng.integers(0, runs, size=(size, runs, templates))
            sample = array[picked, np.arange(templates)]  # [R, S, T]
        drawn.append(statistic(sample))
    return expanded_percentiles(np.concatenate(drawn), runs, level)


def _batches(draws: int, cells: int) -> list[int]:
    """Returns sizes that add up to `draws`, each of about a million numbers."""
    size = max(1, 1_000_000 // cells)
    return [min(size, draws - start) for start in range(0, draws, size)]
