"""Files of episode records: JSON lines, a header first.

    {"format": "episode-records", "version": 1, "count": 300, "command": "...", "commit": "..."}
    {"key": "...", "template": "...", ...}
    ...

The header says how many records follow, so a file that was cut is told from a short one, even
where the cut falls between two lines.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import CodecError
from evaluation.records import EpisodeRecord

__all__ = ["FORMAT_VERSION", "RecordFile", "read_records", "write_records"]

FORMAT_VERSION = 1
"""Raised whenever a field of `EpisodeRecord` changes its meaning or goes away."""


class RecordFile(NamedTuple):
    """Records and how they came about."""

    records: list[EpisodeRecord]
    command: str
    """Makes the records again; empty when nobody said."""
    commit: str


class _Header(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["episode-records"] = "episode-records"
    version: int
    count: Annotated[int, Field(ge=0)]
    command: str
    commit: str


def write_records(
    path: Path, records: Sequence[EpisodeRecord], *, command: str = "", commit: str = ""
) -> None:
    """Writes a file of records, whole or not at all.

    Args:
        path: Where; an older file there is replaced.
        records: In the order in which they are read again.
        command: Makes the records again.
        commit: Of the program that made them.
    """
    header = _Header(version=FORMAT_VERSION, count=len(records), command=command, commit=commit)
    lines = [header.model_dump_json(), *(one.model_dump_json() for one in records), ""]
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text("\n".join(lines), encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_records(path: Path) -> RecordFile:
    """Reads a file of records.

    Raises:
        CodecError: The file is foreign, of another version, or cut; the message says which.
        OSError: There is no such file, or it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise CodecError(f"{path} is no file of episode records: not text") from error
    header = _header(path, lines[0])
    found = [line for line in lines[1:] if line]
    if len(found) != header.count:
        raise CodecError(
            f"{path} is not whole: {len(found)} of the {header.count} records that its header names"
        )
    records = [_record(path, number, line) for number, line in enumerate(found, start=2)]
    return RecordFile(records=records, command=header.command, commit=header.commit)


def _header(path: Path, line: str) -> _Header:
    try:
        header = _Header.model_validate_json(line)
    except ValidationError as error:
        raise CodecError(f"{path} is no file of episode records: {line[:60]!r}") from error
    if header.version != FORMAT_VERSION:
        raise CodecError(
            f"{path} has version {header.version}, this program reads {FORMAT_VERSION}"
        )
    return header


def _record(path: Path, number: int, line: str) -> EpisodeRecord:
    try:
        return EpisodeRecord.model_validate_json(line)
    except ValidationError as error:
        raise CodecError(f"{path}, line {number}, is cut or no record: {error}") from error
