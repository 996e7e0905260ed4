"""What a step, an observation, a reset and a live episode cost without Chromium."""

from __future__ import annotations

import random
import statistics
import time
from functools import partial
from typing import NamedTuple

import psutil

from core.http import HttpRequest, HttpResponse, header
from core.pages import Back, BrowserAction, Click, Fill, Goto, Observation
from core.tasks import WorldSpec
from environment.browsers.in_process import InProcessBrowser, InProcessPage
from environment.browsers.in_process.pieces import Memory
from environment.transports import DirectTransport
from environment.world_host import WorldHost
from environment.worlds import snapshot_of
from scripts.bench.figures import Figure, cpu_ms_each, spread

__all__ = ["measure"]

_STEPS = 1200
_LIVE = 100
_LARGE = 16
"""Pages of the walk over large ones."""
_WORLDS = {"reddit": WorldSpec(profile="official")}
"""The larger of the two profiles: 2,000 posts, full pages."""
_USER = "MarvelsGrantMan136"


def measure() -> list[Figure]:
    """Measures in this process; about 20 CPU-seconds."""
    return [
        *_steps("generated world", _walk(WorldSpec(profile="generated", seed=3), seed=1)),
        *_steps("official world", _walk(_WORLDS["reddit"], seed=1)),
        *_steps(
            f"official world, its {_LARGE} largest pages",
            _walk(_WORLDS["reddit"], 1, _large_pages()),
        ),
        _first_sight(),
        _reload(),
        _reset(),
        _memory(),
    ]


def _steps(name: str, walk: _Walk) -> list[Figure]:
    figures: list[Figure] = []
    for when, times in (("cold: first", walk.first), ("warm: next", walk.second)):
        figures.append(
            {
                "name": f"act + render + observe, mixed walk with writes, {name}, pages of "
                f"{walk.kilobytes:.0f} kB on average, {when} {_STEPS} steps",
                "value": statistics.fmean(times),
                "unit": "CPU-ms/step",
                "target": "<= 1.0",
                "n": len(times),
                "spread": spread(times),
            }
        )
    return figures


def _open() -> tuple[WorldHost, InProcessBrowser, InProcessPage]:
    host = WorldHost.open(_WORLDS)
    browser = InProcessBrowser(DirectTransport(host))
    page = browser.open_now(
        host.base_url("reddit") + "/", session="bench", cookies=host.cookies_for(_USER)
    )
    return host, browser, page


def _large_pages() -> tuple[str, ...]:
    """Returns the addresses of the largest pages that lists lead to, 35 kB each on average."""
    host, _, page = _open()
    base = host.base_url("reddit")
    sizes: dict[str, float] = {}
    for start in ("/forums", "/all/most_commented", "/comments"):
        links = [e.href for e in page.act_now(Goto(start)).elements if e.role == "link"]
        lists = [f"{href}/most_commented" for href in links if _is_forum(href)]
        for path in {*lists, *(href for href in links if href.startswith(("/f/", "/user/")))}:
            sizes[path] = _kb(host, base + path)
    host.close()
    return tuple(sorted(sizes, key=lambda path: -sizes[path])[:_LARGE])


def _is_forum(path: str) -> bool:
    return path.startswith("/f/") and path.count("/") == 2


def _largest_forum(host: WorldHost, page: InProcessPage) -> tuple[str, float]:
    """Returns the URL of the largest forum page on the list, and its size in kB."""
    page.act_now(Goto("/forums"))
    base = host.base_url("reddit")
    links = [e.href for e in page.observe_now().elements if e.href.startswith("/f/")]
    sizes = {href: _kb(host, base + href) for href in dict.fromkeys(links)}
    largest = max(sizes, key=lambda href: sizes[href])
    return base + largest, sizes[largest]


def _kb(host: WorldHost, url: str) -> float:
    return len(host.handle(HttpRequest(method="GET", url=url)).body) / 1000


class _Walk(NamedTuple):
    first: list[float]
    """CPU-ms of each step."""
    second: list[float]
    kilobytes: float
    """Mean size of the pages that were loaded."""


class _Counting:
    """A transport that adds up what it carries."""

    def __init__(self, host: WorldHost) -> None:
        self._inner = DirectTransport(host)
        self.sizes: list[int] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        response = self._inner.send(request)
        if header(response.headers, "content-type").startswith("text/html"):
            self.sizes.append(len(response.body))
        return response


