"""Money as a share of the budget."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from evaluation.records import EpisodeRecord

__all__ = ["cost_share"]


def cost_share(records: Sequence[EpisodeRecord]) -> float | None:
    """Returns the mean of cost / B: the mean of the episodes' shares, not the share of the sums.

    This is the cost that learners constrain. `None` without episodes.
    """
    return fmean(one.cost / one.budget for one in records) if records else None
