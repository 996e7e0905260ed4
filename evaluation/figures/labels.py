"""Where labels of near marks stand, so that they can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Box", "Corner", "choose_corners"]


class Corner(NamedTuple):
    """Where a label begins (to the right) or ends (to the left) beside its mark, in points."""

    right: float
    up: float


_CORNERS = (Corner(7, -12), Corner(-7, 5), Corner(7, 5), Corner(-7, -12))
_HEIGHT = 10.0


class Box(NamedTuple):
    """A rectangle in points."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Returns whether the two have a part in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )


def choose_corners(
    marks: Sequence[tuple[float, float]], widths: Sequence[float], *, radius: float = 4.0
) -> list[Corner]:
    """Returns a corner for each mark's label, the one that meets fewest labels and marks.

    Args:
        marks: Places in points, in the order in which labels are placed.
        widths: Of the labels, in points.
        radius: Of a mark.
    """
    taken = [Box(x - radius, y - radius, x + radius, y + radius) for x, y in marks]
    chosen = []
    for mark, width in zip(marks, widths, strict=True):
        boxes = [_box(mark, corner, width) for corner in _CORNERS]
        meetings = [sum(box.meets(other) for other in taken) for box in boxes]
        best = meetings.index(min(meetings))
        taken.append(boxes[best])
        chosen.append(_CORNERS[best])
    return chosen


def _box(mark: tuple[float, float], corner: Corner, width: float) -> Box:
    x, y = mark[0] + corner.right, mark[1] + corner.up
    left = x if corner.right > 0 else x - width
    return Box(left, y, left + width, y + _HEIGHT)
