"""Success against cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from core.errors import RecordError
from evaluation.figures.labels import choose_corners
from evaluation.figures.limits import Limits
from evaluation.figures.style import BEHIND_TEXT, GREY, INK, dress, new_figure, save, series, span
from evaluation.metrics import Metric, strict_success
from evaluation.pareto import ParetoPoint, pareto_front, pareto_points
from evaluation.records import EpisodeRecord

__all__ = ["Family", "draw_pareto"]


class Family(StrEnum):
    """What kind of arm an algorithm is; each has its own mark."""

    CONSTRAINED = "constrained learner, by budget"
    PENALTY = "fixed penalty, by weight"
    TIER = "fixed effort tier"
    OTHER = "other"


_MARKS = {Family.CONSTRAINED: "o", Family.PENALTY: "D", Family.TIER: "s", Family.OTHER: "^"}
_POINTS = 72
"""In an inch."""
_LETTER = 5.0
"""Width of a letter of a label, in points."""


def draw_pareto(
    records: Sequence[EpisodeRecord],
    path: Path,
    *,
    families: Mapping[str, Family] | None = None,
    metric: Metric = strict_success,
    limits: Limits | None = None,
    seed: int = 0,
    caption: str = "",
) -> Figure:
    """Draws a point with 95 % bars for each algorithm and setting, and the front of all of them.

    A filled mark keeps its budget by the lower end of P(cost ≤ 1.05 B), a hollow one does not.

    Args:
        records: Of all arms; `setting` tells those of one algorithm apart.
        path: PNG or SVG.
        families: Algorithm to its kind; those not named are constrained learners.
        metric: The success.
        limits: Only `guarantee` is used.
        seed: Of the bootstraps.
        caption: Command and commit, shown under the figure.

    Raises:
        RecordError: No arm has an episode that counts.
    """
    kinds = families or {}
    points = pareto_points(records, metric, seed=seed)
    if not points:
        raise RecordError("no arm has an episode that counts")
    least = (limits or Limits()).guarantee
    looks = series(point.arm.algorithm for point in points)
    figure, (axes,) = new_figure(5.6)
    title = f"Success against cost; hollow: P(cost ≤ 1.05 B) ≥ {least:g} not shown by its interval"
    y = f"{metric.__name__.replace('_', ' ')}, macro-averaged"
    dress(axes, title=title, x="micro-dollars for an episode", y=y)
    front = pareto_front(points)
    axes.plot(
        [one.cost.value for one in front],
        [one.success.value for one in front],
        color=GREY,
        linewidth=1.0,
        drawstyle="steps-post",
        zorder=1,
    )
    for point in points:
        algorithm = point.arm.algorithm
        mark = _MARKS[kinds.get(algorithm, Family.CONSTRAINED)]
        _draw(axes, point, looks[algorithm].colour, mark, filled=point.guarantee.low >= least)
    axes.set_xlim(left=0.0)
    colours = {name: look.colour for name, look in looks.items()}
    _legend(figure, colours, {name: kinds.get(name, Family.CONSTRAINED) for name in looks})
    _label(figure, axes, points)
    save(figure, path, f"{_rests_on(points)} {caption}".strip())
    return figure


def _draw(axes: Axes, point: ParetoPoint, colour: str, mark: str, *, filled: bool) -> None:
    x, y = point.cost, point.success
    axes.errorbar(
        [x.value],
        [y.value],
        xerr=[[max(0.0, x.value - x.low)], [max(0.0, x.high - x.value)]],
        yerr=[[max(0.0, y.value - y.low)], [max(0.0, y.high - y.value)]],
        fmt=mark,
        color=colour,
        markerfacecolor=colour if filled else "white",
        markersize=8,
        markeredgewidth=1.8,
        elinewidth=1.0,
        capsize=2,
        zorder=3,
    )


def _label(figure: Figure, axes: Axes, points: Sequence[ParetoPoint]) -> None:
    """Writes beside each mark which arm it is, once everything else has its place."""
    figure.draw_without_rendering()
    places = [(point.cost.value, point.success.value) for point in points]
    dots = axes.transData.transform(places)
    marks = [(float(x) * _POINTS / figure.dpi, float(y) * _POINTS / figure.dpi) for x, y in dots]
    texts = [point.arm.setting or point.arm.algorithm for point in points]
    corners = choose_corners(marks, [_LETTER * len(text) for text in texts])
    for place, text, corner in zip(places, texts, corners, strict=True):
        axes.annotate(
            text,
            place,
            textcoords="offset points",
            xytext=(corner.right, corner.up),
            ha="left" if corner.right > 0 else "right",
            fontsize=8,
            color=INK,
            bbox=BEHIND_TEXT,
            zorder=4,
        )


def _legend(figure: Figure, colours: Mapping[str, str], kinds: Mapping[str, Family]) -> None:
    handles = [
        Line2D([], [], color=colour, marker=_MARKS[kinds[name]], linestyle="", label=name)
        for name, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color=GREY, marker=_MARKS[kind], linestyle="", label=kind.value)
        for kind in dict.fromkeys(kinds.values())
    ]
    handles.append(Line2D([], [], color=GREY, linewidth=1.0, label="front"))
    figure.legend(handles=handles, loc="outside right upper", fontsize=9, frameon=False)


def _rests_on(points: Sequence[ParetoPoint]) -> str:
    found = [point.success for point in points]
    episodes = span((one.n for one in found), "episode")
    templates = span((one.templates for one in found), "template")
    seeds = span((one.seeds for one in found), "seed")
    return f"Each point: {episodes}, {templates}, {seeds}. Bars: 95 %, templates redrawn and exact."
