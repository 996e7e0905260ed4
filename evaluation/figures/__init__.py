"""Figures: from records to a file, PNG or SVG by its suffix; the only door of matplotlib.

No figure computes a metric: it draws what `evaluation.curves`, `pareto`, `distributions` and
`estimates` return. Nothing here touches pyplot or matplotlib's global settings, so figures may be
drawn in any thread and beside anybody else's.
"""

from evaluation.figures.constraint_bars import draw_constraint_bars
from evaluation.figures.cost_ecdf import draw_cost_ecdf
from evaluation.figures.learning_curves import draw_learning_curves
from evaluation.figures.limits import Limits
from evaluation.figures.pareto import Family, draw_pareto

__all__ = [
    "Family",
    "Limits",
    "draw_constraint_bars",
    "draw_cost_ecdf",
    "draw_learning_curves",
    "draw_pareto",
]
