"""Whether each algorithm keeps its constraints, success beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.estimates import (
    Estimate,
    guarantee_estimate,
    share_estimate,
    violations_estimate,
)
from evaluation.figures.limits import Limits
from evaluation.figures.style import (
    BEHIND_TEXT,
    INK,
    Place,
    Series,
    dress,
    limit_line,
    new_figure,
    save,
    series,
    span,
)
from evaluation.grouping import by_algorithm, by_template, decided
from evaluation.metrics import strict_success
from evaluation.records import EpisodeRecord

__all__ = ["draw_constraint_bars"]


class _Panel(NamedTuple):
    title: str
    x: str
    estimate: Callable[[Sequence[EpisodeRecord]], Estimate | None]
    limit: float | None
    limit_label: str
    is_share: bool


def draw_constraint_bars(
    records: Sequence[EpisodeRecord],
    path: Path,
    *,
    limits: Limits | None = None,
    seed: int = 0,
    caption: str = "",
) -> Figure:
    """Draws success, the cost guarantee and violations of each algorithm with 95 % bars.

    Args:
        records: Of all algorithms.
        path: PNG or SVG.
        limits: Lines to draw.
        seed: Of the bootstraps.
        caption: Command and commit, shown under the figure.

    Raises:
        RecordError: No records.
    """
    groups = by_algorithm(records)
    looks = series(groups)
    panels = _panels(limits or Limits(), seed)
    figure, columns = new_figure(2.0 + 0.62 * len(groups), len(panels))
    for axes, panel in zip(columns, panels, strict=True):
        dress(axes, title=panel.title, x=panel.x, y="")
        _bars(axes, {name: panel.estimate(group) for name, group in groups.items()}, looks)
        if panel.limit is not None:
            label = f"{panel.limit_label} {panel.limit:g}"
            limit_line(axes, panel.limit, label, vertical=True, place=Place(before=panel.is_share))
        if panel.is_share:
            axes.set_xlim(0.0, 1.02)
        else:
            axes.set_xlim(left=0.0)
        axes.set_yticks([])
    columns[0].set_yticks(
        range(len(groups)),
        [f"{name}\n{_rests_on(group)}" for name, group in groups.items()],
        fontsize=9,
    )
    save(figure, path, f"Bars: 95 %, templates redrawn and exact. {caption}".strip())
    return figure


def _panels(limits: Limits, seed: int) -> tuple[_Panel, ...]:
    return (
        _Panel(
            "Strict success",
            "macro-averaged over templates",
            lambda some: share_estimate(some, strict_success, seed=seed),
            limits.success,
            "target",
            is_share=True,
        ),
        _Panel(
            "P(cost ≤ 1.05 B)",
            "share of episodes",
            lambda some: guarantee_estimate(some, seed=seed),
            limits.guarantee,
            "at least",
            is_share=True,
        ),
        _Panel(
            "Violations",
            "mean per episode",
            lambda some: violations_estimate(some, seed=seed),
            limits.violations,
            "at most",
            is_share=False,
        ),
    )


def _rests_on(group: Sequence[EpisodeRecord]) -> str:
    undecided = len(group) - len(decided(group))
    words = [
        f"n = {len(group):,}",
        span([len(by_template(group))], "template"),
        span([len({one.seed for one in group})], "seed"),
    ]
    return ", ".join(words) + (f"\n{undecided} undecided" if undecided else "")


def _bars(
    axes: Axes, estimates: Mapping[str, Estimate | None], looks: Mapping[str, Series]
) -> None:
    """Draws a bar for each estimate that there is, from the top, its numbers above it."""
    for place, (name, one) in enumerate(estimates.items()):
        if one is None:
            axes.annotate("none decided", (0.0, place), fontsize=9, va="center")
            continue
        colour = looks[name].colour
        axes.barh(place, one.value, height=0.4, color=colour, alpha=0.6, edgecolor=colour, zorder=2)
        axes.errorbar(
            [one.value],
            [place],
            xerr=[[max(0.0, one.value - one.low)], [max(0.0, one.high - one.value)]],
            color=INK,
            elinewidth=1.4,
            capsize=4,
            zorder=4,
        )
        axes.annotate(
            f"{one.value:.3f}  ({one.low:.3f}-{one.high:.3f})",
            (0.0, place - 0.22),
            xytext=(2, 1),
            textcoords="offset points",
            fontsize=9,
            va="bottom",
            color=INK,
            bbox=BEHIND_TEXT,
            zorder=5,
        )
    axes.set_ylim(len(estimates) - 0.5, -0.95)
    axes.grid(visible=False, axis="y")
