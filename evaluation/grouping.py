"""Episodes by template and by arm, and those that count in a success."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from evaluation.records import EpisodeRecord

__all__ = ["Arm", "by_algorithm", "by_arm", "by_template", "decided"]

Name = TypeVar("Name")


class Arm(NamedTuple):
    """One variant of one algorithm."""

    algorithm: str
    setting: str


def by_template(records: Sequence[EpisodeRecord]) -> dict[str, list[EpisodeRecord]]:
    """Returns the episodes of each template, in the order of their first."""
    return _by(records, lambda one: one.template)


def by_algorithm(records: Sequence[EpisodeRecord]) -> dict[str, list[EpisodeRecord]]:
    """Returns the episodes of each algorithm, in the order of their first."""
    return _by(records, lambda one: one.algorithm)


def by_arm(records: Sequence[EpisodeRecord]) -> dict[Arm, list[EpisodeRecord]]:
    """Returns the episodes of each algorithm and setting, in the order of their first."""
    return _by(records, lambda one: Arm(one.algorithm, one.setting))


def decided(records: Sequence[EpisodeRecord]) -> list[EpisodeRecord]:
    """Returns the episodes that the judge could decide; the others count in no success."""
    return [one for one in records if one.strict is not None and one.official is not None]


def _by(
    records: Sequence[EpisodeRecord], name: Callable[[EpisodeRecord], Name]
) -> dict[Name, list[EpisodeRecord]]:
    groups: dict[Name, list[EpisodeRecord]] = defaultdict(list)
    for one in records:
        groups[name(one)].append(one)
    return dict(groups)
