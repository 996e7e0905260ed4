"""How many tasks the rules solve: no model, no oracle, judged strictly and officially.

python -m scripts.evaluate_rules --split train --n 100
python -m scripts.evaluate_rules --split official --show-failures

Success is macro-averaged by template, with a Wilson interval on n episodes. For the sealed split
only sums are printed: no intent, no template, so that looking teaches nothing. Statistics need the
extra `bench` (or `train`, or `dev`).
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

from actors.assembly import Assembly, default_assembly
from actors.in_process import EpisodeSetup, Minds, run_episode
from actors.site_memory import SiteMemory
from core.events import ActionTaken, SubtaskFailed
from core.money import micros
from core.tasks import Split, Task
from environment.browsers.in_process.browser import InProcessBrowser
from environment.hosting import is_hosted
from environment.judge import judge
from environment.tasks.generated import from_key, sample
from environment.tasks.official import official_tasks
from environment.transports import DirectTransport
from evaluation.grouping import by_template
from evaluation.intervals import Interval
from evaluation.outcomes import Outcome, summary_row
from evaluation.record_files import write_records
from evaluation.records import EpisodeRecord, recorded
from scripts.guesser import Guesser
from scripts.verdicts import judged

__all__ = [
    "Options",
    "Runner",
    "evaluate",
    "main",
]


@dataclass(frozen=True, slots=True)
class Options:
    """What to evaluate."""

    split: Literal["official", "train", "new_instances", "sealed", "new_skin", "attacks"] = "train"
    """Which tasks."""
    n: int = 100
    """Tasks of a generated split; the official split is run whole."""
    seed: int = 0
    """Which sample of a generated split."""
    workers: int = 1
    """Processes."""
    budget: float = 0.05
    """Dollars for each episode."""
    explore: bool = False
    """Look around each site once, so that agents know its addresses."""
    guess: bool = False
    """Evaluate the baseline that always answers NOT_FOUND instead of the rules."""
    show_failures: bool = False
    """Print why tasks failed; refused for the sealed split."""
    key: str = ""
    """Only this task."""
    records: Path | None = None
    """Write one record for each episode to this file."""


def main(options: Options) -> None:
    """Runs the tasks and prints the tables."""
    console = Console()
    outcomes = evaluate(options, console)
    records = [one.record for one in outcomes]
    if options.records is not None:
        write_records(options.records, records)
    if options.split != "sealed":
        console.print(_by_template(records))
    console.print(_summary(records, Split(options.split)))
    if options.show_failures and options.split != "sealed":
        for one in outcomes:
            if not one.record.strict:
                line = f"{one.record.key} | {one.intent} | {one.note}"
                console.print(line, markup=False, soft_wrap=True, highlight=False)


def evaluate(options: Options, console: Console) -> list[Outcome]:
    """Runs the tasks, with a progress bar on the console."""
    tasks = _tasks(options)
    label = f"{options.split}{', explored' if options.explore else ''}"
    running = _run_all(tasks, options)
    return list(track(running, label, total=len(tasks), console=console))


def _tasks(options: Options) -> list[Task]:
    if options.split == "official":
        tasks = [task for task in official_tasks(("reddit",)) if is_hosted(task)]
        return [task for task in tasks if options.key in ("", task.key)]
    if options.key:
        return [from_key(options.key).task]
    return [made.task for made in sample(Split(options.split), options.n, options.seed)]


def _run_all(tasks: Sequence[Task], options: Options) -> Iterable[Outcome]:
    if options.workers <= 1:
        runner = _runner(options)
        for task in tasks:
            yield runner.run(task)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.workers, _start, (options,)) as pool:
        yield from pool.imap(_run_in_pool, tasks, chunksize=4)


class Runner:
    """Runs episodes one after the other; only what exploration taught of a site is kept."""

    def __init__(self, budget: float, *, explores: bool = False) -> None:
        self._budget = budget
        self._memory = SiteMemory(None) if explores else None
        self._assembly: Assembly = default_assembly()

    def run(self, task: Task) -> Outcome:
        """Runs and judges one task."""
        assembly = self._assembly
        host = assembly.world(task, {})
        steps: list[str] = []
        failures: list[str] = []

        def on_event(envelope: object) -> None:
            body = getattr(envelope, "body", None)
            if isinstance(body, ActionTaken):
                steps.append(body.action)
            elif isinstance(body, SubtaskFailed):
                failures.append(f"{body.node}:{body.failure.value}:{body.reason}")

        urls = {site: host.base_url(site) for site in task.sites}
        setup = EpisodeSetup(
            episode=task.key,
            task=task.public(urls),
            budget=self._budget,
            cookies=tuple(host.cookies_for(task.user)),
            site_notes=self._memory.notes_for(task) if self._memory else {},
        )
        browser = InProcessBrowser(DirectTransport(host))
        result = run_episode(setup, assembly, browser, minds=Minds.of(assembly), on_event=on_event)
        verdict = judge(task, host, result.response)
        host.close()
        note = "; ".join([result.reason, *failures[:3], *verdict.reasons[:2], verdict.error])
        record = recorded(
            judged(task, verdict),
            algorithm="rules",
            setting="explored" if self._memory else "",
            cost=result.spent,
            budget=micros(self._budget),
            steps=len(steps),
            ticks=result.ticks,
            replans=result.replans,
        )
        answer = result.response.model_dump_json(exclude_none=True)
        return Outcome(record, task.intent, f"{answer} {note}"[:900])


def _runner(options: Options) -> Runner | Guesser:
    return (
        Guesser(options.budget)
        if options.guess
        else Runner(options.budget, explores=options.explore)
    )


_RUNNERS: list[Runner | Guesser] = []
"""The runner of a worker process."""


def _start(options: Options) -> None:
    _RUNNERS.append(_runner(options))


def _run_in_pool(task: Task) -> Outcome:
    return _RUNNERS[0].run(task)


def _by_template(records: Sequence[EpisodeRecord]) -> Table:
    table = Table("template", "n", "strict", "official", "steps", "micro-$", "replans")
    for name, group in sorted(by_template(records).items()):
        row = summary_row(group)
        table.add_row(
            name,
            str(row.n),
            _share(row.strict, 2),
            _share(row.official, 2),
            f"{row.steps:.1f}",
            f"{row.micros:.0f}",
            f"{row.replans:.2f}",
        )
    return table


def _summary(records: Sequence[EpisodeRecord], split: Split) -> Table:
    row = summary_row(records)
    table = Table("split", split.value)
    table.add_row("templates", str(row.templates))
    table.add_row("episodes", f"{row.n}, {row.undecided} of them undecided")
    table.add_row("strict success (macro)", _share(row.strict, 3))
    table.add_row("  Wilson, 95 %", _interval(row.interval))
    table.add_row("  templates redrawn, 95 %", _interval(row.clustered))
    table.add_row("official success (macro)", _share(row.official, 3))
    table.add_row("micro-$", f"{row.micros:.0f}")
    table.add_row("P(cost ≤ 1.05 B)", f"{row.guarantee:.3f}")
    table.add_row("violations", f"{row.violations:.3f}")
    table.add_row("steps", f"{row.steps:.1f}")
    table.add_row("replans", f"{row.replans:.2f}")
    return table


def _interval(ends: Interval | None) -> str:
    return "undecided" if ends is None else f"{ends.low:.3f} - {ends.high:.3f}"


def _share(value: float | None, places: int) -> str:
    return "undecided" if value is None else f"{value:.{places}f}"


if __name__ == "__main__":
    main(tyro.cli(Options))
