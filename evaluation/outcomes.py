"""How episodes of an evaluation ended, and their sums by template."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from evaluation.intervals import cluster_interval, macro, mean, wilson

__all__ = ["Outcome", "SummaryRow", "by_template", "summary_row"]


class Outcome(NamedTuple):
    """One judged episode."""

    key: str
    template: str
    intent: str
    strict: bool
    official: float | None
    spent: int
    steps: int
    replans: int
    violations: int
    note: str


class SummaryRow(NamedTuple):
    """One run in numbers."""

    templates: int
    n: int
    strict: float
    """Macro-averaged by template."""
    interval: tuple[float, float]
    """Wilson, 95 %, as if the macro-average were a share of n: templates are not independent."""
    clustered: tuple[float, float]
    """Percentile bootstrap over templates, 95 %."""
    official: float
    steps: float
    micros: float
    """Micro-dollars settled for an episode."""
    replans: float
    violations: float


def summary_row(outcomes: Sequence[Outcome]) -> SummaryRow:
    """Returns the macro-averages of a run; success by template, the rest by episode."""
    groups = by_template(outcomes).values()
    strict = macro([[float(one.strict) for one in group] for group in groups])
    return SummaryRow(
        templates=len(groups),
        n=len(outcomes),
        strict=strict,
        interval=wilson(strict * len(outcomes), len(outcomes)),
        clustered=cluster_interval([[float(one.strict) for one in group] for group in groups]),
        official=macro([[one.official or 0.0 for one in group] for group in groups]),
        steps=mean([one.steps for one in outcomes]),
        micros=mean([one.spent for one in outcomes]),
        replans=mean([one.replans for one in outcomes]),
        violations=mean([one.violations for one in outcomes]),
    )


def by_template(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Returns the outcomes of each template, in the order of their first."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        groups[one.template].append(one)
    return groups
