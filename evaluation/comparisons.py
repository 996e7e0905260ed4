"""Two arms on the same instances, pair by pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from core.errors import RecordError
from evaluation.intervals import (
    Interval,
    SignTest,
    cluster_interval,
    paired_interval,
    sign_test,
)
from evaluation.metrics import Metric
from evaluation.records import EpisodeRecord

__all__ = ["Comparison", "compare"]


class Comparison(NamedTuple):
    """How a second arm differs from a first on identical instances."""

    n: int
    """Pairs that count."""
    templates: int
    undecided: int
    """Pairs left out because the metric is not known for one of them."""
    first: float
    second: float
    difference: float
    """Mean of second - first over pairs."""
    interval: Interval
    """95 %, paired BCa bootstrap, as if pairs were independent."""
    clustered: Interval | None
    """95 %, templates redrawn; `None` with a single template."""
    test: SignTest
    """McNemar's exact test where the metric is 0 or 1."""


class _Pair(NamedTuple):
    template: str
    first: float
    second: float


def compare(
    first: Sequence[EpisodeRecord],
    second: Sequence[EpisodeRecord],
    metric: Metric,
    *,
    seed: int = 0,
) -> Comparison:
    """Compares two arms; episodes with the same task and training seed are a pair.

    Args:
        first: The arm to compare with.
        second: The arm that is compared.
        metric: Of a single episode.
        seed: Of the bootstraps.

    Raises:
        RecordError: The arms do not hold the same instances, or one of them holds one twice, or
            no pair counts.
    """
    pairs, undecided = _pairs(first, second, metric)
    if not pairs:
        raise RecordError(f"no pair counts; {undecided} are undecided")
    ones, others = [one.first for one in pairs], [one.second for one in pairs]
    groups: dict[str, list[float]] = defaultdict(list)
    for one in pairs:
        groups[one.template].append(one.second - one.first)
    return Comparison(
        n=len(pairs),
        templates=len(groups),
        undecided=undecided,
        first=fmean(ones),
        second=fmean(others),
        difference=fmean(one.second - one.first for one in pairs),
        interval=paired_interval(ones, others, seed=seed),
        clustered=cluster_interval(
            [sum(group) for group in groups.values()],
            [len(group) for group in groups.values()],
            seed=seed,
        ),
        test=sign_test(ones, others),
    )


def _pairs(
    first: Sequence[EpisodeRecord], second: Sequence[EpisodeRecord], metric: Metric
) -> tuple[list[_Pair], int]:
    """Returns the pairs that count, and how many do not."""
    before, after = _by_instance(first), _by_instance(second)
    lone = before.keys() ^ after.keys()
    if lone:
        raise RecordError(
            f"{len(lone)} instances are in one arm only, such as {min(map(str, lone))}"
        )
    pairs, undecided = [], 0
    for instance, one in before.items():
        values = metric([one]), metric([after[instance]])
        if values[0] is None or values[1] is None:
            undecided += 1
        else:
            pairs.append(_Pair(one.template, values[0], values[1]))
    return pairs, undecided


class _Instance(NamedTuple):
    key: str
    seed: int | None


def _by_instance(records: Sequence[EpisodeRecord]) -> dict[_Instance, EpisodeRecord]:
    found: dict[_Instance, EpisodeRecord] = {}
    for one in records:
        instance = _Instance(one.key, one.seed)
        if instance in found:
            raise RecordError(f"task {one.key!r}, seed {one.seed}, is twice in one arm")
        found[instance] = one
    return found
