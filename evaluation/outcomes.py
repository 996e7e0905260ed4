"""Evaluated episodes with what people want to know of them, and their sums."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from core.errors import RecordError
from evaluation.estimates import share_estimate
from evaluation.grouping import by_template, decided
from evaluation.intervals import Interval, wilson
from evaluation.metrics import (
    cost,
    guarantee_rate,
    macro_average,
    strict_success,
    success,
    violations_per_episode,
)
from evaluation.records import EpisodeRecord

__all__ = ["Outcome", "SummaryRow", "summary_row"]


class Outcome(NamedTuple):
    """One judged episode, with texts for people."""

    record: EpisodeRecord
    intent: str
    note: str


class SummaryRow(NamedTuple):
    """One run in numbers; success is `None` when no episode was decided."""

    templates: int
    n: int
    undecided: int
    """Episodes that the judge could not decide; they count in no success."""
    strict: float | None
    """Macro-averaged by template."""
    interval: Interval
    """Wilson, 95 %, as if the macro-average were a share of n: templates are not independent."""
    clustered: Interval | None
    """Of `strict`, 95 %, templates redrawn and exact (`share_estimate`); `None` as `strict` is."""
    official: float | None
    """Macro-averaged by template."""
    steps: float
    micros: float
    """Micro-dollars settled for an episode."""
    guarantee: float
    """P(cost ≤ 1.05 B)."""
    replans: float
    violations: float


def summary_row(records: Sequence[EpisodeRecord]) -> SummaryRow:
    """Returns the averages of a run; success by template, the rest by episode.

    Raises:
        RecordError: There are no episodes.
    """
    if not records:
        raise RecordError("no episodes: nothing has no averages")
    counted = decided(records)
    estimate = share_estimate(counted, strict_success)
    strict = estimate.value if estimate else None
    return SummaryRow(
        templates=len(by_template(records)),
        n=len(records),
        undecided=len(records) - len(counted),
        strict=strict,
        interval=wilson(round((strict or 0.0) * len(counted)), len(counted)),
        clustered=Interval(estimate.low, estimate.high) if estimate else None,
        official=macro_average(counted, success),
        steps=fmean(one.steps for one in records),
        micros=cost(records) or 0.0,
        guarantee=guarantee_rate(records) or 0.0,
        replans=fmean(one.replans for one in records),
        violations=violations_per_episode(records) or 0.0,
    )
