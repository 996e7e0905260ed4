"""Breaches of policy."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from evaluation.records import EpisodeRecord

__all__ = ["violations_per_episode"]


def violations_per_episode(records: Sequence[EpisodeRecord]) -> float | None:
    """Returns the mean number of violations in an episode; may exceed 1.

    An undecided episode counts: its violations were seen all the same. `None` without episodes.
    """
    return fmean(one.violations for one in records) if records else None