def _walk(spec: WorldSpec, seed: int, large: tuple[str, ...] = ()) -> _Walk:
    """Walks by links, or from one to another of the large pages where some are given."""
    host = WorldHost.open({"reddit": spec})
    transport = _Counting(host)
    browser = InProcessBrowser(transport, memory=Memory())
    page = browser.open_now(
        host.base_url("reddit") + "/", session="bench", cookies=host.cookies_for(_USER)
    )
    rng = random.Random(seed)
    times: list[float] = []
    obs = page.observe_now()
    for _ in range(2 * _STEPS):
        action = _choose(obs, rng, large)
        start = time.process_time()
        obs = page.act_now(action)
        times.append((time.process_time() - start) * 1000)
    host.close()
    kilobytes = statistics.fmean(size for size in transport.sizes if size) / 1000
    return _Walk(times[:_STEPS], times[_STEPS:], kilobytes)


def _choose(obs: Observation, rng: random.Random, large: tuple[str, ...]) -> BrowserAction:
    """A person who mostly reads lists and threads, votes, types and sometimes sends."""
    kind = rng.random()
    if kind < 0.1:
        return Back()
    if large and kind >= 0.35:
        return Goto(rng.choice(large))
    roles = ("button",) if kind < 0.25 else ("textbox",) if kind < 0.35 else ("link",)
    fit = [
        index
        for index, element in enumerate(obs.elements)
        if element.role in roles
        and element.name.casefold() not in ("log out", "sign out", "delete")
        and not element.href.startswith(("http", "/static"))
    ]
    if not fit:
        return Goto("/forums")
    chosen = rng.choice(fit)
    return Fill(chosen, "a few words") if roles == ("textbox",) else Click(chosen)


def _first_sight() -> Figure:
    """Opens large pages that nothing is remembered of: what the first step of a cold walk costs."""
    paths = _large_pages()
    host = WorldHost.open(_WORLDS)
    url, cookies = host.base_url("reddit"), host.cookies_for(_USER)
    times = []
    for _ in range(5):
        for path in paths:
            browser = InProcessBrowser(DirectTransport(host), memory=Memory())
            page = browser.open_now(url + "/login", session="bench", cookies=cookies)
            times.append(cpu_ms_each(partial(_again, page, url + path)))
    host.close()
    return {
        "name": f"act + render + observe, those {len(paths)} pages when never seen before",
        "value": statistics.fmean(times),
        "unit": "CPU-ms",
        "target": "",
        "n": len(times),
        "spread": spread(times),
    }


def _reload() -> Figure:
    host, _, page = _open()
    url, size_kb = _largest_forum(host, page)
    page.act_now(Goto(url))
    times = [cpu_ms_each(lambda: _again(page, url)) for _ in range(200)]
    host.close()
    return {
        "name": f"act + render + observe, a forum page of {size_kb:.0f} kB seen before",
        "value": statistics.median(times),
        "unit": "CPU-ms",
        "target": "<= 0.5",
        "n": len(times),
        "spread": spread(times),
    }


def _again(page: InProcessPage, url: str) -> None:
    page.act_now(Goto(url))
    page.observe_now()


def _reset() -> Figure:
    snapshot_of("reddit", _WORLDS["reddit"])
    times = []
    for _ in range(200):
        start = time.process_time()
        host = WorldHost.open(_WORLDS)
        times.append((time.process_time() - start) * 1000)
        host.close()
    return {
        "name": "reset: a fresh private world",
        "value": statistics.median(times),
        "unit": "CPU-ms",
        "target": "<= 0.5",
        "n": len(times),
        "spread": spread(times),
    }


def _memory() -> Figure:
    process = psutil.Process()
    _open()[0].close()
    before = process.memory_info().rss
    live = [_open() for _ in range(_LIVE)]
    used = (process.memory_info().rss - before) / len(live) / 2**20
    for host, _, _ in live:
        host.close()
    return {
        "name": "memory of a live episode (world, host, browser, page)",
        "value": used,
        "unit": "MiB",
        "target": "<= 3.0",
        "n": _LIVE,
    }
