"""Which official tasks the embedded sites host, and what their oracles score.

python -m scripts.hosted_tasks                           in-process browser, table on the screen
python -m scripts.hosted_tasks --browser both --write    writes docs/hosted_tasks.md
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple

import tyro
from rich.console import Console
from rich.progress import track

from core.errors import WorldError
from core.ports import Browser
from core.tasks import Task
from environment.browsers.chromium.browser import ChromiumBrowser, ChromiumConfig
from environment.browsers.in_process import InProcessBrowser
from environment.hosting import hosting_problem
from environment.http_server import LoopbackServer
from environment.judge import Judge, Verdict
from environment.oracles.official import oracle_of, unsatisfiable
from environment.oracles.rehearsal import rehearse
from environment.tasks.official import official_tasks
from environment.transports import DirectTransport
from environment.world_host import WorldHost

__all__ = ["BROWSERS", "Options", "Scores", "document", "main", "run_all"]

BROWSERS = ("in-process", "chromium")

DOCUMENT = Path(__file__).parent.parent / "docs" / "hosted_tasks.md"


@dataclass(frozen=True, slots=True)
class Options:
    """What to run."""

    browser: Literal["in-process", "chromium", "both"] = "in-process"
    """Where the oracles act."""
    write: bool = False
    """Write docs/hosted_tasks.md instead of printing a summary only."""


class Scores(NamedTuple):
    """What one oracle got in one browser."""

    official: float | None
    strict: bool
    note: str
    """Why it is not a full score; empty where it is."""


Results = Mapping[str, Mapping[str, Scores]]
"""Browser to task key to scores."""


def main(options: Options) -> None:
    """Runs the oracles and shows or writes the table."""
    console = Console()
    names = BROWSERS if options.browser == "both" else (options.browser,)
    hosted = [task for task in official_tasks() if not hosting_problem(task)]
    results = {name: asyncio.run(run_all(name, hosted, console)) for name in names}
    for name, scores in results.items():
        console.print(f"{name}: {_summary(scores)}")
        for key, score in scores.items():
            if score.note:
                console.print(
                    f"  task {key}: {score.note}", style="yellow", markup=False, soft_wrap=True
                )
    if options.write:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(document(official_tasks(), results), encoding="utf-8")
        console.print(f"written: {DOCUMENT.name}")


async def run_all(
    browser_name: str, tasks: Sequence[Task], console: Console | None = None
) -> dict[str, Scores]:
    """Runs each task's oracle in a browser and judges it.

    Args:
        browser_name: One of `BROWSERS`.
        tasks: Hosted official tasks.
        console: Where progress is shown; nowhere when absent.
    """
    judge = Judge()
    async with AsyncExitStack() as stack:
        stage = await _stage(browser_name, stack)
        shown = track(
            tasks,
            description=browser_name,
            console=console or Console(quiet=True),
            transient=True,
        )
        return {task.key: await _score(task, stage, judge) for task in shown}


def document(tasks: Sequence[Task], results: Results) -> str:
    """Renders docs/hosted_tasks.md.

    Args:
        tasks: All official tasks.
        results: What the oracles of the hosted ones got.
    """
    hosted = [task for task in tasks if not hosting_problem(task)]
    templates = len({task.template for task in hosted})
    lines = [
        "# Official tasks that the embedded sites host",
        "",
        f"{len(hosted)} of the {len(tasks)} tasks of WebArena-Verified, in {templates} templates,",
        "run on the embedded sites. Scores on them are *embedded-hosted*; they are no WebArena",
        "score. Every row below is the score of the task's oracle, which acts through pages only.",
        "",
        "*Official* is the score of WebArena-Verified's own evaluators. *Strict* also compares the",
        "final state with what the task asks for, and finds side effects.",
        "",
        "Made by `python -m scripts.hosted_tasks --browser both --write`.",
        "",
        *(f"* {name}: {_summary(scores)}" for name, scores in results.items()),
        "",
        "## By template",
        "",
        *_template_table(hosted, results),
        "",
        "## By task",
        "",
        *_task_table(hosted, results),
        "",
        "## Not hosted",
        "",
        *_not_hosted(tasks),
        "",
    ]
    return "\n".join(lines)


class _Stage:
    """A browser together with the way that worlds are put before it."""

    def __init__(self, server: LoopbackServer | None, chromium: Browser | None) -> None:
        self._server = server
        self._chromium = chromium

    async def run(self, task: Task, judge: Judge) -> Verdict:
        """Runs and judges the oracle of a task on fresh worlds."""
        episode = f"task-{task.key}"
        urls = self._server.base_urls(episode, task.sites) if self._server else None
        host = WorldHost.open(task.worlds, base_urls=urls)
        if self._server is not None:
            self._server.attach(episode, host)
        try:
            browser = self._chromium or InProcessBrowser(DirectTransport(host))
            response = await rehearse(task, oracle_of(task.key), browser, host)
            return judge.judge(task, host, response)
        finally:
            if self._server is not None:
                self._server.detach(episode)
            host.close()


async def _stage(browser_name: str, stack: AsyncExitStack) -> _Stage:
    if browser_name == "in-process":
        return _Stage(None, None)
    server = LoopbackServer()
    server.start()
    stack.callback(server.stop)
    chromium = await ChromiumBrowser.launch(ChromiumConfig())
    stack.push_async_callback(chromium.close)
    return _Stage(server, chromium)


async def _score(task: Task, stage: _Stage, judge: Judge) -> Scores:
    try:
        verdict = await stage.run(task, judge)
    except WorldError as error:
        return Scores(None, False, f"{type(error).__name__}: {error}")
    if verdict.official == 1.0 and verdict.strict:
        return Scores(1.0, True, "")
    return Scores(verdict.official, verdict.strict, unsatisfiable(task) or _why(verdict))


def _why(verdict: Verdict) -> str:
    return verdict.error or "; ".join(verdict.reasons[:2])


def _summary(scores: Mapping[str, Scores]) -> str:
    official = sum(score.official == 1.0 for score in scores.values())
    strict = sum(score.strict for score in scores.values())
    both = sum(score.official == 1.0 and score.strict for score in scores.values())
    return (
        f"{len(scores)} tasks run, official {official}, strict {strict}, official and strict {both}"
    )


def _template_table(hosted: Sequence[Task], results: Results) -> Iterator[str]:
    yield "| site | template | intent | tasks |" + "".join(f" {name} |" for name in results)
    yield "|---|---|---|---|" + "---|" * len(results)
    by_template = sorted(hosted, key=lambda task: (task.sites, int(task.template)))
    for (sites, template), group in groupby(by_template, lambda t: (t.sites, t.template)):
        tasks = list(group)
        text = _cell(str(tasks[0].verified["intent_template"]))
        cells = [", ".join(sites), template, text, str(len(tasks))]
        cells += [_ratio(tasks, scores) for scores in results.values()]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield "Cells: tasks with full score by official evaluators / by the strict judge."


def _ratio(tasks: Sequence[Task], scores: Mapping[str, Scores]) -> str:
    official = sum(scores[task.key].official == 1.0 for task in tasks)
    return f"{official} / {sum(scores[task.key].strict for task in tasks)}"


def _task_table(hosted: Sequence[Task], results: Results) -> Iterator[str]:
    yield "| task | template |" + "".join(f" {name} |" for name in results) + " note |"
    yield "|---|---|" + "---|" * len(results) + "---|"
    for task in hosted:
        scores = [results[name][task.key] for name in results]
        cells = [f"{_digit(score.official)} / {_digit(score.strict)}" for score in scores]
        note = _cell("; ".join(dict.fromkeys(score.note for score in scores if score.note)))
        yield f"| {task.key} | {task.template} | {' | '.join(cells)} | {note} |"
    yield ""
    yield "Cells: official score / strict score; `-` where the evaluators could not decide."


def _digit(score: float | None) -> str:
    return "-" if score is None else str(int(score))


def _not_hosted(tasks: Sequence[Task]) -> Iterator[str]:
    yield "| sites | tasks | reason |"
    yield "|---|---|---|"
    problems = Counter((", ".join(sorted(task.sites)), hosting_problem(task)) for task in tasks)
    for (sites, problem), count in sorted(problems.items()):
        if problem:
            yield f"| {sites} | {count} | {_cell(problem)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:200]


if __name__ == "__main__":
    main(tyro.cli(Options))
