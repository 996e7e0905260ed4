"""What an action did to the main frame, told by the browser's events. Pure: no browser, no clock.

    event                      meaning for us
    frameRequestedNavigation   the page asks for another document: wait
    frameScheduledNavigation   a refresh is due at once: wait
    frameNavigated             another document is here: read it
    navigatedWithinDocument    so is another place of this one, when going back
    frameStoppedLoading        nothing came (204, download, blocked): the page stays

A page that is still loading when an action begins stops loading once on its own account, so then
the first stop proves nothing.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum

__all__ = ["Navigation", "Outcome"]

_SOON_S = 1.0
_REFRESHES = frozenset(("metaTagRefresh", "httpHeaderRefresh"))


class Outcome(StrEnum):
    """How far a navigation has come."""

    NONE = "none"
    UNDER_WAY = "under way"
    ARRIVED = "arrived"
    FELL_THROUGH = "fell through"


class Navigation:
    """Follows the main frame of one page from the beginning of an action."""

    def __init__(self, frame_id: str) -> None:
        """Watches one frame.

        Args:
            frame_id: The main frame; events of others are ignored.
        """
        self._frame_id = frame_id
        self._changed = asyncio.Event()
        self.outcome = Outcome.NONE
        self.requested_url = ""
        """The document asked for last since the action began."""
        self.is_complete = True
        """Whether the page had loaded everything when the action began."""
        self.failed_url = ""
        """The URL that an error page stands for, empty for a real page."""

    def begin(self) -> None:
        """Forgets what was; the next events belong to a new action."""
        self.outcome = Outcome.NONE
        self.requested_url = ""

    def start(self, url: str) -> None:
        """We ask for another document ourselves."""
        self.requested(self._frame_id, url)

    def requested(self, frame_id: str, url: str) -> None:
        """The page asks for another document."""
        if frame_id == self._frame_id:
            self.requested_url = url
            self._set(Outcome.UNDER_WAY)

    def scheduled(self, frame_id: str, reason: str, delay_s: float, url: str) -> None:
        """The page will be replaced by itself."""
        if reason in _REFRESHES and delay_s <= _SOON_S:
            self.requested(frame_id, url)

    def moved(self, frame_id: str) -> None:
        """The same document is shown at another place or address."""
        if frame_id == self._frame_id and self.outcome is Outcome.UNDER_WAY:
            self._set(Outcome.ARRIVED)

    def arrived(self, frame_id: str, failed_url: str) -> None:
        """Another document is in the frame."""
        if frame_id == self._frame_id:
            self.failed_url = failed_url
            self._set(Outcome.ARRIVED)

    def stopped(self, frame_id: str) -> None:
        """The frame has stopped loading."""
        if frame_id != self._frame_id:
            return
        if self.outcome is Outcome.UNDER_WAY and self.is_complete:
            self._set(Outcome.FELL_THROUGH)
        self.is_complete = True

    def lost(self) -> None:
        """The page is gone, so nothing will come."""
        if self.outcome is Outcome.UNDER_WAY:
            self._set(Outcome.FELL_THROUGH)

    async def end(self) -> Outcome:
        """Waits until a navigation that is under way has ended; the caller bounds it."""
        while self.outcome is Outcome.UNDER_WAY:
            self._changed.clear()
            await self._changed.wait()
        return self.outcome

    def _set(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._changed.set()
