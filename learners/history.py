"""What a run did, iteration by iteration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from learners.updates import UpdateStatus

__all__ = ["History", "Record", "Seconds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """CPU-seconds (user and system) of one iteration, of the collecting process and of this one."""

    env: float
    policy: float
    update: float
    other: float = 0.0
    """Messages, evidence, and whatever else lies between."""

    @property
    def total(self) -> float:
        """All of them."""
        return self.env + self.policy + self.update + self.other


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One iteration: steps collected with one version of the weights, and the update after it."""

    iteration: int
    """From 1. The steps were collected with version `iteration - 1`."""
    steps: int
    """Environment steps since the start of the run."""
    episodes: int
    """Episodes in the evidence."""
    failed: int
    """Episodes that broke in this iteration; they count nowhere."""
    censored: int
    """Episodes that were running when the fragments ended."""
    reward: float
    """J: mean episode sum of the reward under sampled actions; NaN before any episode ended."""
    costs: tuple[float, ...]
    """J_C of each cost. [K]"""
    violating: tuple[float, ...]
    """Share of episodes whose own sum is above the limit. [K]"""
    length: float
    """Mean steps of an episode."""
    multipliers: tuple[float, ...]
    """λ, or the estimate of it. [K]"""
    kappa: tuple[float, ...]
    """Penalty factors; empty where the algorithm has none."""
    kl: float
    entropy: float
    value_loss: float
    duality_gap: float
    """Over the last fifth of the iterations so far; see `multipliers.duality_gap`."""
    status: UpdateStatus
    seconds: Seconds
    info: Mapping[str, float] = field(default_factory=dict)
    """Means of what the environment said at the ends of episodes, e.g. success."""


@dataclass(slots=True)
class History:
    """All records of a run."""

    limits: tuple[float, ...]
    """d of each cost. [K]"""
    records: list[Record] = field(default_factory=list)

    def tail(self, share: float = 0.2) -> Sequence[Record]:
        """Returns the last records, at least one if there are any."""
        count = max(1, round(share * len(self.records)))
        return self.records[-count:]

    def tail_reward(self, share: float = 0.2) -> float:
        """Returns the mean J of the last records in which episodes had ended."""
        values = [record.reward for record in self.tail(share) if record.episodes]
        return float(np.mean(values)) if values else float("nan")

    def tail_costs(self, share: float = 0.2) -> tuple[float, ...]:
        """Returns the mean J_C of the last records in which episodes had ended, [K]."""
        rows = [record.costs for record in self.tail(share) if record.episodes]
        if not rows:
            return (float("nan"),) * len(self.limits)
        return tuple(float(value) for value in np.mean(np.asarray(rows), axis=0))

    def feasible(self, tolerance: float = 0.05, share: float = 0.2) -> bool:
        """Whether each mean J_C of the last records is at most (1 + tolerance) d.

        False also where no episode has ended.
        """
        costs = self.tail_costs(share)
        allowed = [limit + tolerance * abs(limit) for limit in self.limits]
        return all(cost <= most for cost, most in zip(costs, allowed, strict=True))
