"""Money of an episode."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from evaluation.records import EpisodeRecord

__all__ = ["cost"]


def cost(records: Sequence[EpisodeRecord]) -> float | None:
    """Returns the mean cost of an episode in micro-dollars; `None` without episodes."""
    return fmean(one.cost for one in records) if records else None
