"""Browsers whose calls return at once, and how they are used where others are awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from core.pages import BrowserAction, Observation
from core.ports import Browser, Page

__all__ = ["InstantBrowser", "InstantPage", "awaitable"]


class InstantPage(Protocol):
    """A page that acts without awaiting; the in-process browser's pages are."""

    def observe_now(self) -> Observation:
        """Returns the page as it stands."""
        ...

    def act_now(self, action: BrowserAction) -> Observation:
        """Carries out one action and returns the page after it."""
        ...

    def close_now(self) -> None:
        """Closes the page."""
        ...


@runtime_checkable
class InstantBrowser(Protocol):
    """A browser that opens pages without awaiting."""

    def open_now(
        self, url: str, *, session: str, cookies: Sequence[tuple[str, str, str]] = ()
    ) -> InstantPage:
        """Opens a page; see `core.ports.Browser.open`."""
        ...

    def end_session_now(self, session: str) -> None:
        """Closes a session's pages and forgets its cookies."""
        ...


def awaitable(browser: Browser) -> Browser:
    """Returns a browser that stops no other coroutine while a page waits for its site."""
    return _Threaded(browser, browser) if isinstance(browser, InstantBrowser) else browser


class _ThreadedPage:
    """Runs each call of an instant page in a thread."""

    def __init__(self, page: InstantPage) -> None:
        self._page = page

    async def observe(self) -> Observation:
        return await asyncio.to_thread(self._page.observe_now)

    async def act(self, action: BrowserAction) -> Observation:
        return await asyncio.to_thread(self._page.act_now, action)

    async def close(self) -> None:
        self._page.close_now()


class _Threaded:
    """Implements `core.ports.Browser` over an instant browser."""

    def __init__(self, instant: InstantBrowser, browser: Browser) -> None:
        self._instant = instant
        self._browser = browser

    async def open(
        self, url: str, *, session: str, cookies: Sequence[tuple[str, str, str]] = ()
    ) -> Page:
        opened = await asyncio.to_thread(
            self._instant.open_now, url, session=session, cookies=cookies
        )
        return _ThreadedPage(opened)

    async def act_all(self, steps: Sequence[tuple[Page, BrowserAction]]) -> list[Observation]:
        return [await page.act(action) for page, action in steps]

    async def end_session(self, session: str) -> None:
        await self._browser.end_session(session)

    async def close(self) -> None:
        await self._browser.close()
