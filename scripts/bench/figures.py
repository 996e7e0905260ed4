"""One measured number, and how a table of them is written."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NotRequired, TypedDict

__all__ = ["Figure", "cpu_ms_each", "markdown", "met", "spread"]


class Figure(TypedDict):
    """A measured number with its target."""

    name: str
    value: float
    unit: str
    target: str
    """For instance `<= 1.0`; empty where there is none."""
    n: int
    """Independent measurements behind the value."""
    spread: NotRequired[str]
    """Interval of the measurements, with its kind."""


def cpu_ms_each(work: Callable[[], None]) -> float:
    """Returns CPU milliseconds (user and system, this process) of one call."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def spread(values: Sequence[float]) -> str:
    """Returns the 5th to 95th percentile of at least two measurements, as text."""
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return f"p5-p95 {cuts[0]:.3g}-{cuts[-1]:.3g}"


def met(figure: Figure) -> str:
    """Returns `yes` or `no`, or nothing where there is no target."""
    sign, _, bound = figure["target"].partition(" ")
    if not bound:
        return ""
    limit = float(bound.split()[0].replace(",", "").rstrip("%"))
    value = round(figure["value"], 9)
    return "yes" if (value <= limit if sign == "<=" else value >= limit) else "no"


def markdown(figures: Iterable[Figure]) -> str:
    """Returns a table."""
    lines = [
        "| figure | value | unit | target | met | n | spread |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {_cell(f['name'])} | {f['value']:.4g} | {f['unit']} | {f['target']} | {met(f)} "
        f"| {f['n']} | {_cell(f.get('spread', ''))} |"
        for f in figures
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Returns text that does not end its cell."""
    return text.replace("|", "\\|")
