"""The event log as an actor: telemetry of everybody, and the run as a whole."""

from __future__ import annotations

import os
from pathlib import Path

import ray

from actors.event_log import EventLog, read_run
from actors.messages import CODEC, AppendEvents, Done, pack, unpack

__all__ = ["EventLogActor", "RemoteEventLogActor"]


class EventLogActor:
    """Keeps what nobody has to wait for, and reads a run back.

    Owns: the file `telemetry.msgpack`. Durable facts are in the files of their owners.
    Accepts: `AppendEvents`, batches of about 64 events or 50 ms, as bytes.
    Emits: nothing.
    In flight when it stops: the batches that were under way are lost; they are telemetry.
    Restarts: without end; it goes on at the end of its file, behind the last whole record.
    Under pressure: one batch after the other; senders do not wait.
    """

    def __init__(self, folder: str) -> None:
        """Opens the telemetry file of a run."""
        self._folder = Path(folder)
        self._log = EventLog(self._folder, "telemetry")

    @ray.method
    def append(self, message: bytes) -> bytes:
        """Writes a batch."""
        self._log.append_packed(unpack(message, AppendEvents).events)
        return _DONE

    @ray.method
    def replay(self, episode: str) -> list[bytes]:
        """Returns an episode's events from all files, in order."""
        run = read_run(self._folder)
        return [CODEC.pack(envelope) for envelope in run if envelope.trace == episode]

    @ray.method
    def pid(self) -> int:
        """Returns the process id: the answer that says it is alive."""
        return os.getpid()


_DONE = pack(Done())

RemoteEventLogActor = ray.remote(EventLogActor)
