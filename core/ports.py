"""Protocols by which rooms on one floor meet without importing one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.http import HttpRequest, HttpResponse
from core.pages import BrowserAction, Observation

__all__ = ["Browser", "Clock", "Page", "Transport"]


class Clock(Protocol):
    """Where time comes from; tests and training give their own."""

    def now_ms(self) -> int:
        """Returns milliseconds since an arbitrary but fixed moment; never goes back."""
        ...


class Transport(Protocol):
    """How the in-process browser reaches a world."""

    def send(self, request: HttpRequest) -> HttpResponse:
        """Carries one request to the world and its response back.

        Raises:
            WorldTimeoutError: No answer within the transport's deadline.
            WorldUnreachableError: No world is there.
        """
        ...


class Page(Protocol):
    """One open page of one session."""

    async def observe(self) -> Observation:
        """Returns the page as it stands, without acting."""
        ...

    async def act(self, action: BrowserAction) -> Observation:
        """Carries out one action and returns the page after it.

        A failed action (no such element, disabled, time-out) is told in `Observation.problem`; it
        is not an exception.
        """
        ...

    async def close(self) -> None:
        """Closes the page; closing twice is allowed."""
        ...


class Browser(Protocol):
    """Opens pages. One browser serves many episodes; a session is a cookie jar."""

    async def open(
        self, url: str, *, session: str, cookies: Sequence[tuple[str, str, str]] = ()
    ) -> Page:
        """Opens a page.

        Args:
            url: Absolute start URL.
            session: Pages with the same session share cookies; others never do.
            cookies: (base URL, name, value) to set before the first request of a new session.
        """
        ...

    async def act_all(self, steps: Sequence[tuple[Page, BrowserAction]]) -> list[Observation]:
        """Acts on many pages at once, in the order given where order matters."""
        ...

    async def end_session(self, session: str) -> None:
        """Closes a session's pages and forgets its cookies."""
        ...

    async def close(self) -> None:
        """Closes everything; the browser cannot be used afterwards."""
        ...
