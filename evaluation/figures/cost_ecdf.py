"""How much of their budget episodes use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.distributions import Distribution, cost_distribution
from evaluation.figures.limits import Limits
from evaluation.figures.style import (
    Place,
    Series,
    dress,
    limit_line,
    new_figure,
    save,
    series,
    span,
)
from evaluation.grouping import by_algorithm
from evaluation.metrics import SLACK_PERCENT
from evaluation.records import EpisodeRecord

__all__ = ["draw_cost_ecdf"]


def draw_cost_ecdf(
    records: Sequence[EpisodeRecord],
    path: Path,
    *,
    limits: Limits | None = None,
    caption: str = "",
) -> Figure:
    """Draws the distribution of cost / B of each algorithm with its 95 % band.

    A policy keeps the chance constraint where its curve passes above the corner of the two limits.

    Args:
        records: Of all algorithms.
        path: PNG or SVG.
        limits: Only `guarantee` is used.
        caption: Command and commit, shown under the figure.

    Raises:
        RecordError: No records.
    """
    limits = limits or Limits()
    groups = by_algorithm(records)
    looks = series(groups)
    figure, (axes,) = new_figure(5.2)
    dress(axes, title="Money used", x="cost / B of an episode", y="share of episodes at or below")
    curves = {name: cost_distribution(group) for name, group in groups.items()}
    right = 1.05 * max(1.2, *(float(curve.values[-1]) for curve in curves.values()))
    for name, curve in curves.items():
        seeds = span([len({one.seed for one in groups[name]})], "seed")
        _draw(axes, curve, looks[name], f"{name} (n = {curve.n:,}, {seeds})", right)
    left, right_of = Place(0.03, turned=True), Place(0.03, before=False, turned=True)
    slack = SLACK_PERCENT / 100
    limit_line(axes, 1.0, "budget B", vertical=True, place=left)
    limit_line(axes, slack, f"{slack:g} B", vertical=True, place=right_of)
    at_the_start = Place(0.01, before=False)
    limit_line(axes, limits.guarantee, f"at least {limits.guarantee:g}", place=at_the_start)
    axes.set_xlim(0.0, right)
    axes.set_ylim(0.0, 1.02)
    figure.legend(loc="outside upper left", ncols=3, fontsize=9, frameon=False)
    note = "Bands: 95 %, whole curve at once (Dvoretzky, Kiefer, Wolfowitz), episodes independent."
    save(figure, path, f"{note} {caption}".strip())
    return figure


def _draw(axes: Axes, curve: Distribution, look: Series, label: str, right: float) -> None:
    """Draws steps from 0 to the right edge, where the curve is 1."""
    xs = [0.0, *curve.values, right]
    shares = [0.0, *curve.shares, 1.0]
    lows = [0.0, *curve.low, curve.low[-1]]
    highs = [min(1.0, curve.margin), *curve.high, 1.0]
    axes.step(
        xs,
        shares,
        where="post",
        color=look.colour,
        linestyle=look.line,
        linewidth=1.8,
        label=label,
        zorder=3,
    )
    axes.fill_between(
        xs, lows, highs, step="post", color=look.colour, alpha=0.16, linewidth=0, zorder=2
    )
