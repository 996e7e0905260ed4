"""Solve WebArena tasks under a budget, and watch it happen.

python -m scripts.solve                              a handful of official tasks
python -m scripts.solve --task 27 404                official tasks by number
python -m scripts.solve --task reddit.TEMPLATE:7@train
python -m scripts.solve --file tasks.jsonl           tasks in WebArena-Verified's schema
python -m scripts.solve --intent "..." --url http://localhost:8000     any site, with Chromium
python -m scripts.solve --list                       what can be solved here
python -m scripts.solve --model gpt-4o-mini --budget 0.05              a language model plans
python -m scripts.solve --model local:qwen2.5 --model-url http://127.0.0.1:11434/v1 --price 0,0
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import tyro
from pydantic import JsonValue
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from core.budget import MICROS_PER_DOLLAR, dollars, micros
from core.errors import CallerError, WorldError
from core.tasks import ResponseStatus, Task

if TYPE_CHECKING:
    from actors.journal import EventEnvelope
    from actors.system import SolveResult, System
    from planner.prices import ModelPrices
    from scripts.solve_view import EpisodeBoard, ModelUse

_HANDFUL = ("27", "399", "404", "610", "716", "reddit.upvote_newest_in_three:3@train")
"""Five official tasks (a question, a biography, a vote, a post with a comment, three votes) and a
generated one whose branches run side by side."""
_DEADLINE_S = 120.0
"""Seconds for one task."""
_MODEL_DEADLINE_S = 600.0
"""The same where a model is asked."""
_PERSON_DEADLINE_S = 7_200.0
"""The same where a person is asked."""
_LOOK_S = 0.1
"""Seconds between two looks at the ledger, and between two at questions."""


@dataclass(frozen=True)
class Options:
    """Solve WebArena tasks under a budget, and watch it happen."""

    task: tuple[str, ...] = ()
    """Keys: official numbers (27) or generated tasks (reddit.TEMPLATE:SEED@SPLIT)."""
    file: Path | None = None
    """A JSON or JSONL file of tasks in WebArena-Verified's schema."""
    intent: str = ""
    """What to do on --url, in words; needs a Chromium."""
    url: str = ""
    """Where to start; any site."""
    budget: float = 0.005
    """Dollars for each task. Nothing beyond it can be spent."""
    browser: Literal["in-process", "chromium"] = "in-process"
    """What the agents act in."""
    agents: int = 4
    """Web agents of the pool, 1 to 4."""
    replanning: bool = True
    """Whether a running plan may change."""
    confirm_replans: bool = False
    """Whether you are asked before a running plan changes."""
    model: str = "rules"
    """`rules`, or a language model that plans and helps agents: gpt-..., claude-..., gemini-...,
    local:NAME; several with commas, best first. Keys come from OPENAI_API_KEY, ANTHROPIC_API_KEY,
    GOOGLE_API_KEY; without a key the rules plan."""
    model_url: str = ""
    """Where a local: model is served, for instance http://127.0.0.1:11434/v1."""
    price: str = ""
    """IN,OUT in dollars per million tokens, for a model that is in no price table (0,0: free)."""
    method: Literal["", "p3o", "ppo_lagrangian", "macpo"] = ""
    """Whose trained policy decides about plans, and which word about money a model is given."""
    explore: bool = True
    """Whether embedded sites are looked around once, so that agents know their addresses."""
    seed: int = 0
    """Seed of the episodes."""
    runs: Path = Path("runs")
    """Each run gets a folder of its own here: event log, configuration, plans that worked."""
    address: str = field(default_factory=lambda: os.environ.get("RAY_ADDRESS", "local"))
    """`local` starts a Ray of its own; `auto` or an address joins a running one."""
    list: bool = False
    """Show what can be solved here, and stop."""


def main(options: Options) -> int:
    """Returns 0 when all is solved, 1 when not, 2 for a mistake in the call, 3 for the world."""
    console = Console()
    try:
        if options.list:
            _show_tasks(console)
            return 0
        micros(options.budget)  # a budget that is none is told before anything starts
        _tell_about_model(options, console)
        tasks = _tasks(options)
        return _solve(tasks, options, console)
    except CallerError as error:
        console.print(f"[red]solve:[/red] {error}", markup=True, highlight=False)
        return 2
    except WorldError as error:
        console.print(f"[red]solve:[/red] {error}", highlight=False)
        return 3


