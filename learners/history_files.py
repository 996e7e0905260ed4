"""A run's history as JSON lines, one record a line; NaN is written as null.

The lines are for people, figures and other programs. What a run goes on from is its checkpoint, and
`write_history` makes the file say what the checkpoint says.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from learners.history import Record

__all__ = ["append_record", "record_line", "write_history"]


def record_line(record: Record) -> str:
    """Returns a record as one line of JSON, without a line break."""
    return json.dumps(_plain(dataclasses.asdict(record)), allow_nan=False, ensure_ascii=False)


def append_record(path: Path, record: Record) -> None:
    """Adds a record at the end of a file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(record_line(record) + "\n")


def write_history(path: Path, records: Iterable[Record]) -> None:
    """Writes a file of exactly these records, whole or not at all."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        text = "".join(record_line(record) + "\n" for record in records)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | int | None):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [_plain(inner) for inner in value]
    raise TypeError(f"a record holds numbers, words and lists of them, not {value!r}")
