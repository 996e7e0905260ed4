"""The only file that knows Playwright: one Chromium, its cookie jars and its tabs.

Playwright starts and supervises the process, makes contexts and moves the mouse. All else goes
through a DevTools session of our own, because it costs a third of the CPU.

    Engine   one Chromium process        Jar   one browser context: cookies, storage, cache
    Tab      one page and its DevTools session
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Coroutine, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from playwright.async_api import (
    Browser,
    BrowserContext,
    CDPSession,
    Error,
    Page,
    Playwright,
    async_playwright,
)

from core.errors import BrowserUnavailableError
from environment.browsers.chromium.executable import HOW_TO_INSTALL
from environment.browsers.chromium.navigation import Navigation
from environment.browsers.chromium.reaper import Reaper

__all__ = ["CommandRefusedError", "DocumentLostError", "Engine", "Jar", "Tab", "TabLostError"]

_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Per context; sites stay apart. A reset then needs no new process: 0.05 CPU-s less (measured).
    "--renderer-process-limit=1",
)
_MARKER = "--owner-mark="
"""A switch that Chromium ignores; by its value the reaper knows the process."""
_WORLD = "page"
_EMPTYING_S = 5.0
_LOST = "lost"
_GONE_WORDS = ("closed", "crashed", "disconnected")
_EITHER = "navigated or closed"
"""Said of a script whose document went away; the next command tells whether the tab went too."""
_OTHER_DOCUMENT_WORDS = ("context", "navigated", "Promise was collected", "No frame")
_MAX_REDIRECTS = 10
_SWAPPING = "Not attached to an active page"
"""What Chromium says while one renderer process takes over from another."""
_SWAP_S = 0.02
_PATIENCE = 100

_Event = dict[str, Any]  # what Playwright hands to listeners of DevTools events


class TabLostError(Exception):
    """The tab has crashed, or its browser is gone."""


class CommandRefusedError(Exception):
    """Chromium does not do this, for instance open what is not a URL."""


class DocumentLostError(Exception):
    """Another document came while a script was running in this one."""


class _Redirects(NamedTuple):
    """A chain of redirects so far."""

    first_url: str
    hops: int


class Engine:
    """One Chromium process and the driver that supervises it."""

    def __init__(self, playwright: Playwright, browser: Browser, reaper: Reaper) -> None:
        self._playwright = playwright
        self._browser = browser
        self._reaper = reaper

    @classmethod
    async def start(cls, executable: Path | None, *, timeout_s: float) -> Engine:
        """Starts a Chromium.

        Args:
            executable: Which one; `None` for Playwright's own.
            timeout_s: Longest wall time until it answers.

        Raises:
            BrowserUnavailableError: It does not start; the message says what to install.
        """
        mark = uuid.uuid4().hex
        playwright = await async_playwright().start()
        try:
            browser = await playwright.chromium.launch(
                executable_path=executable,
                args=[*_FLAGS, _MARKER + mark],
                chromium_sandbox=os.geteuid() != 0,
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
                timeout=timeout_s * 1000,
            )
        except Error as error:
            await playwright.stop()
            reason = error.message.splitlines()[0]
            raise BrowserUnavailableError(
                f"Chromium does not start ({reason}); {HOW_TO_INSTALL}"
            ) from error
        return cls(playwright, browser, Reaper.watch(_MARKER + mark))

    @property
    def is_alive(self) -> bool:
        """Whether the process still answers."""
        return self._browser.is_connected()

    async def new_jar(self) -> Jar:
        """Opens an empty cookie jar.

        Raises:
            TabLostError: The browser is gone.
        """
        try:
            context = await self._browser.new_context(accept_downloads=False)
        except Error as error:
            raise TabLostError(error.message) from error
        return Jar(context)

    async def close(self) -> None:
        """Ends the process, by force if it does not go by itself."""
        try:
            await self._browser.close()
            await self._playwright.stop()
        except Error:  # it is gone already
            pass
        finally:
            self._reaper.reap()


class Jar:
    """One browser context."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context

    async def new_tab(self, is_allowed: Callable[[str], bool] | None) -> Tab:
        """Opens an empty tab.

        Args:
            is_allowed: Tells for an absolute URL whether documents may come from there; `None`
                when they may come from anywhere.

        Raises:
            TabLostError: The browser is gone.
        """
        try:
            page = await self._context.new_page()
            session = await self._context.new_cdp_session(page)
            return await Tab.attach(page, session, is_allowed)
        except Error as error:
            raise TabLostError(error.message) from error

    async def add_cookies(self, cookies: Sequence[tuple[str, str, str]]) -> None:
        """Sets cookies, each as (base URL, name, value)."""
        if cookies:
            await self._context.add_cookies(
                [{"url": url, "name": name, "value": value} for url, name, value in cookies]
            )

    async def forget(self) -> None:
        """Forgets all cookies.

        Raises:
            TabLostError: The browser is gone.
        """
        try:
            await self._context.clear_cookies()
        except Error as error:
            raise TabLostError(error.message) from error

    async def close(self) -> None:
        """Closes the context and its tabs."""
        try:
            await self._context.close()
        except Error:  # it is gone already
            return