def _tasks(options: Options) -> tuple[Task, ...]:
    from environment.hosting import is_hosted
    from environment.tasks.loader import load_task, load_task_file

    if bool(options.intent) != bool(options.url):
        raise CallerError("--intent and --url belong together: what to do, and where to start")
    if options.intent:
        from environment.tasks.anywhere import task_anywhere

        return (task_anywhere(options.intent, options.url),)
    if options.file is not None:
        tasks = load_task_file(options.file)
    else:
        tasks = tuple(load_task(key) for key in options.task or _HANDFUL)
    for task in tasks:
        if not is_hosted(task):
            raise CallerError(
                f"task {task.key} needs {', '.join(task.sites)}, which is not embedded here; "
                "--list shows what is"
            )
    return tasks


def _solve(tasks: tuple[Task, ...], options: Options, console: Console) -> int:
    from scripts.solve_view import ModelUse

    started = time.monotonic()
    with console.status("starting Ray and the agents ..."):
        system = _start(options)
    with system:
        console.print(
            f"[dim]{len(system.pool.agents)} agents on Ray after "
            f"{time.monotonic() - started:.1f} s; events in {_shown(system.folder)}[/dim]"
        )
        asked = ModelUse()
        results = [_one(system, task, options, console, asked) for task in tasks]
    _summary(tasks, results, console)
    if options.model.strip() != "rules":
        console.print(f"[dim]{escape(asked.told())}[/dim]", highlight=False)
    return 0 if all(map(is_solved, tasks, results)) else 1


def is_solved(task: Task, result: SolveResult) -> bool:
    """Returns whether the judge says so; where nobody can judge, whether the agents do."""
    if task.verified:
        return bool(result.verdict and result.verdict["strict"])
    return result.response is not None and result.response.status is ResponseStatus.SUCCESS


def _prices(options: Options) -> dict[str, ModelPrices]:
    from planner.prices import parse_price

    if not options.price:
        return {}
    return dict.fromkeys(map(str.strip, options.model.split(",")), parse_price(options.price))


def _approvals(options: Options) -> Path | None:
    """Returns the folder for questions to the person at this terminal, empty at the start."""
    if not options.confirm_replans:
        return None
    return options.runs.resolve() / "approvals" / str(os.getpid())


def _tell_about_model(options: Options, console: Console) -> None:
    """Says before anything starts which model cannot be asked, and why.

    Raises:
        ConfigurationError: A name, an address or a price is wrong.
    """
    from actors.models import model_config, model_note

    if options.model.strip() == "rules":
        if options.price or options.model_url:
            raise CallerError("--price and --model-url are about a --model")
        return
    model = model_config(options.model, url=options.model_url, prices=_prices(options))
    note = "" if model is None else model_note(model)
    if note:
        console.print(f"[yellow]model:[/yellow] {escape(note)}", highlight=False)


def _start(options: Options) -> System:
    from actors.assembly import default_assembly
    from actors.pool import RayConfig
    from actors.system import System

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    assembly = default_assembly(
        num_agents=options.agents,
        enable_replanning=options.replanning,
        browser="chromium" if options.intent else options.browser,
        allow=(urlsplit(options.url).netloc,) if options.intent else ("*.localhost",),
        plans_file=options.runs.resolve() / "plans.msgpack",
        model=options.model,
        model_url=options.model_url,
        prices=_prices(options),
        method=options.method,
        approvals=_approvals(options),
    )
    return System.start(assembly, runs=options.runs, config=RayConfig(address=options.address))


def _one(
    system: System, task: Task, options: Options, console: Console, asked: ModelUse
) -> SolveResult:
    from actors.system import Call
    from environment.judge.verdict import Verdict
    from scripts.solve_view import EpisodeBoard

    board = EpisodeBoard(title=f"task {task.key}", intent=task.intent)
    watcher = _Watcher(system, board)
    call = Call(
        task=task,
        budget=options.budget,
        seed=options.seed,
        deadline_s=_deadline_s(options),
        site_notes=_site_notes(task, options),
        is_judged=bool(task.verified),
    )
    with (
        Live(board, console=console, refresh_per_second=8, vertical_overflow="visible") as live,
        _asking(options, live, console),
    ):
        result = system.solve(call, on_event=watcher.see)
        board.ending = board.ending or f"lost: {result.reason}"
        if result.verdict is not None:
            board.verdict = Verdict.model_validate(result.verdict)
        live.refresh()
    console.print()
    asked.add(board.model)
    return result


