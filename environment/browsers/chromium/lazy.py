"""A Chromium that starts when its first page is opened.

An agent's actor is made before it is known whether it will ever open a page; a Chromium costs
350 MB and most of a second, so it waits until then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from core.pages import BrowserAction, Observation
from core.ports import Page
from environment.browsers.chromium.browser import ChromiumBrowser, ChromiumConfig

__all__ = ["LazyChromium"]


class LazyChromium:
    """Implements `core.ports.Browser` by a `ChromiumBrowser` that is launched on demand."""

    def __init__(self, config: ChromiumConfig | None = None) -> None:
        self._config = config
        self._browser: ChromiumBrowser | None = None
        self._lock = asyncio.Lock()

    async def open(
        self, url: str, *, session: str, cookies: Sequence[tuple[str, str, str]] = ()
    ) -> Page:
        """Opens a page; see `core.ports.Browser.open`.

        Raises:
            BrowserUnavailableError: No Chromium can be started; the message says what to install.
        """
        async with self._lock:
            if self._browser is None:
                self._browser = await ChromiumBrowser.launch(self._config)
        return await self._browser.open(url, session=session, cookies=cookies)

    async def act_all(self, steps: Sequence[tuple[Page, BrowserAction]]) -> list[Observation]:
        """Acts on many pages at once; see `core.ports.Browser.act_all`."""
        return [] if self._browser is None else await self._browser.act_all(steps)

    async def end_session(self, session: str) -> None:
        """Closes a session's pages and forgets its cookies."""
        if self._browser is not None:
            await self._browser.end_session(session)

    async def close(self) -> None:
        """Closes the Chromium if one was started."""
        if self._browser is not None:
            await self._browser.close()
