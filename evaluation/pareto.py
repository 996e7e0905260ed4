"""Success against cost: one point for each arm, and those that no other point beats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from evaluation.estimates import Estimate, guarantee_estimate, mean_estimate, share_estimate
from evaluation.grouping import Arm, by_arm
from evaluation.metrics import Metric, cost, strict_success
from evaluation.records import EpisodeRecord

__all__ = ["ParetoPoint", "pareto_front", "pareto_points"]


class ParetoPoint(NamedTuple):
    """What one arm reaches, for how much, and how well it keeps its budget."""

    arm: Arm
    cost: Estimate
    """Micro-dollars for an episode, macro-averaged."""
    success: Estimate
    """Macro-averaged."""
    guarantee: Estimate
    """P(cost ≤ 1.05 B)."""


def pareto_points(
    records: Sequence[EpisodeRecord], metric: Metric = strict_success, *, seed: int = 0
) -> list[ParetoPoint]:
    """Returns a point for each arm that has an episode that counts, in the order of their first.

    Args:
        records: Of all arms.
        metric: The success.
        seed: Of the bootstraps.
    """
    points = []
    for arm, group in by_arm(records).items():
        success = share_estimate(group, metric, seed=seed)
        price = mean_estimate(group, cost, macro=True, seed=seed)
        kept = guarantee_estimate(group, seed=seed)
        if success is not None and price is not None and kept is not None:
            points.append(ParetoPoint(arm, price, success, kept))
    return points


def pareto_front(points: Sequence[ParetoPoint]) -> list[ParetoPoint]:
    """Returns the points for which no cheaper or equal one has as much success, cheapest first.

    By value, intervals aside: near points may change places.
    """
    front: list[ParetoPoint] = []
    for point in sorted(points, key=lambda one: (one.cost.value, -one.success.value)):
        if not front or point.success.value > front[-1].success.value:
            front.append(point)
    return front