def _site_notes(task: Task, options: Options) -> dict[str, dict[str, JsonValue]]:
    from actors.site_memory import SiteMemory

    if not options.explore:
        return {}
    return SiteMemory(options.runs.resolve() / "site_notes.json").notes_for(task)


def _deadline_s(options: Options) -> float:
    if options.confirm_replans:
        return _PERSON_DEADLINE_S
    return _DEADLINE_S if options.model.strip() == "rules" else _MODEL_DEADLINE_S


@contextmanager
def _asking(options: Options, live: Live, console: Console) -> Iterator[None]:
    """Puts questions about new plans to the person at this terminal while an episode runs."""
    folder = _approvals(options)
    if folder is None:
        yield
        return
    is_over = threading.Event()
    asking = threading.Thread(target=_ask_until, args=(is_over, folder, live, console), daemon=True)
    asking.start()
    try:
        yield
    finally:
        is_over.set()
        asking.join(_LOOK_S * 5)
        shutil.rmtree(folder, ignore_errors=True)


def _ask_until(is_over: threading.Event, folder: Path, live: Live, console: Console) -> None:
    from actors.approvals import answer, open_questions

    while not is_over.wait(_LOOK_S):
        for question in open_questions(folder):
            live.stop()
            console.print(f"\n{escape(question.text)}", highlight=False)
            try:
                said = console.input("[bold]Change the plan? \\[y/N] [/bold]")
            except EOFError:  # nobody is there to say yes
                said = ""
            answer(question, said.strip().lower() in ("y", "yes"))
            live.start(refresh=True)


@dataclass(slots=True)
class _Watcher:
    """Feeds the board with events, and with a look at the ledger now and then."""

    system: System
    board: EpisodeBoard
    looked: float = 0.0

    def see(self, envelope: EventEnvelope) -> None:
        """Takes in one event."""
        self.board.apply(envelope.body)
        now = time.monotonic()
        if now - self.looked > _LOOK_S:
            self.looked = now
            money = self.system.money(envelope.body.episode)
            if money is not None:
                self.board.take_money(spent=money.spent, reserved=money.reserved)


def _summary(tasks: tuple[Task, ...], results: list[SolveResult], console: Console) -> None:
    table = Table(title="Summary", title_justify="left", box=None)
    for name in ("task", "official", "strict", "spent", "of", "replans", "seconds"):
        table.add_column(name, justify="left" if name == "task" else "right")
    for task, result in zip(tasks, results, strict=True):
        verdict = result.verdict or {}
        table.add_row(
            task.key,
            str(verdict.get("official", "")),
            _yes_or_no(verdict.get("strict")),
            dollars(result.spent),
            f"{result.spent / max(result.budget, 1):.0%}",
            str(result.replans),
            f"{result.wall_s:.1f}",
        )
    console.print(table)
    total = sum(result.spent for result in results)
    console.print(f"[dim]spent {dollars(total)} ({total} of 1/{MICROS_PER_DOLLAR} dollar)[/dim]")


def _yes_or_no(strict: JsonValue) -> str:
    if strict is None:
        return "not judged"
    return "[green]yes[/green]" if strict else "[red]no[/red]"


def _show_tasks(console: Console) -> None:
    from core.tasks import Split
    from environment.hosting import is_hosted
    from environment.tasks.generated import templates
    from environment.tasks.loader import official_tasks

    table = Table(title="Official tasks hosted here", title_justify="left", box=None)
    table.add_column("key", justify="right")
    table.add_column("intent", overflow="ellipsis", no_wrap=True)
    for task in official_tasks():
        if is_hosted(task):
            table.add_row(task.key, task.intent)
    console.print(table)
    names = templates(Split.TRAIN)
    console.print(f"\n{len(names)} generated templates, each with any seed:")
    console.print("  " + "\n  ".join(f"reddit.{name}:SEED@train" for name in names))


def _shown(folder: Path) -> str:
    return str(folder.relative_to(Path.cwd())) if folder.is_relative_to(Path.cwd()) else str(folder)


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
