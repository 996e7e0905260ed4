"""The average over templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import TypeAlias

from evaluation.grouping import by_template
from evaluation.records import EpisodeRecord

__all__ = ["Metric", "macro_average"]

Metric: TypeAlias = Callable[[Sequence[EpisodeRecord]], float | None]
"""From episodes to a number; `None` where there is none."""


def macro_average(records: Sequence[EpisodeRecord], metric: Metric) -> float | None:
    """Returns the mean of a metric over templates, each with the same weight.

    Templates for which the metric is `None` are left out; `None` when all of them are.
    """
    found = (metric(group) for group in by_template(records).values())
    values = [value for value in found if value is not None]
    return fmean(values) if values else None
