"""Two browsers that see the same, and two ways to run that do the same.

name                      how
pages that differ         pages of the generated forum, opened in both browsers by a signed-in user:
                          addresses are collected by following every link in process, then drawn in
                          turn from each kind of page
folds that differ         the same tasks and seeds solved on Ray and in this process, events folded
results that differ       the same for plans with branches that run side by side, where it is a
                          matter of time which idle agent stands in for a busy one, and so what that
                          costs: plans, what each node gave, and the answer are compared
"""

from __future__ import annotations

import asyncio
import random
import re
import tempfile
from collections import defaultdict, deque
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from actors.assembly import Assembly, default_assembly
from actors.event_log import read_log
from actors.folds import EpisodeFold, fold_episode
from actors.in_process import EpisodeSetup, Minds, run_episode
from actors.journal import EventEnvelope
from actors.system import Call, System
from core.events import SubtaskSucceeded
from core.pages import Goto, Observation
from core.ports import Browser
from core.tasks import Task, WorldSpec
from environment.browsers.chromium.browser import ChromiumBrowser, ChromiumConfig
from environment.browsers.in_process import InProcessBrowser
from environment.hosting import is_hosted
from environment.http_server import LoopbackServer
from environment.tasks.loader import load_task, official_tasks
from environment.transports import DirectTransport
from environment.world_host import WorldHost
from scripts.bench.figures import Figure

__all__ = ["drawn_by_kind", "kind_of", "measure"]

_PAGES = 250
"""Pages compared in each skin."""
_WORLD = WorldSpec(profile="generated", seed=7, attacks=True)
_SKINS = ("plain", "modern")
_FORKS = tuple(
    f"reddit.{name}:{seed}@train"
    for name in ("upvote_newest_in_three", "more_subscribers")
    for seed in (3, 4, 5)
)
_BUDGET = 0.005
_BASE = "http://reddit.localhost"


def measure() -> list[Figure]:
    """Compares pages and episodes; starts a Chromium and a Ray of its own. About two minutes."""
    figures = []
    for skin in _SKINS:
        reachable = _reachable(skin)
        chosen = drawn_by_kind(reachable, _PAGES, seed=1)
        kinds = len({kind_of(path) for path in reachable})
        differing = asyncio.run(_differing(skin, chosen))
        name = (
            f"pages that differ between the browsers, skin {skin}: {len(chosen)} compared, "
            f"of each of {kinds} kinds, {len(reachable)} reachable"
        )
        figures.append(_none_of(name, "pages", differing, len(chosen)))
    return [*figures, *_folds()]


def _folds() -> list[Figure]:
    straight, forked = _one_of_each_template(), [load_task(key) for key in _FORKS]
    pairs = _folded_twice([*straight, *forked])
    folds = [key for key, one, other in pairs[: len(straight)] if one != other]
    results = [
        key for key, one, other in pairs[len(straight) :] if _results(one) != _results(other)
    ]
    return [
        _none_of(
            "episodes whose fold of events differs between Ray and this process",
            "episodes",
            folds,
            len(straight),
        ),
        _none_of(
            "the same with parallel branches: plans, values of nodes or answers that differ",
            "episodes",
            results,
            len(forked),
        ),
    ]


def kind_of(path: str) -> str:
    """Returns what an address has in common with those that show the same kind of page."""
    path, _, query = path.partition("?")
    path = re.sub(r"^/(f|user)/[^/]+", r"/\1/X", path)
    path = re.sub(r"/\d+(/[^/]+)?", "/N", path, count=1)
    names = sorted(pair.partition("=")[0] for pair in query.split("&"))
    return re.sub(r"\d+", "N", path) + "?" + "&".join(names)


