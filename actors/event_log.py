"""The log of a run: one folder, one append-only file of envelopes for each owner of facts.

    runs/<run>/run.json             configuration, seed, versions
               orchestrator.msgpack durable facts of the orchestrator
               budget.msgpack       durable facts of the ledgers
               world.msgpack        durable facts of the world host
               telemetry.msgpack    everything else, in batches

Each file has one writer, the process that owns the facts, so a durable fact costs a write and no
message. What a `write` that returned wrote survives the end of the process (it is in the kernel);
it survives a power failure from the next `sync` on, which is at the end of each episode. A record
that was cut off at the end is dropped when the file is opened again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgpack

from actors.journal import EventEnvelope
from actors.messages import CODEC

__all__ = ["EventLog", "read_log", "read_run"]

_SUFFIX = ".msgpack"


class EventLog:
    """Appends envelopes to one file."""

    def __init__(self, folder: Path, owner: str) -> None:
        """Opens the owner's file, without a record that was cut off at its end."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{owner}{_SUFFIX}"
        self.count = 0
        """Records in the file."""
        if path.exists():
            whole = _whole_records(path)
            self.count = whole.count
            os.truncate(path, whole.length)
        self._file = path.open("ab", buffering=0)

    def append(self, envelopes: Iterable[EventEnvelope]) -> None:
        """Writes envelopes; they are out of this process when this returns."""
        self.append_packed([CODEC.pack(envelope) for envelope in envelopes])

    def append_packed(self, records: Iterable[bytes]) -> None:
        """Writes envelopes that are packed already."""
        packed = list(records)
        if packed:
            self._file.write(b"".join(packed))
            self.count += len(packed)

    def sync(self) -> None:
        """Waits until what was written is on the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Closes the file; closing twice is allowed."""
        self._file.close()


def read_log(folder: Path, owner: str) -> Iterator[EventEnvelope]:
    """Yields an owner's envelopes in order; none when there is no file.

    Raises:
        CodecError: The file holds something that is not an envelope.
    """
    path = folder / f"{owner}{_SUFFIX}"
    if not path.exists():
        return
    with path.open("rb") as file:
        yield from CODEC.read(file)


def read_run(folder: Path) -> list[EventEnvelope]:
    """Returns all envelopes of a run: in order of time, and in its own order for each owner."""
    owners = sorted(path.name.removesuffix(_SUFFIX) for path in folder.glob(f"*{_SUFFIX}"))
    envelopes = [envelope for owner in owners for envelope in read_log(folder, owner)]
    return sorted(envelopes, key=lambda envelope: envelope.at_ms)


class _Whole:
    def __init__(self, count: int, length: int) -> None:
        self.count = count
        self.length = length


def _whole_records(path: Path) -> _Whole:
    """Counts the records that are complete, and the bytes that they take."""
    unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, max_buffer_size=0)
    unpacker.feed(path.read_bytes())
    count, length = 0, 0
    while True:
        try:
            unpacker.skip()
        except msgpack.OutOfData:
            return _Whole(count, length)
        count, length = count + 1, unpacker.tell()
