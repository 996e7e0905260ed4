"""The driver's end of the conversation with the orchestrator.

what happens                             what is done
the orchestrator dies                    asked again, a few times: it takes the episode up
it says nothing, and runs the episode    asked again until the deadline: it tells the end
it stands still                          given up at the deadline
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import cast

import ray
from ray.actor import ActorProxy

from actors.handles import last_line
from actors.journal import EventEnvelope
from actors.messages import CODEC, SolveTask, pack
from actors.orchestrator import OrchestratorActor

__all__ = ["EpisodeStream"]

_RESUMES = 3
"""Times that an episode is taken up again after the orchestrator died."""
_PAUSE_S = 0.5
"""Seconds before it is asked again."""
_REPLY_S = 60.0
"""Seconds that a reply which is there may take to arrive."""


class EpisodeStream:
    """Events of one episode, asked for again where the conversation breaks."""

    def __init__(
        self, orchestrator: ActorProxy[OrchestratorActor], asked: SolveTask, until: float
    ) -> None:
        """Starts nothing yet.

        Args:
            orchestrator: Whom to follow.
            asked: The episode; the same message takes it up again.
            until: Moment of `time.monotonic` after which nobody waits any more.
        """
        self._orchestrator = orchestrator
        self._message = pack(asked, trace=asked.episode)
        self._until = until
        self._breaks = 0
        self.broken = ""
        """What went wrong last."""

    @property
    def is_worth_following(self) -> bool:
        """Whether there is hope for a last event."""
        return self._breaks <= _RESUMES and time.monotonic() < self._until

    def read(self) -> Iterator[EventEnvelope]:
        """Yields events until the conversation ends, which `broken` then says why."""
        replies = cast(
            Iterator["ray.ObjectRef[bytes]"], self._orchestrator.solve.remote(self._message)
        )
        while True:
            try:
                records = self._next(replies)
            except StopIteration:  # it still runs and talks to nobody: its last event can be had
                self.broken = "the orchestrator ended without a last event"
                time.sleep(_PAUSE_S)
                return
            except ray.exceptions.RayError as error:
                self.broken = last_line(error)
                self._breaks += 1
                time.sleep(_PAUSE_S)
                return
            yield from CODEC.read(io.BytesIO(records))

    def _next(self, replies: Iterator[ray.ObjectRef[bytes]]) -> bytes:
        left = max(0.0, self._until - time.monotonic())
        ready, _ = ray.wait([cast("ray.ObjectRef[bytes]", replies)], timeout=left)
        if not ready:
            raise ray.exceptions.GetTimeoutError("the orchestrator does not come to an end")
        return ray.get(next(replies), timeout=_REPLY_S)
