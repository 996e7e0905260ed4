"""Ways to decide about plans on the same tasks: success, cost and ticks, paired.

python -m scripts.compare_plans teams --n 240           # several agents against one
python -m scripts.compare_plans policies --n 240 --files plan_p3o.npz

Success is strict; intervals are 95 %: Wilson for shares, bootstrap over templates for differences
from the first line. Sealed tasks are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

import tyro
from rich.console import Console
from rich.table import Table

from actors.arena.outcome import Outcome
from actors.assembly import default_assembly
from actors.plan_episodes import MODEL_FREE, OVERRUN, PAID, PlanConfig
from actors.plan_trials import AtTier, PlanTrial, Side, paired, trials
from core.errors import ConfigurationError
from core.plans import EffortTier
from core.tasks import Split
from environment.tasks.generated import sample
from evaluation.intervals import cluster_interval, wilson
from policies.plan_policy import PlanPolicy, load_policy
from policies.profiles import DEFAULT_POOL, limited_to

__all__ = ["Options", "main"]


@dataclass(frozen=True, slots=True)
class Options:
    """What to compare."""

    what: tyro.conf.Positional[Literal["teams", "policies"]]
    """Several agents against one; or plan policies at paid tiers."""
    n: int = 240
    """Tasks."""
    seed: int = 0
    """Which sample of tasks."""
    split: Literal["train", "new_instances", "new_skin", "attacks"] = "new_instances"
    """Where they come from."""
    alpha: float = 0.6
    """B as a share of the reference cost."""
    files: tuple[Path, ...] = ()
    """Trained policies."""


def main(options: Options) -> None:
    """Runs and prints."""
    tasks = [made.task for made in sample(Split(options.split), options.n, options.seed)]
    sides = _teams() if options.what == "teams" else _policies(options.files)
    records = list(trials(tasks, sides, alpha=options.alpha, seed=options.seed))
    console = Console(width=150)
    console.print(_table("all tasks", records))
    for fork, name in ((True, "with forks"), (False, "without forks")):
        console.print(_table(name, [one for one in records if one.has_fork is fork]))


def _teams() -> list[Side]:
    pool = limited_to(DEFAULT_POOL, MODEL_FREE)
    return [
        Side(
            name=name,
            assembly=default_assembly(agents=pool, num_agents=number),
            policy=PlanPolicy(),
        )
        for name, number in (("one agent", 1), ("several agents", len(pool)))
    ]


def _policies(files: Sequence[Path]) -> list[Side]:
    assembly = PlanConfig(tiers=PAID).assembly()
    full = AtTier(EffortTier.FULL_PAGE)
    without_thrift = AtTier(EffortTier.FULL_PAGE, keeps_on=True)
    sides = [
        Side(name="rules (cheapest tier)", assembly=assembly, policy=PlanPolicy()),
        Side(name="full pages", assembly=assembly, policy=full),
        Side(name="full pages, no thrift", assembly=assembly, policy=without_thrift),
    ]
    for file in files:
        policy = load_policy(file)
        if policy.parameters is None:
            raise ConfigurationError(f"there is no policy in {file}")
        for greedy in (True, False):
            name = f"{file.stem} {'greedy' if greedy else 'drawn'}"
            sides.append(Side(name=name, assembly=assembly, policy=policy, is_greedy=greedy))
    return sides


def _table(title: str, records: Sequence[PlanTrial]) -> Table:
    columns = ("side", "n", "strict", "95 %", "cost / B", "micro-$", "over 1.05 B", "95 %", "ticks")
    table = Table(*columns, "violations", "more strict", "more micro-$", "more ticks", title=title)
    names = list(dict.fromkeys(one.side for one in records))
    for name in names:
        found = [one.outcome for one in records if one.side == name and not one.outcome.failed]
        table.add_row(name, *_numbers(found), *_differences(records, name, names[0]))
    return table


def _numbers(outcomes: Sequence[Outcome]) -> list[str]:
    n = len(outcomes)
    strict = sum(one.strict for one in outcomes)
    over = sum(one.cost > OVERRUN for one in outcomes)
    return [
        str(n),
        f"{strict / n:.3f}",
        _range(wilson(strict, n)),
        f"{fmean([one.cost for one in outcomes]):.3f}",
        f"{fmean([one.spent for one in outcomes]):.0f}",
        f"{over / n:.3f}",
        _range(wilson(over, n)),
        f"{fmean([one.ticks for one in outcomes]):.2f}",
        f"{fmean([one.violations for one in outcomes]):.3f}",
    ]


def _differences(records: Sequence[PlanTrial], name: str, first: str) -> list[str]:
    measures: tuple[tuple[Callable[[Outcome], float], int], ...] = (
        (lambda one: float(one.strict), 3),
        (lambda one: float(one.spent), 0),
        (lambda one: float(one.ticks), 2),
    )
    cells = []
    for measure, digits in measures:
        means = [fmean(group) for group in paired(records, name, first, measure)]
        found = cluster_interval(means)
        told = (
            "one template" if found is None else f"{found.low:.{digits}f}, {found.high:.{digits}f}"
        )
        cells.append(f"{fmean(means):+.{digits}f} [{told}]")
    return cells if name != first else [""] * len(cells)


def _range(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.3f} - {interval[1]:.3f}"


if __name__ == "__main__":
    main(tyro.cli(Options))
