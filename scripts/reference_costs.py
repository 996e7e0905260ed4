"""Makes the table of reference costs, from which training takes its budgets.

python -m scripts.reference_costs

The reference acts by the rules' plan and the heuristic, and reads every page in full. The median is
of episodes that solved their task; a template without one is left out and gets its site's median.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import tyro
from rich.console import Console
from rich.progress import track

from actors.arena.budgets import REFERENCE_FILE, ReferenceCosts, SiteCosts
from actors.arena.episode import ArenaEpisode, Arrangement
from actors.arena.outcome import Outcome
from actors.arena.shares import TierDraw
from actors.assembly import Assembly, default_assembly
from core.plans import EffortTier
from core.seeding import derive_seed
from core.tasks import Split, Task
from environment.tasks.generated import generate, templates
from policies.heuristic import HeuristicPolicy
from policies.profiles import DEFAULT_POOL, AgentProfile
from policies.tariff import TARIFF_VERSION

__all__ = ["Options", "main", "reference_costs"]

_AMPLE = 1_000_000
"""Micro-dollars: a budget that no reference episode comes near."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure."""

    per_template: int = 9
    """Episodes of each template."""
    seed: int = 0
    """Picks the instances."""
    split: Split = Split.TRAIN
    """Whose templates; never a split that results are claimed on."""
    out: Path = REFERENCE_FILE
    """Where the table goes."""


def main(options: Options) -> None:
    """Runs the episodes and writes the table."""
    console = Console()
    costs = reference_costs(options, console)
    options.out.write_text(costs.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for name, site in costs.sites.items():
        console.print(f"{name}: {len(site.templates)} templates, median {site.median} micro-$")


def reference_costs(options: Options, console: Console) -> ReferenceCosts:
    """Measures the reference's cost of every template of a split."""
    assembly = default_assembly(agents=_readers())
    tasks = [
        generate(name, derive_seed(options.seed, "reference", name, number) % 10**18, options.split)
        for name in templates(options.split)
        for number in range(options.per_template)
    ]
    spent: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for made in track(tasks, "reference", console=console):
        outcome = reference_episode(made.task, assembly)
        if outcome.strict and not outcome.failed:
            spent["+".join(made.task.sites)][outcome.template].append(outcome.spent)
    return ReferenceCosts(
        command=f"python -m scripts.reference_costs --per-template {options.per_template} "
        f"--seed {options.seed} --split {options.split.name}",
        tariff=TARIFF_VERSION,
        split=options.split.value,
        seed=options.seed,
        per_template=options.per_template,
        sites={
            site: SiteCosts(
                median=round(median(cost for costs in by.values() for cost in costs)),
                templates={name: round(median(costs)) for name, costs in sorted(by.items())},
            )
            for site, by in spent.items()
        },
    )


def reference_episode(task: Task, assembly: Assembly) -> Outcome:
    """Runs one episode as the reference does."""
    arrangement = Arrangement(budget=_AMPLE, tiers=TierDraw(weights={EffortTier.FULL_PAGE: 1.0}))
    episode = ArenaEpisode(task, 0, arrangement, assembly)
    heuristic = HeuristicPolicy()
    while not episode.is_over:
        episode.advance([heuristic.choose(item.view) for item in episode.pending()])
    outcome = episode.outcome()
    episode.close()
    return outcome


def _readers() -> tuple[AgentProfile, ...]:
    return tuple(agent for agent in DEFAULT_POOL if EffortTier.FULL_PAGE in agent.tiers)


if __name__ == "__main__":
    main(tyro.cli(Options))
