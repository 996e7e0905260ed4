"""The only file that knows Playwright: one Chromium, its cookie jars, the wires to its pages.

Playwright starts and supervises the process, makes contexts and moves the mouse. All else goes
through a DevTools session of our own, because it costs a third of the CPU.

    Engine   one Chromium process        Jar    one browser context: cookies, storage, cache
    Wire     one page's DevTools session, mouse and keyboard
"""

from __future__ import annotations

import asyncio
import os
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

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
from environment.browsers.chromium.failures import (
    DocumentLostError,
    TabLostError,
    explained,
    is_swapping,
)
from environment.browsers.chromium.reaper import Reaper

__all__ = ["Engine", "Fields", "Jar", "Wire"]

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
_SECRET = re.compile("KEY|TOKEN|SECRET|PASSW|CREDENTIAL")
"""In names of environment variables that Chromium does not get to see."""
_ENDING_S = 5.0
"""Longest wait for a page or a context to close."""
_SWAP_S = 0.02
"""How long one renderer process takes to take over from another, about."""
_PATIENCE = 100

_T = TypeVar("_T")
Fields = dict[str, Any]
"""Parameters, replies and events of DevTools, as Playwright hands them over."""


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
                env=_without_secrets(os.environ),
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

    async def new_wire(self) -> Wire:
        """Opens an empty page.

        Raises:
            TabLostError: The browser is gone.
        """
        try:
            page = await self._context.new_page()
            session = await self._context.new_cdp_session(page)
        except Error as error:
            raise TabLostError(error.message) from error
        return Wire(page, session)

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
        """Closes the context and its pages."""
        await _closed(self._context)


class Wire:
    """What one page of Chromium does for us."""

    def __init__(self, page: Page, session: CDPSession) -> None:
        self._page = page
        self._session = session
        self._closing: set[asyncio.Task[None]] = set()
        self.is_lost = False
        self._on_loss: Callable[[], None] = lambda: None
        page.on("crash", lambda _: self._lose())
        page.on("close", lambda _: self._lose())
        page.on("popup", self._close_popup)

    def on(self, event: str, handler: Callable[[Fields], None]) -> None:
        """Listens to one kind of DevTools event."""
        self._session.on(event, handler)

    def on_loss(self, handler: Callable[[], None]) -> None:
        """Says what to do when the page crashes or closes."""
        self._on_loss = handler

    async def send(self, method: str, params: Fields | None = None) -> Fields:
        """Sends one DevTools command.

        Raises:
            TabLostError: The page is gone.
            DocumentLostError: The command was about a document that is gone.
            CommandRefusedError: Chromium refuses the command.
        """
        for _ in range(_PATIENCE):
            if self.is_lost:
                raise TabLostError(method)
            try:
                reply: Fields = await self._session.send(method, params)
            except Error as error:
                if is_swapping(error.message):
                    await asyncio.sleep(_SWAP_S)
                    continue
                failure = explained(error.message)
                self.is_lost = self.is_lost or isinstance(failure, TabLostError)
                raise failure from error
            return reply
        raise DocumentLostError(f"{method}: no renderer process")

    async def click(self, x: float, y: float) -> None:
        """Clicks with the mouse at a point of the viewport, in CSS pixels."""
        await _or_lost(self._page.mouse.click(x, y))

    async def press(self, key: str) -> None:
        """Presses a key in the control that has the focus."""
        await _or_lost(self._page.keyboard.press(key))

    async def screenshot(self) -> bytes:
        """Takes a PNG of the viewport."""
        return await _or_lost(self._page.screenshot())

    async def close(self) -> None:
        """Closes the page."""
        self.is_lost = True
        await _closed(self._page)

    def _lose(self) -> None:
        self.is_lost = True
        self._on_loss()

    def _close_popup(self, popup: Page) -> None:
        task = asyncio.create_task(_closed(popup))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str | float | bool]:
    """Returns an environment for a browser: foreign code runs in it, and keys are not for that."""
    return {name: value for name, value in environment.items() if not _SECRET.search(name.upper())}


async def _or_lost(work: Awaitable[_T]) -> _T:
    try:
        return await work
    except Error as error:
        raise TabLostError(error.message) from error


async def _closed(what: Page | BrowserContext) -> None:
    try:
        async with asyncio.timeout(_ENDING_S):
            await what.close()
    except (TimeoutError, Error):  # it hangs, or is gone already
        return
