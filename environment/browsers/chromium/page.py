"""One page in Chromium: an action in, an observation out, nothing raised and nothing unbounded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import assert_never
from urllib.parse import urldefrag, urlsplit

from core.pages import (
    Back,
    BrowserAction,
    Click,
    Fill,
    Goto,
    Observation,
    Press,
    Select,
)
from environment.browsers.chromium.failures import (
    CommandRefusedError,
    DocumentLostError,
    TabLostError,
)
from environment.browsers.chromium.navigation import Outcome
from environment.browsers.chromium.snapshot import TRUNCATED, Reply, empty_page, parse_reply
from environment.browsers.chromium.tab import Tab
from environment.browsers.in_process.links import has_web_scheme, resolve

__all__ = ["ChromiumPage", "Released"]

Released = Callable[["ChromiumPage"], Awaitable[None]]
"""What the page's session does with a page that is closed."""

_MAX_DOCUMENTS = 20
"""Longest chain of documents that replace one another by script within one action."""
_FETCH_LIMIT_MS = 5_000
"""Longest wait for the fetches of one action; a stream that never ends must not hold it up."""
_RECOVERY_S = 2.0
_BLANK = "about:blank"
_ABORTED = "net::ERR_ABORTED"


class ChromiumPage:
    """A page of a session; made by `ChromiumBrowser.open`."""

    def __init__(
        self, tab: Tab, *, session: str, action_timeout_s: float, released: Released
    ) -> None:
        """Wraps a tab.

        Args:
            tab: The tab, which this page owns until it is closed.
            session: Whose page it is.
            action_timeout_s: Longest wall time of one action, its navigation included.
            released: Takes the tab back.
        """
        self.tab = tab
        self.session = session
        self.is_closed = False
        self.visited: set[str] = set()
        """Hosts whose documents this page has shown."""
        self._url = _BLANK
        self._problem = ""
        self._timeout_s = action_timeout_s
        self._released = released
        self._lock = asyncio.Lock()

    @property
    def is_acting(self) -> bool:
        """Whether an action or a look is under way."""
        return self._lock.locked()

    async def start(self, url: str) -> None:
        """Opens the first document; a problem stands in the next observation.

        Raises:
            TabLostError: The browser is gone.
        """
        self._url = url
        self._remember(await self._bounded(self._goto(url)))
        if self.tab.is_lost:
            raise TabLostError(url)
        await self.tab.command("Page.resetNavigationHistory")

    async def observe(self) -> Observation:
        """Returns the page as it stands, without acting."""
        async with self._lock:
            if self.is_closed:
                return empty_page(self._url, "page is closed")
            self.tab.navigation.begin()
            return await self._bounded(self._read(self._problem))

    async def act(self, action: BrowserAction) -> Observation:
        """Carries out one action and returns the page after it."""
        async with self._lock:
            if self.is_closed:
                return empty_page(self._url, "page is closed")
            self.tab.navigation.begin()
            self.tab.gate.refusal = ""
            observation = await self._bounded(self._carry_out(action))
            self._remember(observation)
            return observation

    async def screenshot(self) -> bytes:
        """Returns a PNG of the viewport; costs about a navigation.

        Raises:
            TabLostError: The page is gone.
        """
        async with self._lock:
            return await self.tab.screenshot()

    async def close(self) -> None:
        """Closes the page; closing twice is allowed."""
        if self.is_closed:
            return
        self.is_closed = True
        await self._released(self)

    def _remember(self, observation: Observation) -> None:
        """Keeps the problem, which later observations repeat until the next action."""
        self._problem = observation.problem.removesuffix(TRUNCATED).removesuffix("; ")

    async def _bounded(self, work: Awaitable[Observation]) -> Observation:
        try:
            async with asyncio.timeout(self._timeout_s):
                observation = await work
        except TimeoutError:
            observation = await self._recover()
        except TabLostError:
            return empty_page(self._url, "page crashed")
        except (DocumentLostError, CommandRefusedError) as error:
            return empty_page(self._url, f"page cannot be read: {error}")
        if observation.url == _BLANK:  # nothing has come yet
            return replace(observation, url=self._url)
        self._url = observation.url
        self.visited.add(urlsplit(observation.url).hostname or "")
        return observation

    async def _recover(self) -> Observation:
        """Stops what the page is at and reads what there is."""
        problem = f"time-out: {urldefrag(self.tab.navigation.requested_url or self._url).url}"
        self.tab.navigation.begin()
        try:
            async with asyncio.timeout(_RECOVERY_S):
                await self.tab.command("Page.stopLoading")
                await self.tab.command("Runtime.terminateExecution")
                return await self._read(problem)
        except (TimeoutError, TabLostError, DocumentLostError, CommandRefusedError):
            return empty_page(self._url, problem)  # busy or hung: the next action tries again

    async def _carry_out(self, action: BrowserAction) -> Observation:
        match action:
            case Goto(url=url):
                return await self._goto(resolve(self._url, url))
            case Back():
                return await self._back()
            case Fill(element=element, text=text):
                return await self._touch("fill", element, text)
            case Select(element=element, option=option):
                return await self._touch("select", element, option)
            case Click(element=element):
                return await self._touch("click", element, "")
            case Press(element=element, key=key):
                return await self._touch("press", element, key)
        assert_never(action)

    async def _goto(self, url: str) -> Observation:
        if not url.startswith(("http://", "https://")) or not has_web_scheme(url):
            return await self._read(f"cannot open {url}")
        navigation = self.tab.navigation
        navigation.start(url)
        try:
            reply = await self.tab.command("Page.navigate", {"url": url})
        except CommandRefusedError:
            navigation.begin()
            return await self._read(f"cannot open {url}")
        error = reply.get("errorText", "")
        if error == _ABORTED:
            navigation.begin()
        await navigation.end()
        navigation.begin()
        problem = _why_not(error, urldefrag(url).url) if error else ""
        return await self._read(self.tab.gate.refusal or problem)

    async def _back(self) -> Observation:
        if not await self._step_back():
            return await self._read("no page to go back to")
        return await self._read()

    async def _step_back(self) -> bool:
        history = await self.tab.command("Page.getNavigationHistory")
        index = history["currentIndex"]
        if index == 0:
            return False
        entry = history["entries"][index - 1]
        if entry["url"] == _BLANK:
            return False
        self.tab.navigation.start(entry["url"])
        await self.tab.command("Page.navigateToHistoryEntry", {"entryId": entry["id"]})
        await self.tab.navigation.end()
        self.tab.navigation.begin()
        return True

    async def _touch(self, kind: str, element: int, argument: str) -> Observation:
        if self.tab.navigation.failed_url:
            return await self._read(f"no such element: {element}")
        words = ", ".join(map(json.dumps, (kind, element, argument)))
        call = f"page.act({words}, {_FETCH_LIMIT_MS})"
        try:
            reply = parse_reply(await self.tab.evaluate(call))
        except DocumentLostError:  # the page moved on by itself: there is no such element any more
            return await self._read(f"no such element: {element}")
        if reply.mouse is not None:
            await self.tab.click(*reply.mouse)
        elif reply.key:
            await self.tab.press(reply.key)
        elif reply.observation is not None:
            return await self._after(reply)
        return await self._read()

    async def _read(self, problem: str = "") -> Observation:
        """Reads the page once nothing that the action started is under way."""
        call = f"page.settled({json.dumps(problem)}, {_FETCH_LIMIT_MS})"
        for _ in range(_MAX_DOCUMENTS):
            await self._arrival()
            if self.tab.navigation.failed_url:
                return await self._leave_error_page(problem)
            try:
                reply = parse_reply(await self.tab.evaluate(call))
            except DocumentLostError:
                continue
            observation = reply.observation
            assert observation is not None, "settled() always gives a page"
            if await self._moved_on(reply):
                continue
            if self.tab.gate.refusal and not observation.problem:
                return replace(observation, problem=self.tab.gate.refusal)
            return observation
        return empty_page(self._url, "too many redirects: " + self._url)

    async def _after(self, reply: Reply) -> Observation:
        observation = reply.observation
        assert observation is not None, "only called with a page"
        if await self._moved_on(reply):
            return await self._read(observation.problem)
        return observation

    async def _moved_on(self, reply: Reply) -> bool:
        """Tells whether a navigation has replaced the page that a reply is about."""
        if self.tab.navigation.outcome is Outcome.NONE:
            self.tab.navigation.is_complete = reply.is_complete
            return False
        return await self._arrival()

    async def _arrival(self) -> bool:
        """Waits for a navigation that is under way; tells whether it brought another document."""
        arrived = await self.tab.navigation.end() is Outcome.ARRIVED
        self.tab.navigation.outcome = Outcome.NONE
        return arrived

    async def _leave_error_page(self, problem: str) -> Observation:
        """Leaves the page as it was before an address that nothing answers at."""
        failed = self.tab.navigation.failed_url
        problem = problem or f"cannot reach {urldefrag(failed).url}"
        if await self._step_back():
            return await self._read(problem)
        return empty_page(failed, problem)


def _why_not(error: str, url: str) -> str:
    if error == "net::ERR_TOO_MANY_REDIRECTS":
        return f"too many redirects: {url}"
    if error.endswith("TIMED_OUT"):
        return f"time-out: {url}"
    return f"cannot open {url}" if error == _ABORTED else f"cannot reach {url}"
