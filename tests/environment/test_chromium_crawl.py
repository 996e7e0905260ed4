"""Every kind of page of the embedded sites looks the same in both browsers."""

import asyncio
import re
from collections import Counter, deque
from collections.abc import Iterator

import pytest

from core.pages import Goto, Observation
from environment.browsers.chromium.browser import ChromiumBrowser, ChromiumConfig
from environment.browsers.in_process.browser import InProcessBrowser
from environment.http_server import LoopbackServer
from environment.sites.contract import WorldSpec
from environment.transports import DirectTransport
from environment.world_host import WorldHost

PAGES_PER_KIND = 2
PAGES_PER_CRAWL = 48
SPEC = WorldSpec(seed=7, attacks=True)
EXTRA = ("/search?q=the", "/nothing/here", "/f/nowhere", "/registration", "/login", "/submit")


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    one = LoopbackServer()
    one.start()
    yield one
    one.stop()


def _kind(path: str) -> str:
    """What a path has in common with others that show the same kind of page."""
    path, _, query = path.partition("#")[0].partition("?")
    path = re.sub(r"^/(f|user)/[^/]+", r"/\1/X", path)
    path = re.sub(r"/\d+(/[^/]+)?", "/N", path, count=1)
    names = sorted(pair.partition("=")[0] for pair in query.split("&"))
    return re.sub(r"\d+", "N", path) + "?" + "&".join(names)


def _new_paths(seen: Observation, kinds: Counter) -> list[str]:
    found = []
    for element in seen.elements:
        path = element.href.partition("#")[0]
        if element.role != "link" or not path.startswith("/"):
            continue
        kind = _kind(path)
        if kinds[kind] < PAGES_PER_KIND:
            kinds[kind] += 1
            found.append(path)
    return found


async def _crawl(server: LoopbackServer, episode: str, skin: str, user: bool) -> int:
    """Compares pages until there are enough; returns how many were equal."""
    urls = server.base_urls(episode, ["reddit"])
    hosts = [WorldHost.open({"reddit": SPEC}, base_urls=urls, skin=skin) for _ in range(2)]
    server.attach(episode, hosts[1])
    chromium = await ChromiumBrowser.launch(ChromiumConfig(allow=("*.localhost",)))
    browsers = InProcessBrowser(DirectTransport(hosts[0])), chromium
    try:
        pages = [
            await browser.open(
                urls["reddit"] + "/",
                session=episode,
                cookies=host.cookies_for(None) if user else (),
            )
            for browser, host in zip(browsers, hosts, strict=True)
        ]
        first = await pages[0].observe()
        kinds: Counter = Counter()
        paths = deque([*EXTRA, *_new_paths(first, kinds)])
        done = {"/"}
        while paths and len(done) < PAGES_PER_CRAWL:
            path = paths.popleft()
            if path in done:
                continue
            done.add(path)
            ours, theirs = [await page.act(Goto(path)) for page in pages]
            for mine, other in zip(ours.elements, theirs.elements, strict=False):
                assert mine == other, f"{path} in the skin {skin}"
            assert ours == theirs, f"{path} in the skin {skin}"
            assert ours.elements or path.startswith("/submission_images/"), path
            paths.extend(_new_paths(ours, kinds))
        return len(done)
    finally:
        await chromium.close()
        server.detach(episode)
        for host in hosts:
            host.close()


@pytest.mark.chromium
@pytest.mark.parametrize("skin", ["plain", "modern"])
@pytest.mark.parametrize("user", [False, True], ids=["anonymous", "signed-in"])
def test_every_kind_of_page_looks_the_same(server: LoopbackServer, skin: str, user: bool) -> None:
    episode = f"crawl-{skin}-{'user' if user else 'guest'}"
    compared = asyncio.run(_crawl(server, episode, skin, user))
    assert compared >= 40
