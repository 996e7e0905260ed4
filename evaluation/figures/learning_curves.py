"""Success, cost and violations against training, side by side with their limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from core.errors import RecordError
from evaluation.curves import CurvePoint, learning_curve
from evaluation.figures.limits import Limits
from evaluation.figures.style import Series, dress, limit_line, new_figure, save, series, span
from evaluation.grouping import by_algorithm
from evaluation.intervals import iqm, run_mean
from evaluation.intervals.runs import Statistic
from evaluation.metrics import Metric, cost_share, strict_success, violations_per_episode
from evaluation.records import EpisodeRecord

__all__ = ["draw_learning_curves"]


class _Panel(NamedTuple):
    title: str
    y: str
    metric: Metric
    statistic: Statistic
    limit: float | None
    limit_label: str


def draw_learning_curves(
    records: Sequence[EpisodeRecord],
    path: Path,
    *,
    limits: Limits | None = None,
    seed: int = 0,
    caption: str = "",
) -> Figure:
    """Draws one line with its 95 % band for each algorithm, in three panels.

    Success is the interquartile mean over runs x templates. Cost and violations are means: the
    interquartile mean would cut off the very runs that break a limit.

    Args:
        records: With `trained_steps`; others are left out.
        path: PNG or SVG.
        limits: Lines to draw.
        seed: Of the bootstrap.
        caption: Command and commit, shown under the figure.

    Raises:
        RecordError: No record has `trained_steps`, or a run lacks a template.
    """
    trained = [one for one in records if one.trained_steps is not None]
    if not trained:
        raise RecordError("no record says how long its policy was trained")
    groups = by_algorithm(trained)
    looks = series(groups)
    panels = _panels(limits or Limits())
    figure, columns = new_figure(4.4, len(panels))
    for axes, panel in zip(columns, panels, strict=True):
        dress(axes, title=panel.title, x="environment steps of training", y=panel.y)
        for name, group in groups.items():
            points = learning_curve(group, panel.metric, panel.statistic, seed=seed)
            _draw(axes, points, looks[name], _label(name, points))
        if panel.limit is not None:
            limit_line(axes, panel.limit, f"{panel.limit_label} {panel.limit:g}")
        axes.set_ylim(bottom=0.0)
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    columns[0].set_ylim(0.0, 1.02)
    handles, labels = columns[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=2, fontsize=9, frameon=False)
    save(figure, path, f"Bands: 95 % bootstrap, training runs redrawn. {caption}".strip())
    return figure


def _panels(limits: Limits) -> tuple[_Panel, ...]:
    return (
        _Panel("Success", "strict success, IQM", strict_success, iqm, limits.success, "target"),
        _Panel("Money", "mean cost / B", cost_share, run_mean, limits.cost_share, "limit"),
        _Panel(
            "Safety",
            "mean violations per episode",
            violations_per_episode,
            run_mean,
            limits.violations,
            "limit",
        ),
    )


def _draw(axes: Axes, points: Sequence[CurvePoint], look: Series, label: str) -> None:
    steps = [one.trained_steps for one in points]
    axes.plot(
        steps,
        [one.value for one in points],
        color=look.colour,
        marker=look.marker,
        linestyle=look.line,
        markersize=4,
        linewidth=1.8,
        label=label,
        zorder=3,
    )
    banded = [(one.trained_steps, *one.interval) for one in points if one.interval]
    if banded:
        xs, lows, highs = zip(*banded, strict=True)
        axes.fill_between(xs, lows, highs, color=look.colour, alpha=0.18, linewidth=0, zorder=2)


def _label(name: str, points: Sequence[CurvePoint]) -> str:
    """Returns the name with what its line rests on."""
    seeds = span((one.seeds for one in points), "seed")
    templates = span((one.templates for one in points), "template")
    return f"{name} ({seeds}, {templates}, {span((one.n for one in points), 'episode')} a point)"
