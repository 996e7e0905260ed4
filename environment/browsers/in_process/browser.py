"""A browser without JavaScript, inside the process that calls it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.errors import CallerError
from core.pages import BrowserAction, Observation
from core.ports import Page, Transport
from environment.browsers.in_process.cookies import CookieJar
from environment.browsers.in_process.loading import Loader
from environment.browsers.in_process.page import InProcessPage
from environment.browsers.in_process.pieces import Memory

__all__ = ["InProcessBrowser"]

_MEMORY = Memory()
"""What was parsed before, by any browser of this process."""


class _Session:
    """A cookie jar and the pages that share it."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.jar = CookieJar()
        self.pages: list[InProcessPage] = []


class InProcessBrowser:
    """Implements `core.ports.Browser` over a transport.

    Not covered: JavaScript, CSS, frames, uploads, multipart forms, screenshots.
    """

    def __init__(
        self,
        transport_for: Callable[[str], Transport] | Transport,
        *,
        memory: Memory = _MEMORY,
    ) -> None:
        """Makes a browser.

        Args:
            transport_for: Gives the transport of a session by the session's name, or the one
                transport of all sessions.
            memory: What was parsed before; by default shared by the process.
        """
        self._transport_for = transport_for
        self._memory = memory
        self._sessions: dict[str, _Session] = {}
        self._is_closed = False

    def open_now(
        self, url: str, *, session: str, cookies: Sequence[tuple[str, str, str]] = ()
    ) -> InProcessPage:
        """Opens a page; see `core.ports.Browser.open`.

        Raises:
            CallerError: The browser is closed.
        """
        if self._is_closed:
            raise CallerError("the browser is closed: open another one")
        known = self._sessions.get(session)
        if known is None:
            known = self._sessions[session] = _Session(self._transport(session))
            for base_url, name, value in cookies:
                known.jar.set(base_url, name, value)
        page = InProcessPage(Loader(known.transport, known.jar, self._memory), url)
        known.pages = [one for one in known.pages if not one.is_closed] + [page]
        return page

    def end_session_now(self, session: str) -> None:
        """Closes a session's pages and forgets its cookies; an unknown session is ignored."""
        known = self._sessions.pop(session, None)
        for page in known.pages if known is not None else ():
            page.close_now()

    async def open(
        self, url: str, *, session: str, cookies: Sequence[tuple[str, str, str]] = ()
    ) -> Page:
        """Opens a page; see `core.ports.Browser.open`."""
        return self.open_now(url, session=session, cookies=cookies)

    async def act_all(self, steps: Sequence[tuple[Page, BrowserAction]]) -> list[Observation]:
        """Acts on pages one after the other, in the order given."""
        return [await page.act(action) for page, action in steps]

    async def end_session(self, session: str) -> None:
        """Closes a session's pages and forgets its cookies; an unknown session is ignored."""
        self.end_session_now(session)

    async def close(self) -> None:
        """Closes everything; the browser cannot be used afterwards."""
        self._is_closed = True
        for session in list(self._sessions):
            self.end_session_now(session)

    def _transport(self, session: str) -> Transport:
        if callable(self._transport_for):
            return self._transport_for(session)
        return self._transport_for
