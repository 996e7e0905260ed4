"""Measure every figure and write `docs/benchmarks.md`.

python -m scripts.bench                      all of them, about ten minutes
python -m scripts.bench --only in_process    one group, printed and not written
"""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console

from scripts.bench.figures import Figure, markdown, met

_GROUPS = {
    "in_process": "Without Chromium",
    "chromium": "With Chromium",
    "agreement": "The same in both browsers, on Ray and in one process",
    "orchestration": "Orchestration on Ray",
    "planner": "Model providers",
    "planner_plans": "Plans and money",
    "planner_policy": "Plan policy",
    "planner_cache": "Plan cache",
    "training": "Training on web episodes",
}
_PAGE = Path("docs/benchmarks.md")


@dataclass(frozen=True)
class Options:
    """Measure every figure and write docs/benchmarks.md."""

    only: str = ""
    """One group: printed, not written."""


def main(options: Options) -> int:
    """Returns 0 when every target is met."""
    console = Console()
    groups = [options.only] if options.only else list(_GROUPS)
    text = [_head()]
    missed: list[Figure] = []
    for group in groups:
        console.print(f"[bold]{_GROUPS.get(group, group)}[/bold] ...")
        figures: list[Figure] = importlib.import_module(f"scripts.bench.{group}").measure()
        for figure in figures:
            console.print(
                f"  {figure['name']}: {figure['value']:.4g} {figure['unit']} "
                f"[dim](target {figure['target'] or 'none'}, n={figure['n']})[/dim] {met(figure)}"
            )
        missed += [figure for figure in figures if met(figure) == "no"]
        text.append(f"## {_GROUPS[group]}\n\n{markdown(figures)}")
    if not options.only:
        _PAGE.write_text("\n".join(text))
        console.print(f"written to {_PAGE}")
    return 1 if missed else 0


def _head() -> str:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    load = os.getloadavg()[0]
    return f"""# Benchmarks

CPU-seconds are user and system time of every process involved; wall times on a shared machine are
noise and are given only where overlap is the point: compare them with the load of the machine,
{load:.1f} (mean of the last minute) when this began. Written by `python -m scripts.bench`
(`make bench`) at commit `{commit or "unknown"}` on {platform.machine()}, {os.cpu_count()} cores,
{platform.system()} {platform.release()}, Python {platform.python_version()}.
"""


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
