"""Strict success."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from evaluation.grouping import decided
from evaluation.records import EpisodeRecord

__all__ = ["strict_success"]


def strict_success(records: Sequence[EpisodeRecord]) -> float | None:
    """Returns the share of decided episodes whose answer and final state are exactly right.

    `None` without such episodes.
    """
    counted = decided(records)
    return fmean(one.strict is True for one in counted) if counted else None
