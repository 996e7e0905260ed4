"""Run the experiments of docs/experiments.md and write it.

    python -m scripts.experiments                  all of them, about three minutes
    python -m scripts.experiments --n 48 --print   smaller, printed and not written

Rules and heuristics only: no model, no oracle. Every row names the command that gives it again.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import jinja2
import tyro
from rich.console import Console

from evaluation.comparisons import compare
from evaluation.grouping import by_template
from evaluation.metrics import cost
from evaluation.outcomes import summary_row
from evaluation.records import EpisodeRecord
from scripts.evaluate_rules import Options as Evaluation
from scripts.evaluate_rules import evaluate

_PAGE = Path("docs/experiments.md")
_TEMPLATE = Path(__file__).parent / "pages" / "experiments.md.jinja"
_SEED = 77
"""A sample that was not looked at while the rules were written."""


@dataclass(frozen=True)
class Options:
    """Run the experiments of docs/experiments.md and write it."""

    n: int = 208
    """Episodes of each generated split."""
    print: bool = False
    """Print the page and do not write it."""


def main(options: Options) -> None:
    """Runs every row and writes the page."""
    console = Console()
    runs = [
        Evaluation(split="official"),
        Evaluation(split="new_instances", n=options.n, seed=_SEED),
        Evaluation(split="new_skin", n=options.n, seed=_SEED),
        Evaluation(split="attacks", n=options.n, seed=_SEED),
        Evaluation(split="sealed", n=options.n, seed=_SEED),
    ]
    outcomes = [_records(run, console) for run in runs]
    guessed = [replace(run, guess=True) for run in runs]
    guesses = [_records(run, console) for run in guessed]
    explored = [replace(run, explore=True) for run in runs]
    again = [_records(run, console) for run in explored]
    page = _page(runs, outcomes, guesses, explored, again)
    if options.print:
        console.print(page, markup=False, highlight=False, soft_wrap=True)
    else:
        _PAGE.write_text(page, encoding="utf-8")
        console.print(f"written to {_PAGE}")


def _records(run: Evaluation, console: Console) -> list[EpisodeRecord]:
    return [one.record for one in evaluate(run, console)]


class _Template(NamedTuple):
    template: str
    n: int
    strict: int
    official: int


def _page(
    runs: list[Evaluation],
    outcomes: list[list[EpisodeRecord]],
    guesses: list[list[EpisodeRecord]],
    explored: list[Evaluation],
    again: list[list[EpisodeRecord]],
) -> str:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        commit=_commit(),
        runs=[
            {
                "split": run.split,
                "row": summary_row(seen),
                "guess": summary_row(guess).strict,
                "command": _command(run),
            }
            for run, seen, guess in zip(runs, outcomes, guesses, strict=True)
        ],
        official=_templates(outcomes[0]),
        explored=[
            {
                "split": run.split,
                "before": summary_row(before),
                "after": summary_row(after),
                "difference": compare(before, after, cost),
                "command": _command(run),
            }
            for run, before, after in zip(explored, outcomes, again, strict=True)
        ],
    )


def _templates(outcomes: list[EpisodeRecord]) -> list[_Template]:
    return [
        _Template(
            name,
            len(group),
            sum(one.strict is True for one in group),
            sum(one.official == 1.0 for one in group),
        )
        for name, group in sorted(by_template(outcomes).items(), key=lambda item: int(item[0]))
    ]


def _command(run: Evaluation) -> str:
    words = f"python -m scripts.evaluate_rules --split {run.split}"
    if run.split != "official":
        words += f" --n {run.n} --seed {run.seed}"
    return words + (" --explore" if run.explore else "")


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    main(tyro.cli(Options))
