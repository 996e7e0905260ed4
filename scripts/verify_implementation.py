"""Check an installation end to end in under a minute, and say what is missing.

    python -m scripts.verify_implementation
    python -m scripts.verify_implementation --skip ray chromium

Each check does the real thing: a ledger is driven over its cap, a world is built, a task is solved
and judged. What is optional and missing is told with the command that installs it; it is no error.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import tyro
from rich.console import Console

if TYPE_CHECKING:
    from environment.world_host import WorldHost

_PACKAGES = ("ray", "pydantic", "networkx", "msgpack", "selectolax", "webarena-verified")
_TASK = "404"
_BUDGET = 0.005


@dataclass(frozen=True)
class Options:
    """Check an installation end to end in under a minute, and say what is missing."""

    skip: tuple[str, ...] = ()
    """Checks to leave out: python, ledger, site, judge, planner, ray, chromium, torch."""
    address: str = field(default_factory=lambda: os.environ.get("RAY_ADDRESS", "local"))
    """`local` starts a Ray of its own; `auto` or an address joins a running one."""


class MissingPartError(Exception):
    """Something optional is not here; the text says how to get it."""


def check_python() -> str:
    """Versions are ones that the project is made for."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise RuntimeError(f"Python 3.11 to 3.13 is needed, this is {sys.version.split()[0]}")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES]
    return f"Python {sys.version.split()[0]}, " + ", ".join(versions)


def check_ledger() -> str:
    """A ledger refuses what its cap does not hold."""
    from core.budget import BudgetTracker, Refused, Reservation

    ledger = BudgetTracker(0.001)
    first = ledger.reserve("a", 800, holder="check")
    second = ledger.reserve("b", 800, holder="check")
    if not isinstance(first, Reservation) or not isinstance(second, Refused):
        raise RuntimeError(f"cap 1000, asked 800 twice, got {first} and {second}")
    ledger.settle("a", 300)
    ledger.check_invariants()
    return f"refused 800 of 1000 after 800 was reserved; {ledger.available} free now"


def check_site() -> str:
    """A world is built, and the in-process browser reads a page of it."""
    from environment.browsers.in_process import InProcessBrowser
    from environment.transports import DirectTransport

    with _host(_TASK) as (host, cookies):
        browser = InProcessBrowser(DirectTransport(host))
        page = browser.open_now(host.base_url("reddit") + "/", session="check", cookies=cookies)
        seen = page.observe_now()
        if seen.status != 200 or len(seen.elements) < 20:
            raise RuntimeError(f"front page: status {seen.status}, {len(seen.elements)} elements")
        return f"{seen.title!r} with {len(seen.elements)} elements"


def check_judge() -> str:
    """An oracle is scored full by both judges, and doing nothing is not."""
    from environment.judge import judge
    from environment.judge.references import run_in_process
    from environment.oracles.official import oracle_of
    from environment.tasks.loader import load_task
    from environment.world_host import WorldHost

    task = load_task(_TASK)
    host = WorldHost.open(task.worlds)
    answer = run_in_process(task, oracle_of(_TASK), host)
    good = judge(task, host, answer)
    host.restore()
    idle = judge(task, host, answer)
    host.close()
    if good.official != 1.0 or not good.strict or idle.strict:
        raise RuntimeError(f"oracle: {good}; doing nothing: {idle}")
    return "oracle: official 1.0, strict yes; doing nothing: strict no"


def check_planner() -> str:
    """The rules make a valid plan with more than one node."""
    from environment.tasks.loader import load_task
    from planner.requests import PlanRequest
    from planner.rules import RulesPlanner
    from planner.validator import PlanContext, find_flaws
    from policies.profiles import DEFAULT_POOL

    task = load_task(_TASK).public({"reddit": "http://reddit.localhost"})
    request = PlanRequest(task=task, agents=DEFAULT_POOL, budget=5_000)
    plan = RulesPlanner().plan(request)
    flaws = find_flaws(plan, PlanContext.of(request))
    if flaws or len(plan.nodes) < 2:
        raise RuntimeError(f"{len(plan.nodes)} nodes, flaws: {flaws}")
    return " -> ".join(f"{node.subgoal.verb} {node.subgoal.object}" for node in plan.nodes)


