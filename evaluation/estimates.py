"""A metric with its interval beside it.

All intervals are of 95 % and redraw templates (`cluster_interval`), since episodes of one template
are alike. With a single template they are of its episodes. They do not say what another training
run would give: `evaluation.curves` does.

A lower 95 % bound is the lower end of the two-sided interval, the stricter of two readings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from evaluation.grouping import by_template, decided
from evaluation.intervals import Interval, bca, cluster_interval, exact
from evaluation.metrics import (
    Metric,
    guarantee_rate,
    macro_average,
    violations_per_episode,
)
from evaluation.metrics import cost_per_success as _cost_per_success
from evaluation.records import EpisodeRecord

__all__ = [
    "Estimate",
    "cost_per_success_estimate",
    "guarantee_estimate",
    "mean_estimate",
    "share_estimate",
    "violations_estimate",
]


class Estimate(NamedTuple):
    """A number, how sure it is, and what it rests on."""

    value: float
    low: float
    high: float
    n: int
    """Episodes that count."""
    templates: int
    seeds: int
    """Training runs, a policy without one counting as one."""


def share_estimate(
    records: Sequence[EpisodeRecord], metric: Metric, *, macro: bool = True, seed: int = 0
) -> Estimate | None:
    """Estimates a metric that is a share of episodes, such as a success.

    The interval spans two: redrawn templates, which knows that episodes are alike and has no width
    where all is well, and the exact interval of `n` trials, which is the other way round.

    Args:
        records: Of one arm.
        metric: One that is 0 or 1 for a single episode.
        macro: Whether templates weigh alike; otherwise episodes do.
        seed: Of the bootstrap.

    Returns:
        The estimate; `None` when no episode counts.
    """
    counted, value = _counted(records, metric), _value(records, metric, macro=macro)
    if value is None:
        return None
    n = len(counted)
    ends = exact(round(value * n), n)
    clustered = _clustered(counted, metric, macro=macro, seed=seed)
    if clustered is not None:
        ends = Interval(min(ends.low, clustered.low), max(ends.high, clustered.high))
    return _estimate(value, ends, counted)


def guarantee_estimate(records: Sequence[EpisodeRecord], *, seed: int = 0) -> Estimate | None:
    """Estimates P(cost ≤ 1.05 B) over episodes; `None` without episodes.

    The claim that it is at least 0.95 rests on `low`.
    """
    return share_estimate(records, guarantee_rate, macro=False, seed=seed)


def mean_estimate(
    records: Sequence[EpisodeRecord], metric: Metric, *, macro: bool = False, seed: int = 0
) -> Estimate | None:
    """Estimates a metric that is a mean over episodes, such as `cost` or `cost_share`.

    Args:
        records: Of one arm.
        metric: A mean over episodes.
        macro: Whether templates weigh alike; otherwise episodes do.
        seed: Of the bootstrap.

    Returns:
        The estimate; `None` when no episode counts. Of equal values it has no width.
    """
    counted, value = _counted(records, metric), _value(records, metric, macro=macro)
    if value is None:
        return None
    ends = _clustered(counted, metric, macro=macro, seed=seed)
    return _estimate(value, ends or bca(_each(counted, metric), seed=seed), counted)


def violations_estimate(records: Sequence[EpisodeRecord], *, seed: int = 0) -> Estimate | None:
    """Estimates violations per episode; `None` without episodes.

    The upper end is at least that of the share of episodes with a violation, by the exact
    interval: none seen in 300 episodes proves no more than 0.0122.
    """
    found = mean_estimate(records, violations_per_episode, seed=seed)
    if found is None:
        return None
    broken = exact(sum(one.violations > 0 for one in records), len(records))
    return found._replace(high=max(found.high, broken.high))


def cost_per_success_estimate(
    records: Sequence[EpisodeRecord], *, seed: int = 0
) -> Estimate | None:
    """Estimates micro-dollars per strict success; `None` without a success.

    The upper end is infinite where redrawn templates may hold no success at all, and both ends
    are the value with a single template.
    """
    counted = decided(records)
    value = _cost_per_success(counted)
    if value is None:
        return None
    groups = by_template(counted).values()
    costs = [float(sum(one.cost for one in group)) for group in groups]
    successes = [float(sum(one.strict is True for one in group)) for group in groups]
    ends = cluster_interval(costs, successes, seed=seed)
    return _estimate(value, ends or Interval(value, value), counted)


def _counted(records: Sequence[EpisodeRecord], metric: Metric) -> list[EpisodeRecord]:
    return [one for one in records if metric([one]) is not None]


def _value(records: Sequence[EpisodeRecord], metric: Metric, *, macro: bool) -> float | None:
    return macro_average(records, metric) if macro else metric(records)


def _each(counted: Sequence[EpisodeRecord], metric: Metric) -> list[float]:
    return [value for one in counted if (value := metric([one])) is not None]


def _clustered(
    counted: Sequence[EpisodeRecord], metric: Metric, *, macro: bool, seed: int
) -> Interval | None:
    sums, sizes = [], []
    for group in by_template(counted).values():
        values = _each(group, metric)
        sums.append(sum(values))
        sizes.append(float(len(values)))
    if not macro:
        return cluster_interval(sums, sizes, seed=seed)
    means = [total / size for total, size in zip(sums, sizes, strict=True)]
    return cluster_interval(means, seed=seed)


def _estimate(value: float, ends: Interval, counted: Sequence[EpisodeRecord]) -> Estimate:
    return Estimate(
        value=value,
        low=ends.low,
        high=ends.high,
        n=len(counted),
        templates=len(by_template(counted)),
        seeds=len({one.seed for one in counted}),
    )
