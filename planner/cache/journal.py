"""The file of a plan cache: framed records, one after the other, appended under a lock.

    file    magic, then records
    record  length (4 bytes), CRC-32 of the payload (4 bytes), payload (msgpack map)

A writer that is killed leaves at most one record torn; the next writer cuts it off. A record whose
checksum is wrong is skipped. Every append first reads what other processes have appended, so all
of them see one sequence. Compaction writes a new file beside the old one and renames it; a process
that still holds the old one notices and starts over with the new one.

A file that is something else is never overwritten: it is moved to `<name>.unreadable`.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgpack
from pydantic import JsonValue

__all__ = ["Journal"]

_MAGIC = b"WMPLANS3"
_FRAME = struct.Struct(">II")
_LONGEST = 16 * 1024 * 1024

Record = dict[str, JsonValue]


class Journal:
    """Reads and writes the file; remembers how far it has read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file_id: tuple[int, int] | None = None
        self._read_to = 0

    def has_news(self) -> bool:
        """Returns whether the file has changed since it was last read."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) != self._file_id or found.st_size > self._read_to

    def read_news(self) -> tuple[bool, list[Record]]:
        """Returns whether the file is another one than before, and the records not yet read."""
        if not self._path.exists():
            return False, []
        with self._locked(fcntl.LOCK_SH) as file:
            return self._catch_up(file)

    def append(self, record: Record) -> tuple[bool, list[Record]]:
        """Adds a record; returns like `read_news` what stood before it unread."""
        with self._locked(fcntl.LOCK_EX) as file:
            news = self._catch_up(file)
            file.seek(self._read_to)
            file.truncate()
            if self._read_to == 0:
                file.write(_MAGIC)
            file.write(_framed(record))
            file.flush()
            self._read_to = file.tell()
            return news

    def rewrite(self, records: Iterable[Record]) -> None:
        """Replaces the file by one with these records; the caller has just read everything."""
        with self._locked(fcntl.LOCK_EX) as file:
            if self._catch_up(file)[1]:
                return  # somebody was faster; the next compaction will do
            fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
            with fresh.open("wb") as other:
                other.write(_MAGIC)
                for record in records:
                    other.write(_framed(record))
                other.flush()
                os.fsync(other.fileno())
                self._file_id = _identity(other)
                self._read_to = other.tell()
            fresh.replace(self._path)

    @contextmanager
    def _locked(self, kind: int) -> Iterator[BinaryIO]:
        """Opens and locks the file that has the name now, making it or moving a foreign one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")
            with file:
                fcntl.flock(file, kind)
                if not self._is_named(file):
                    continue
                if _is_foreign(file):
                    self._path.rename(self._path.with_name(f"{self._path.name}.unreadable"))
                    continue
                yield file
                return

    def _is_named(self, file: BinaryIO) -> bool:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == _identity(file)

    def _catch_up(self, file: BinaryIO) -> tuple[bool, list[Record]]:
        is_other = self._file_id is not None and self._file_id != _identity(file)
        if self._file_id != _identity(file):
            self._file_id, self._read_to = _identity(file), 0
        file.seek(self._read_to)
        data = file.read()
        start = 0
        if self._read_to == 0:
            if len(data) < len(_MAGIC):
                return is_other, []
            start = len(_MAGIC)
        records: list[Record] = []
        for end, record in _frames(data, start):
            start = end
            if record is not None:
                records.append(record)
        self._read_to += start
        return is_other, records


def _identity(file: BinaryIO) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino


def _is_foreign(file: BinaryIO) -> bool:
    head = file.read(len(_MAGIC))
    file.seek(0)
    return not _MAGIC.startswith(head) and head != _MAGIC


def _framed(record: Record) -> bytes:
    payload: bytes = msgpack.packb(record)
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def _frames(data: bytes, start: int) -> Iterator[tuple[int, Record | None]]:
    """Yields the end and the content of each whole record; `None` for a damaged one."""
    while start + _FRAME.size <= len(data):
        length, checksum = _FRAME.unpack_from(data, start)
        end = start + _FRAME.size + length
        if length > _LONGEST or end > len(data):
            return
        payload = data[start + _FRAME.size : end]
        is_whole = zlib.crc32(payload) == checksum
        yield end, _unpacked(payload) if is_whole else None
        start = end


def _unpacked(payload: bytes) -> Record | None:
    record = msgpack.unpackb(payload, raw=False)
    return record if isinstance(record, dict) else None