class Tab:
    """One page, seen through its DevTools session."""

    def __init__(self, page: Page, session: CDPSession, frame_id: str) -> None:
        self._page = page
        self._session = session
        self._frame_id = frame_id
        self._world: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.navigation = Navigation(frame_id)
        self._is_resting = False
        self.is_lost = False
        self._redirects: dict[str, _Redirects] = {}
        self.refusal = ""
        """Why a document was not let in since this was cleared, as a problem."""

    @classmethod
    async def attach(
        cls, page: Page, session: CDPSession, is_allowed: Callable[[str], bool] | None
    ) -> Tab:
        """Listens to a fresh page and installs what its documents need."""
        tree = await session.send("Page.getFrameTree")
        tab = cls(page, session, tree["frameTree"]["frame"]["id"])
        tab._listen()
        hooks = {"source": _source("hooks.js")}
        await session.send("Page.enable")
        await session.send("Page.addScriptToEvaluateOnNewDocument", hooks)
        if is_allowed is not None:
            session.on("Fetch.requestPaused", lambda event: tab._judge(event, is_allowed))
            await session.send("Fetch.enable", {"patterns": [{"resourceType": "Document"}]})
        return tab

    async def command(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Sends one DevTools command.

        Raises:
            TabLostError: The tab is gone.
            DocumentLostError: The command was about a document that is gone.
            CommandRefusedError: Chromium refuses the command.
        """
        for _ in range(_PATIENCE):
            if self.is_lost:
                raise TabLostError(method)
            try:
                reply: dict[str, Any] = await self._session.send(method, params)
            except Error as error:
                if _SWAPPING in error.message:
                    await asyncio.sleep(_SWAP_S)
                    continue
                raise self._explained(error) from error
            return reply
        raise DocumentLostError(f"{method}: {_SWAPPING}")

    async def evaluate(self, call: str) -> str:
        """Awaits one call of `extract.js` or `agent.js` and returns the string that it gives.

        Args:
            call: An expression; `page` in it is the scripts' own object.

        Raises:
            TabLostError: The tab is gone.
            DocumentLostError: Another document came meanwhile.
        """
        prelude = ""
        if self._world is None:
            world = await self.command(
                "Page.createIsolatedWorld", {"frameId": self._frame_id, "worldName": _WORLD}
            )
            self._world = world["executionContextId"]
            prelude = f"globalThis.__page?.act || ({_scripts()});"
        reply = await self.command(
            "Runtime.evaluate",
            {
                "expression": f"{prelude}(page => page?.act ? {call} : '{_LOST}')"
                "(globalThis.__page)",
                "contextId": self._world,
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        value = reply["result"].get("value")
        if not isinstance(value, str) or value == _LOST:
            self._world = None
            raise DocumentLostError(str(reply.get("exceptionDetails", value)))
        return value

    async def click(self, x: float, y: float) -> None:
        """Clicks with the mouse at a point of the viewport, in CSS pixels."""
        try:
            await self._page.mouse.click(x, y)
        except Error as error:
            raise TabLostError(error.message) from error

    async def press(self, key: str) -> None:
        """Presses a key in the control that has the focus."""
        try:
            await self._page.keyboard.press(key)
        except Error as error:
            raise TabLostError(error.message) from error

    async def screenshot(self) -> bytes:
        """Takes a PNG of the viewport."""
        try:
            return await self._page.screenshot()
        except Error as error:
            raise TabLostError(error.message) from error

    async def rest(self) -> bool:
        """Stops the page for good, but leaves it there: the next one costs less than two.

        Returns:
            Whether the tab can be used again, after `wake`.
        """
        if self.is_lost:
            return False
        try:
            async with asyncio.timeout(_EMPTYING_S):
                await self.command("Page.stopLoading")
                await self.command("Emulation.setScriptExecutionDisabled", {"value": True})
        except (TimeoutError, TabLostError, DocumentLostError, CommandRefusedError):
            return False
        self._is_resting = True
        return True

    async def wake(self) -> None:
        """Lets scripts run again in the documents that follow; call it right before `navigate`."""
        if self._is_resting:
            await self.command("Emulation.setScriptExecutionDisabled", {"value": False})
        self._is_resting = False
        self.navigation.begin()
        self.refusal = ""

    async def empty(self) -> bool:
        """Leaves the page for an empty one; returns whether the tab can be used again."""
        if self.is_lost:
            return False
        try:
            async with asyncio.timeout(_EMPTYING_S):
                await self.command("Page.navigate", {"url": "about:blank"})
        except (TimeoutError, TabLostError, DocumentLostError):
            return False
        self.navigation.begin()
        self.refusal = ""
        return True

    async def close(self) -> None:
        """Closes the tab."""
        self.is_lost = True
        try:
            await self._page.close()
        except Error:  # it is gone already
            return

    def _explained(self, error: Error) -> Exception:
        is_gone = any(word in error.message for word in _GONE_WORDS)
        if is_gone and _EITHER not in error.message:
            self.is_lost = True
            return TabLostError(error.message)
        if is_gone or any(word in error.message for word in _OTHER_DOCUMENT_WORDS):
            self._world = None
            return DocumentLostError(error.message)
        return CommandRefusedError(error.message)

    def _listen(self) -> None:
        on, watch = self._session.on, self.navigation
        on("Page.frameRequestedNavigation", lambda e: watch.requested(e["frameId"], e["url"]))
        on(
            "Page.frameScheduledNavigation",
            lambda e: watch.scheduled(e["frameId"], e["reason"], e["delay"], e["url"]),
        )
        on("Page.frameNavigated", self._arrived)
        on("Page.navigatedWithinDocument", lambda e: watch.moved(e["frameId"]))
        on("Page.frameStoppedLoading", lambda e: watch.stopped(e["frameId"]))
        self._page.on("crash", lambda _: self._lose())
        self._page.on("close", lambda _: self._lose())
        self._page.on("popup", lambda popup: self._spawn(_close_popup(popup)))

    def _arrived(self, event: _Event) -> None:
        frame = event["frame"]
        if frame["id"] == self._frame_id:
            self._world = None
        self.navigation.arrived(frame["id"], frame.get("unreachableUrl", ""))

    def _lose(self) -> None:
        self.is_lost = True
        self.navigation.stopped(self._frame_id)

    def _judge(self, event: _Event, is_allowed: Callable[[str], bool]) -> None:
        """Lets a document request through, or not; each redirect is a request of its own."""
        url, frame_id = event["request"]["url"], event["frameId"]
        cause = self._redirects.pop(event.get("redirectedRequestId", ""), None)
        chain = _Redirects(cause.first_url, cause.hops + 1) if cause else _Redirects(url, 0)
        refusal = ""
        if not is_allowed(url):
            refusal = f"cannot reach {url}"
        elif chain.hops > _MAX_REDIRECTS:
            refusal = f"too many redirects: {chain.first_url}"
        elif frame_id == self._frame_id:
            self._redirects = {event["requestId"]: chain}
        if refusal and frame_id == self._frame_id:
            self.refusal = refusal
        self._spawn(self._answer(event["requestId"], is_refused=bool(refusal)))

    async def _answer(self, request_id: str, *, is_refused: bool) -> None:
        request = {"requestId": request_id}
        try:
            if is_refused:
                await self._session.send("Fetch.failRequest", {**request, "errorReason": "Aborted"})
            else:
                await self._session.send("Fetch.continueRequest", request)
        except Error:  # the request or the tab is gone
            return

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _close_popup(popup: Page) -> None:
    try:
        await popup.close()
    except Error:  # it is gone already
        return


@cache
def _source(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


@cache
def _scripts() -> str:
    return (
        _source("extract.js").strip().rstrip(";") + ",\n" + _source("agent.js").strip().rstrip(";")
    )
