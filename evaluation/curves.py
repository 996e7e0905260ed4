"""Learning curves: a metric against training, over runs and templates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.errors import RecordError
from evaluation.intervals import Interval, Resampling, iqm, run_interval
from evaluation.intervals.runs import Statistic
from evaluation.metrics import Metric
from evaluation.records import EpisodeRecord

__all__ = ["CurvePoint", "ScoreMatrix", "learning_curve", "score_matrix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreMatrix:
    """A metric of each training run on each template."""

    seeds: tuple[int | None, ...]
    templates: tuple[str, ...]
    scores: npt.NDArray[np.float64]
    """[S, T]: means over the episodes of a cell."""


class CurvePoint(NamedTuple):
    """One evaluation during training."""

    trained_steps: int
    """Environment steps."""
    value: float
    interval: Interval | None
    """95 %, runs redrawn; `None` with a single run."""
    seeds: int
    templates: int
    n: int
    """Episodes."""


def learning_curve(
    records: Sequence[EpisodeRecord],
    metric: Metric,
    statistic: Statistic = iqm,
    *,
    resampling: Resampling = Resampling.RUNS,
    seed: int = 0,
) -> list[CurvePoint]:
    """Returns one point for each number of training steps, in order.

    Take `iqm` for a score, `run_mean` for a cost: the interquartile mean cuts off those runs and
    templates that break a limit, and a limit is on the mean.

    Args:
        records: Of one algorithm; those without `trained_steps` are no part of its curve.
        metric: Of the episodes of one run and template.
        statistic: Over runs x templates.
        resampling: What is redrawn together.
        seed: Of the bootstrap.

    Raises:
        RecordError: At some point a run was not tried on a template that others were tried on.
    """
    points: dict[int, list[EpisodeRecord]] = defaultdict(list)
    for one in records:
        if one.trained_steps is not None:
            points[one.trained_steps].append(one)
    curve = []
    for steps, group in sorted(points.items()):
        matrix = score_matrix(group, metric)
        curve.append(
            CurvePoint(
                trained_steps=steps,
                value=float(statistic(matrix.scores)),
                interval=run_interval(matrix.scores, statistic, resampling=resampling, seed=seed),
                seeds=len(matrix.seeds),
                templates=len(matrix.templates),
                n=len(group),
            )
        )
    return curve


def score_matrix(records: Sequence[EpisodeRecord], metric: Metric) -> ScoreMatrix:
    """Returns a metric by training run and template.

    Raises:
        RecordError: There is no episode, or a cell whose metric is not known.
    """
    cells: dict[tuple[int | None, str], list[EpisodeRecord]] = defaultdict(list)
    for one in records:
        cells[one.seed, one.template].append(one)
    seeds = sorted({seed for seed, _ in cells}, key=lambda seed: (seed is not None, seed or 0))
    templates = sorted({template for _, template in cells})
    if not cells:
        raise RecordError("no episodes: nothing has no scores")
    scores = np.empty((len(seeds), len(templates)))
    for row, seed in enumerate(seeds):
        for column, template in enumerate(templates):
            value = metric(cells.get((seed, template), []))
            if value is None:
                raise RecordError(
                    f"seed {seed} has no episode that counts of template {template!r}, "
                    f"which is one of {len(templates)} that other runs have"
                )
            scores[row, column] = value
    return ScoreMatrix(seeds=tuple(seeds), templates=tuple(templates), scores=scores)
