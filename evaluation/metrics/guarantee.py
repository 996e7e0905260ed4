"""The chance constraint on money."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from evaluation.records import EpisodeRecord

__all__ = ["SLACK_PERCENT", "guarantee_rate", "holds"]

SLACK_PERCENT = 105
"""An episode keeps its budget when it costs at most this share of it."""


def guarantee_rate(records: Sequence[EpisodeRecord]) -> float | None:
    """Returns P(cost ≤ 1.05 B), the share of episodes that keep their budget.

    Every episode counts, whatever the judge says of it. It says something about a policy only
    where the ledger did not refuse (`enforcement=observe`). `None` without episodes.
    """
    return fmean(holds(one) for one in records) if records else None


def holds(record: EpisodeRecord) -> bool:
    """Returns whether an episode kept its budget; in integers, so that the border is exact."""
    return 100 * record.cost <= SLACK_PERCENT * record.budget
