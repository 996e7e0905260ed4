"""Official success."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from evaluation.grouping import decided
from evaluation.records import EpisodeRecord

__all__ = ["success"]


def success(records: Sequence[EpisodeRecord]) -> float | None:
    """Returns the mean official score of the episodes that the judge could decide.

    The official score looks at requests and can be gamed; `strict_success` cannot in that way.
    `None` without such episodes.
    """
    scores = [one.official for one in decided(records) if one.official is not None]
    return fmean(scores) if scores else None
