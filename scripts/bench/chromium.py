"""What a step in a real Chromium costs, in CPU-seconds of every process involved.

Counted: this process (with the site, its server and the browser's client), Playwright's driver and
every Chromium process, those that ended meanwhile too.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from core.pages import Back, BrowserAction, Click, Fill, Goto, Observation
from core.ports import Page
from environment.browsers.chromium.browser import ChromiumBrowser, ChromiumConfig
from environment.http_server import LoopbackServer
from environment.sites.contract import WorldSpec
from environment.world_host import WorldHost
from scripts.bench.figures import Figure, spread

__all__ = ["measure"]

_ROUNDS = 8
_WARM_UP = 2
_CONTEXTS = 16
_TICKS = os.sysconf("SC_CLK_TCK")

Step = Callable[[], Awaitable[object]]


def measure() -> list[Figure]:
    """Measures navigation, in-page steps, reset and memory; takes about a minute."""
    server = LoopbackServer()
    server.start()
    try:
        return asyncio.run(_measure(_Episodes(server)))
    finally:
        server.stop()


class _Episodes:
    """Fresh episodes of the forum on one server."""

    def __init__(self, server: LoopbackServer) -> None:
        self._server = server
        self._count = 0

    def start(self) -> tuple[str, str, list[tuple[str, str, str]]]:
        """Starts an episode; returns its name, its base URL and a user's cookies."""
        self._count += 1
        name = f"e{self._count}"
        urls = self._server.base_urls(name, ["reddit"])
        host = WorldHost.open({"reddit": WorldSpec()}, base_urls=urls)
        self._server.attach(name, host)
        return name, urls["reddit"], host.cookies_for(None)


async def _measure(episodes: _Episodes) -> list[Figure]:
    browser = await ChromiumBrowser.launch(ChromiumConfig(allow=("*.localhost",)))
    try:
        name, url, cookies = episodes.start()
        page = await browser.open(url + "/", session=name, cookies=cookies)
        navigation = await _cpu_s_each(_navigation(page))
        in_page = await _cpu_s_each(_in_page(page))
        resets = await _cpu_s_each(_resets(browser, episodes, name))
        memory = await _contexts_gb(browser, episodes)
    finally:
        await browser.close()
    return [
        _figure("Chromium, navigation step", navigation, "<= 0.11"),
        _figure("Chromium, in-page step", in_page, "<= 0.03"),
        _figure("Chromium, reset (end_session + open)", resets, "<= 0.15"),
        Figure(
            name=f"Chromium, PSS of {_CONTEXTS} contexts with a page each",
            value=memory,
            unit="GB",
            target="<= 2",
            n=1,
        ),
    ]


def _figure(name: str, samples: list[float], target: str) -> Figure:
    mean = sum(samples) / len(samples)
    return Figure(
        name=name,
        value=mean,
        unit="CPU-s",
        target=target,
        n=len(samples),
        spread=spread(samples),
    )


def _navigation(page: Page) -> Iterator[Step]:
    """Listing, thread by its link, back, another listing: each is one navigation."""

    async def thread() -> Observation:
        seen = await page.observe()
        links = [i for i, e in enumerate(seen.elements) if e.role == "link" and "/f/" in e.href]
        deepest = max(links, key=lambda i: seen.elements[i].href.count("/"))
        return await page.act(Click(deepest))

    def act(action: BrowserAction) -> Step:
        return lambda: page.act(action)

    for _ in range(_ROUNDS + _WARM_UP):
        yield act(Goto("/"))
        yield thread
        yield act(Back())
        yield act(Goto("/forums"))


def _in_page(page: Page) -> Iterator[Step]:
    """Fills a search box on a listing, clicks into it and clicks a text area of the page."""

    async def fill() -> Observation:
        seen = await page.observe()
        boxes = [i for i, e in enumerate(seen.elements) if e.role == "textbox"]
        return await page.act(Fill(boxes[0], "what to look for"))

    async def click() -> Observation:
        seen = await page.observe()
        boxes = [i for i, e in enumerate(seen.elements) if e.role == "textbox"]
        return await page.act(Click(boxes[0]))

    for _ in range(2 * (_ROUNDS + _WARM_UP)):
        yield fill
        yield click


def _resets(browser: ChromiumBrowser, episodes: _Episodes, first: str) -> Iterator[Step]:
    """Ends a session and opens the next one, on an episode that waits for it."""
    started = [episodes.start() for _ in range(4 * (_ROUNDS + _WARM_UP))]
    names = [first, *(name for name, _, _ in started)]

    def reset(old: str, new: str, url: str, cookies: list[tuple[str, str, str]]) -> Step:
        async def end_and_open() -> None:
            await browser.end_session(old)
            await browser.open(url + "/", session=new, cookies=cookies)

        return end_and_open

    for old, (new, url, cookies) in zip(names, started, strict=False):
        yield reset(old, new, url, cookies)


async def _cpu_s_each(steps: Iterator[Step]) -> list[float]:
    """Returns the CPU-seconds of groups of four steps, per step; the first groups warm up."""
    samples: list[float] = []
    start = 0.0
    for taken, step in enumerate(steps, start=1):
        start = start or _cpu_s()
        await step()
        if taken % 4 == 0:
            now = _cpu_s()
            samples.append((now - start) / 4)
            start = now
    return samples[_WARM_UP:]


async def _contexts_gb(browser: ChromiumBrowser, episodes: _Episodes) -> float:
    for _ in range(_CONTEXTS - 1):
        name, url, cookies = episodes.start()
        await browser.open(url + "/", session=name, cookies=cookies)
    return sum(map(_pss_kb, _processes()[1:])) / 1e6


def _processes() -> list[int]:
    """Returns this process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(entry.name))
        if fields:
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [os.getpid()]
    for pid in found:
        found.extend(parents.get(pid, ()))
    return found


def _cpu_s() -> float:
    """Returns user and system seconds of all processes, ended ones included."""
    ticks = sum(sum(map(int, fields[11:15])) for pid in _processes() if (fields := _stat(pid)))
    return ticks / _TICKS


def _stat(pid: int) -> list[str]:
    """Returns the fields of `/proc/PID/stat` after the name, none when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
