"""Sessions and pages over one Chromium.

A session is a browser context. Contexts are pooled: when a session ends, its page is emptied and
its cookies forgotten, and the next session gets the context as it is, because a new one costs
several navigations. A page that is only stopped would cost less, but its timers and its farewell
would run among the next session's requests (measured). A context that has been outside of
`*.localhost` is closed instead: only there does the host name tell episodes apart, so that nothing
else a page stored can be met again.

When Chromium dies, its pages answer `page crashed`; the next `open` starts another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import BrowserUnavailableError, ConfigurationError
from core.pages import BrowserAction, Observation
from core.ports import Page
from environment.browsers.chromium.access import Access
from environment.browsers.chromium.driver import Engine, Jar
from environment.browsers.chromium.executable import find_executable
from environment.browsers.chromium.failures import TabLostError
from environment.browsers.chromium.page import ChromiumPage
from environment.browsers.chromium.tab import Tab

__all__ = ["ChromiumBrowser", "ChromiumConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChromiumConfig:
    """How Chromium is started and bounded."""

    executable: Path | None = None
    """Which Chromium; `None` looks for Debian's, then for Playwright's own."""
    allow: tuple[str, ...] | None = None
    """Hosts (`*.localhost`), hosts with port or origins that documents may come from; `*` stands
    for anything, but within `.localhost` for the session's own episode only, see access.py. `None`
    allows every site."""
    action_timeout_s: float = 15.0
    """Longest wall time of one action, its navigation included, in seconds."""
    launch_timeout_s: float = 60.0
    """Longest wall time until Chromium answers, in seconds."""
    idle_contexts: int = 16
    """Most contexts kept for the next session; each holds about 30 MB."""

    def __post_init__(self) -> None:
        for name in ("action_timeout_s", "launch_timeout_s"):
            if getattr(self, name) <= 0:
                raise ConfigurationError(f"{name} is {getattr(self, name)}, must be above 0")
        if self.idle_contexts < 0:
            raise ConfigurationError(f"idle_contexts is {self.idle_contexts}, must not be negative")


@dataclass(slots=True)
class _Session:
    jar: Jar
    engine: Engine
    free: list[Tab] = field(default_factory=list)
    pages: list[ChromiumPage] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)
    access: Access | None = None
    """Where its documents may come from; `None`: anywhere."""


class ChromiumBrowser:
    """One Chromium that serves many sessions; start it with `launch`."""

    def __init__(self, config: ChromiumConfig, engine: Engine) -> None:
        self._config = config
        self._engine = engine
        self._sessions: dict[str, _Session] = {}
        self._idle: list[_Session] = []
        self._lock = asyncio.Lock()
        self._is_closed = False

    @classmethod
    async def launch(cls, config: ChromiumConfig | None = None) -> ChromiumBrowser:
        """Starts Chromium.

        Raises:
            BrowserUnavailableError: There is none, or it does not start; the message says what to
                install.
        """
        config = config or ChromiumConfig()
        return cls(config, await _start(config))

    async def open(
        self, url: str, *, session: str, cookies: Sequence[tuple[str, str, str]] = ()
    ) -> ChromiumPage:
        """Opens a page; what went wrong with its address stands in its first observation.

        Args:
            url: Absolute start URL.
            session: Pages with the same session share cookies; others never do.
            cookies: (base URL, name, value) to set before the first request of a new session.

        Raises:
            BrowserUnavailableError: Chromium is gone and does not come back.
        """
        for _ in range(2):
            async with self._lock:
                await self._ensure_alive()
            try:
                return await self._open(url, session, cookies)
            except TabLostError as error:
                cause = error
                await self.end_session(session)
        raise BrowserUnavailableError(f"Chromium does not open {url}") from cause

    async def act_all(self, steps: Sequence[tuple[Page, BrowserAction]]) -> list[Observation]:
        """Acts on many pages at once; the pages of one session act in the order given."""
        results: list[Observation | None] = [None] * len(steps)
        by_session: dict[str, list[int]] = {}
        for index, (page, _) in enumerate(steps):
            name = page.session if isinstance(page, ChromiumPage) else f"page {id(page)}"
            by_session.setdefault(name, []).append(index)

        async def act_in_order(indices: list[int]) -> None:
            for index in indices:
                page, action = steps[index]
                results[index] = await page.act(action)

        await asyncio.gather(*map(act_in_order, by_session.values()))
        return [observation for observation in results if observation is not None]

    async def end_session(self, session: str) -> None:
        """Closes a session's pages and forgets its cookies; an unknown session is no error."""
        ended = self._sessions.pop(session, None)
        if ended is None:
            return
        for page in ended.pages:
            page.is_closed = True
            ended.visited |= page.visited
            ended.free.append(page.tab)
        is_idle = not any(page.is_acting for page in ended.pages)
        ended.pages.clear()
        if not (is_idle and self._can_pool(ended) and await self._is_emptied(ended)):
            await ended.jar.close()
            return
        self._idle.append(ended)

    async def close(self) -> None:
        """Ends Chromium; closing twice is allowed."""
        self._is_closed = True
        for session in self._sessions.values():
            for page in session.pages:
                page.is_closed = True
        self._sessions.clear()
        self._idle.clear()
        await self._engine.close()

    async def _ensure_alive(self) -> None:
        if self._is_closed:
            raise BrowserUnavailableError("this browser has been closed")
        if self._engine.is_alive:
            return
        await self._engine.close()
        self._idle.clear()
        self._sessions = {n: s for n, s in self._sessions.items() if s.engine.is_alive}
        self._engine = await _start(self._config)

    async def _open(
        self, url: str, name: str, cookies: Sequence[tuple[str, str, str]]
    ) -> ChromiumPage:
        session = self._sessions.get(name)
        if session is None:
            session = self._idle.pop() if self._idle else None
            if session is None:
                session = _Session(await self._engine.new_jar(), self._engine)
            self._sessions[name] = session
            session.access = self._access([base for base, _, _ in cookies] or [url])
            await session.jar.add_cookies(cookies)
        tab = await self._tab(session)
        page = ChromiumPage(
            tab,
            session=name,
            action_timeout_s=self._config.action_timeout_s,
            released=self._release,
        )
        session.pages.append(page)
        await page.start(url)
        return page

    async def _tab(self, session: _Session) -> Tab:
        access = session.access
        if session.free:
            tab = session.free.pop()
        else:
            tab = await Tab.attach(await session.jar.new_wire(), is_gated=access is not None)
        if access is not None:
            tab.gate.is_allowed = access.allows
        return tab

    async def _release(self, page: ChromiumPage) -> None:
        session = self._sessions.get(page.session)
        if session is None or page not in session.pages:
            return
        session.pages.remove(page)
        session.visited |= page.visited
        if await page.tab.empty():
            session.free.append(page.tab)
        else:
            await page.tab.close()

    def _can_pool(self, session: _Session) -> bool:
        return (
            not self._is_closed
            and session.engine is self._engine
            and len(self._idle) < self._config.idle_contexts
            and all(host.endswith(".localhost") for host in session.visited)
        )

    async def _is_emptied(self, session: _Session) -> bool:
        """Keeps one empty tab of a session; returns whether its context may be used again."""
        first, rest = session.free[:1], session.free[1:]
        for tab in rest:
            await tab.close()
        session.free = first
        session.visited.clear()
        try:
            emptied = all([await tab.empty() for tab in first])
            await session.jar.forget()
        except TabLostError:
            return False
        return emptied

    def _access(self, home: Sequence[str]) -> Access | None:
        patterns = self._config.allow
        return None if patterns is None else Access(patterns, home=home)


async def _start(config: ChromiumConfig) -> Engine:
    return await Engine.start(find_executable(config.executable), timeout_s=config.launch_timeout_s)
