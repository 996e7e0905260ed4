"""How all figures look, and how they become files.

1,200 pixels wide as PNG. Colours are those of Okabe and Ito, which stay apart for colour-blind
readers; each series has its own marker and line as well, so that a print in grey can be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from core.errors import RecordError

__all__ = [
    "BEHIND_TEXT",
    "GREY",
    "INK",
    "Place",
    "Series",
    "dress",
    "limit_line",
    "new_figure",
    "save",
    "series",
    "span",
]

_WIDTH_INCHES = 10.0
_DPI = 120
GREY = "#595959"
LIMIT = "#B00020"
"""Colour of limits, and of nothing else."""
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#000000", "#8C6D31")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)))
_LIMIT_LINE = (0, (4, 2))
INK = "#202020"
BEHIND_TEXT = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8}
"""Keeps text readable on lines and bands."""

LineStyle = str | tuple[int, tuple[int, ...]]


class Series:
    """Colour, marker and line of one name."""

    __slots__ = ("colour", "line", "marker")

    def __init__(self, place: int) -> None:
        self.colour: str = _COLOURS[place]
        self.marker: str = _MARKERS[place]
        self.line: LineStyle = _LINES[place]


def series(names: Iterable[str]) -> dict[str, Series]:
    """Gives each name a look, in order; the same names in the same order look the same anywhere.

    Raises:
        RecordError: More names than a reader can tell apart, or none.
    """
    different = list(dict.fromkeys(names))
    if not 0 < len(different) <= len(_COLOURS):
        raise RecordError(f"a figure shows 1 to {len(_COLOURS)} series, not {len(different)}")
    return {name: Series(place) for place, name in enumerate(different)}


def new_figure(height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Returns an empty figure with panels side by side.

    Args:
        height: Inches; the width is 10.
        columns: Number of panels.
    """
    figure = Figure(figsize=(_WIDTH_INCHES, height), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def dress(axes: Axes, *, title: str, x: str, y: str) -> None:
    """Writes title and labels and takes away what carries no information."""
    axes.set_title(title, fontsize=11, loc="left")
    axes.set_xlabel(x, fontsize=10)
    axes.set_ylabel(y, fontsize=10)
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#E5E5E5", linewidth=0.8)
    axes.set_axisbelow(True)


class Place(NamedTuple):
    """Where the label of a limit stands."""

    along: float = 0.99
    """Share of the way along the line, from the left or from the bottom."""
    before: bool = True
    """Whether it ends there; otherwise it begins there. Of a vertical line: left of it."""
    turned: bool = False
    """Whether it runs upwards."""


_AT_THE_END = Place()


def limit_line(
    axes: Axes, value: float, label: str, *, vertical: bool = False, place: Place = _AT_THE_END
) -> None:
    """Draws a limit and writes beside the line what it is.

    Args:
        axes: Panel.
        value: Where.
        label: What.
        vertical: Whether it is a limit of x; otherwise of y.
        place: Of the label.
    """
    shift = -4.0 if place.before else 4.0
    if vertical:
        axes.axvline(value, color=LIMIT, linewidth=1.4, linestyle=_LIMIT_LINE, zorder=2.5)
        at, coordinates = (value, place.along), axes.get_xaxis_transform()
        offset, va = (shift, 0.0), "bottom" if place.along < 0.5 else "top"
    else:
        axes.axhline(value, color=LIMIT, linewidth=1.4, linestyle=_LIMIT_LINE, zorder=2.5)
        at, coordinates = (place.along, value), axes.get_yaxis_transform()
        offset, va = (0.0, 3.0), "bottom"
    axes.annotate(
        label,
        at,
        xycoords=coordinates,
        xytext=offset,
        textcoords="offset points",
        ha="right" if place.before else "left",
        va=va,
        rotation=90 if place.turned else 0,
        color=LIMIT,
        fontsize=9,
        zorder=5,
        bbox=BEHIND_TEXT,
    )


def span(counts: Iterable[int], unit: str) -> str:
    """Returns a count or a range of counts with its unit, for instance `3-5 seeds`."""
    found = list(counts)
    low, high = min(found), max(found)
    number = f"{low:,}" if low == high else f"{low:,}-{high:,}"
    return f"{number} {unit}{'' if high == 1 else 's'}"


def save(figure: Figure, path: Path, caption: str) -> None:
    """Writes a figure under a caption of one line.

    Args:
        figure: Made by `new_figure`.
        path: Ends in `.png` or `.svg`.
        caption: Says n, intervals, and what makes the figure again.

    Raises:
        RecordError: The suffix is another one.
    """
    if path.suffix not in (".png", ".svg"):
        raise RecordError(f"a figure is written as .png or .svg, not {path.name!r}")
    figure.supxlabel(caption, fontsize=8, color=GREY, x=0.01, ha="left")
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    # The same figure gives the same bytes, and text in an SVG can be found and read aloud.
    with rc_context({"svg.hashsalt": "evaluation", "svg.fonttype": "none"}):
        figure.savefig(path, dpi=_DPI, metadata=metadata)
