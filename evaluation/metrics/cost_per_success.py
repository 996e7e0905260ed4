"""What a success costs, failures included."""

from __future__ import annotations

from collections.abc import Sequence

from evaluation.grouping import decided
from evaluation.records import EpisodeRecord

__all__ = ["cost_per_success"]


def cost_per_success(records: Sequence[EpisodeRecord]) -> float | None:
    """Returns all money of the decided episodes by the number of strict successes.

    In micro-dollars. `None` without episodes, and without a success: no amount has bought one, so
    the price is not known.
    """
    counted = decided(records)
    successes = sum(one.strict is True for one in counted)
    return sum(one.cost for one in counted) / successes if successes else None
