"""Events inside one process: subscribers by kind, called at once and in order of subscription."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

from actors.journal import EventEnvelope
from core.events import Event

__all__ = ["EventBus"]

Kind = TypeVar("Kind", bound=Event)


class EventBus:
    """Hands each event to whoever subscribed to its class or to a class above it.

    A subscriber that raises stops the publisher: facts that cannot be handed on are not facts yet.
    """

    def __init__(self) -> None:
        self._subscribers: defaultdict[type[Event], list[Callable[[EventEnvelope], None]]] = (
            defaultdict(list)
        )

    def subscribe(self, kind: type[Kind], subscriber: Callable[[EventEnvelope], None]) -> None:
        """Calls `subscriber` with each later event of this class; `Event` means every one."""
        self._subscribers[kind].append(subscriber)

    def publish(self, envelope: EventEnvelope) -> None:
        """Hands one event to its subscribers, from the most special class to `Event`."""
        for kind in type(envelope.body).__mro__:
            for subscriber in self._subscribers.get(kind, ()):
                subscriber(envelope)
