"""Gives events their envelope: who tells it, in which place of its own sequence, and why."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.codec import Envelope
from core.events import Event
from core.ports import Clock

__all__ = ["EventEnvelope", "Journal", "MachineClock", "TickClock"]

EventEnvelope = Envelope[Event]


class MachineClock:
    """Milliseconds since 1970: the only clock that goes on through a restart."""

    def now_ms(self) -> int:
        """Returns the time of this machine."""
        return time.time_ns() // 1_000_000


class TickClock:
    """A clock that only moves when told: lock-step runs repeat exactly."""

    def __init__(self) -> None:
        self._now = 0

    def now_ms(self) -> int:
        """Returns the ticks so far."""
        return self._now

    def tick(self) -> None:
        """Moves on by one millisecond."""
        self._now += 1


class Journal:
    """Numbers the events of one source and hands them on."""

    def __init__(
        self,
        source: str,
        sink: Callable[[EventEnvelope], None],
        *,
        clock: Clock,
        first: int = 0,
    ) -> None:
        """Starts a sequence.

        Args:
            source: Unique within a run; part of every id.
            sink: Receives each envelope before `write` returns.
            clock: Gives `at_ms`.
            first: Number of the first event; above 0 when a log is continued.
        """
        self._source = source
        self._sink = sink
        self._clock = clock
        self._next = first

    def write(self, event: Event, *, cause: str = "") -> EventEnvelope:
        """Puts an event into its envelope, hands it on and returns it."""
        envelope = Envelope(
            id=f"{self._source}:{self._next}",
            sequence=self._next,
            trace=event.episode,
            cause=cause,
            at_ms=self._clock.now_ms(),
            body=event,
        )
        self._next += 1
        self._sink(envelope)
        return envelope