def drawn_by_kind(paths: Iterable[str], number: int, *, seed: int) -> list[str]:
    """Returns up to `number` addresses, as evenly from all kinds as there are."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        kinds[kind_of(path)].append(path)
    rng = random.Random(seed)
    for group in kinds.values():
        rng.shuffle(group)
    chosen: list[str] = []
    while len(chosen) < number and any(kinds.values()):
        chosen += [group.pop() for group in kinds.values() if group]
    return chosen[:number]


def _none_of(name: str, unit: str, differing: list[str], n: int) -> Figure:
    figure = Figure(name=name, value=len(differing), unit=unit, target="<= 0", n=n)
    if differing:
        figure["spread"] = "; ".join(differing[:5])
    return figure


def _reachable(skin: str) -> set[str]:
    """Returns every address that links lead to from the front page."""
    host = WorldHost.open({"reddit": _WORLD}, skin=skin)
    browser = InProcessBrowser(DirectTransport(host))
    page = browser.open_now(_BASE + "/", session="crawl", cookies=host.cookies_for(None))
    found, waiting = {"/"}, deque(["/"])
    while waiting:
        for path in _links(page.act_now(Goto(waiting.popleft()))):
            if path not in found:
                found.add(path)
                waiting.append(path)
    host.close()
    return found


def _links(seen: Observation) -> list[str]:
    links = [element.href.partition("#")[0] for element in seen.elements if element.role == "link"]
    return [path for path in links if path.startswith("/") and not path.startswith("/logout")]


async def _differing(skin: str, paths: list[str]) -> list[str]:
    """Returns the addresses whose observations are not equal."""
    server = LoopbackServer()
    server.start()
    chromium = await ChromiumBrowser.launch(ChromiumConfig(allow=("*.localhost",)))
    urls = server.base_urls("same", ["reddit"])
    hosts = [WorldHost.open({"reddit": _WORLD}, base_urls=urls, skin=skin) for _ in range(2)]
    server.attach("same", hosts[1])
    try:
        browsers: tuple[Browser, Browser] = (InProcessBrowser(DirectTransport(hosts[0])), chromium)
        ours, theirs = [
            await browser.open(urls["reddit"] + "/", session="same", cookies=host.cookies_for(None))
            for browser, host in zip(browsers, hosts, strict=True)
        ]
        return [
            path for path in paths if await ours.act(Goto(path)) != await theirs.act(Goto(path))
        ]
    finally:
        await chromium.close()
        server.stop()
        for host in hosts:
            host.close()


def _one_of_each_template() -> list[Task]:
    first: dict[str, Task] = {}
    for task in official_tasks(("reddit",)):
        if is_hosted(task):
            first.setdefault(task.template, task)
    return list(first.values())


class _Pair(NamedTuple):
    key: str
    on_ray: EpisodeFold
    here: EpisodeFold


def _folded_twice(tasks: list[Task]) -> list[_Pair]:
    assembly = default_assembly()
    there: list[tuple[str, EpisodeFold]] = []
    with (
        tempfile.TemporaryDirectory() as runs,
        System.start(assembly, runs=Path(runs)) as system,
    ):
        there = [_on_ray(system, task) for task in tasks]
    minds = Minds.of(assembly)  # with one plan cache for all, as on Ray
    return [
        _Pair(task.key, fold, _here(assembly, minds, task, episode))
        for task, (episode, fold) in zip(tasks, there, strict=True)
    ]


def _results(fold: EpisodeFold) -> tuple[object, ...]:
    values = {
        event.node: event.outputs
        for events in fold.nodes.values()
        for event in events
        if isinstance(event, SubtaskSucceeded)
    }
    return fold.plans, values, fold.response, fold.repairs


def _on_ray(system: System, task: Task) -> tuple[str, EpisodeFold]:
    seen: list[EventEnvelope] = []
    call = Call(task=task, budget=_BUDGET, is_judged=False)
    episode = system.solve(call, on_event=seen.append).episode
    return episode, fold_episode([*seen, *read_log(system.folder, "budget")], episode)


def _here(assembly: Assembly, minds: Minds, task: Task, episode: str) -> EpisodeFold:
    host = assembly.world(task, {})
    setup = EpisodeSetup(
        episode=episode,
        task=task.public({site: host.base_url(site) for site in task.sites}),
        budget=_BUDGET,
        cookies=tuple(host.cookies_for(task.user)),
    )
    events: list[EventEnvelope] = []
    browser = InProcessBrowser(DirectTransport(host))
    run_episode(setup, assembly, browser, minds=minds, on_event=events.append)
    host.close()
    return fold_episode(events, episode)