def check_ray(address: str) -> str:
    """Actors start, solve a task under a budget, and stop."""
    from actors.assembly import default_assembly
    from actors.pool import RayConfig
    from actors.system import Call, System
    from environment.tasks.loader import load_task

    with (
        tempfile.TemporaryDirectory() as runs,
        System.start(
            default_assembly(), runs=Path(runs), config=RayConfig(address=address)
        ) as system,
    ):
        result = system.solve(Call(task=load_task(_TASK), budget=_BUDGET))
    verdict = result.verdict or {}
    if not verdict.get("strict"):
        raise RuntimeError(f"task {_TASK}: {result.reason}; verdict {verdict}")
    return f"task {_TASK} solved in {result.wall_s:.1f} s for {result.spent} micro-dollars"


def check_chromium() -> str:
    """A Chromium starts and sees what the in-process browser sees."""
    import asyncio

    try:
        from environment.browsers.chromium.browser import ChromiumBrowser
    except ImportError as error:
        raise MissingPartError("pip install '.[browser]'") from error
    from core.errors import BrowserUnavailableError
    from environment.http_server import LoopbackServer

    async def title() -> str:
        server = LoopbackServer()
        server.start()
        urls = server.base_urls("check", ["reddit"])
        with _host(_TASK, urls) as (host, cookies):
            server.attach("check", host)
            browser = await ChromiumBrowser.launch()
            page = await browser.open(urls["reddit"], session="check", cookies=cookies)
            seen = await page.observe()
            await browser.close()
            server.stop()
        return f"{seen.title!r} with {len(seen.elements)} elements"

    try:
        return asyncio.run(title())
    except BrowserUnavailableError as error:
        raise MissingPartError(str(error)) from error


def check_torch() -> str:
    """Only training needs it."""
    try:
        return f"torch {importlib.metadata.version('torch')}"
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingPartError("only training needs it: make train installs it") from error


def main(options: Options) -> int:
    """Returns 0 when everything that is needed works."""
    console = Console()
    failed = 0
    for name, check in _checks(options).items():
        if name in options.skip:
            continue
        started = time.monotonic()
        try:
            with console.status(f"{name} ..."):
                text, mark = check(), "[green]✔[/green]"
        except MissingPartError as error:
            text, mark = f"not here: {error}", "[yellow]○[/yellow]"
        except Exception as error:  # noqa: BLE001 - the edge: a failed check is a line, not an end
            text, mark = f"[red]{type(error).__name__}: {error}[/red]", "[red]✘[/red]"
            failed += 1
        took = time.monotonic() - started
        console.print(f"{mark} {name:9} {text} [dim]({took:.1f} s)[/dim]", highlight=False)
    console.print("[red]not usable as it is[/red]" if failed else "[green]ready[/green]")
    return 1 if failed else 0


@contextmanager
def _host(
    key: str, base_urls: dict[str, str] | None = None
) -> Iterator[tuple[WorldHost, list[tuple[str, str, str]]]]:
    from environment.tasks.loader import load_task
    from environment.world_host import WorldHost

    task = load_task(key)
    host = WorldHost.open(task.worlds, base_urls=base_urls)
    try:
        yield host, host.cookies_for(task.user)
    finally:
        host.close()


def _checks(options: Options) -> dict[str, Callable[[], str]]:
    return {
        "python": check_python,
        "ledger": check_ledger,
        "site": check_site,
        "judge": check_judge,
        "planner": check_planner,
        "ray": partial(check_ray, options.address),
        "chromium": check_chromium,
        "torch": check_torch,
    }


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
