"""Checkpoints of a run: whole or not there, and the one before still loads.

    <folder>/000040/manifest.json    format, version, iteration, score, size and hash of each part
    <folder>/000040/<part>           bytes, one file for each part
    <folder>/000045/...

A checkpoint is written into a folder of another name; every file and the folder are flushed to the
disk before the folder is renamed. So a process that dies, or a disk that is full, leaves a folder
that no reader takes for a checkpoint, and the next writer clears it away. What a reader finds is
held against sizes and hashes of the manifest before anything is unpickled.

The last few are kept, and the one with the best score.

What this does not give: protection from somebody who writes into the folder on purpose. Parts are
unpickled by their owners, so load only checkpoints that you trust.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import CheckpointError

__all__ = ["FORMAT_VERSION", "Checkpoint", "Checkpoints"]

FORMAT_VERSION = 1
"""Raised whenever an older program could not go on from a newer checkpoint, or the reverse."""
_MANIFEST = "manifest.json"
_NAME = re.compile(r"\d{6,}")
_PART = re.compile(r"[a-z_]+(\.[a-z]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a run needs to go on."""

    iteration: int
    """Updates that were done."""
    parts: Mapping[str, bytes]
    """Name to bytes; who wrote them reads them."""
    score: float | None = None
    """Higher is better; `None`: never the best."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """For people and for checks: command, commit, versions."""


class _PartEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Annotated[int, Field(ge=0)]
    blake2b: str


class _Manifest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal["webarena-mas checkpoint"] = "webarena-mas checkpoint"
    version: int
    iteration: Annotated[int, Field(ge=0)]
    score: float | None
    parts: dict[str, _PartEntry]
    notes: dict[str, str]


class Checkpoints:
    """The checkpoints of one run, in one folder. One writer at a time."""

    def __init__(self, folder: Path, *, keep: int = 3) -> None:
        """Looks at a folder; it is made when the first checkpoint is written.

        Args:
            folder: Holds nothing else.
            keep: Newest checkpoints that are kept, at least 1, besides the best.
        """
        assert keep >= 1, f"at least one checkpoint is kept, not {keep}"
        self.folder = folder
        self._keep = keep

    def names(self) -> list[str]:
        """Returns the names of the checkpoints, oldest first, whole or not."""
        if not self.folder.is_dir():
            return []
        found = [path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name)]
        return sorted(found, key=int)

    def save(self, checkpoint: Checkpoint) -> Path:
        """Writes a checkpoint, then removes those that are no longer kept.

        Raises:
            CheckpointError: The disk is full or refuses; checkpoints from before are as they were.
        """
        name = f"{checkpoint.iteration:06d}"
        partial = self.folder / f".{name}.{os.getpid()}.partial"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._clear()
            partial.mkdir()
            _write_all(partial, checkpoint)
            target = self.folder / name
            self._remove(name)  # the same iteration again: what was there could not be read
            partial.replace(target)
            _flush(self.folder)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise CheckpointError(
                f"no checkpoint could be written to {self.folder}: {error.strerror or error}; "
                f"{self._left()}"
            ) from error
        self._prune()
        return target

    def load(self, name: str) -> Checkpoint:
        """Returns one checkpoint.

        Raises:
            CheckpointError: It is missing, cut short, of another version, or something else.
        """
        path = self.folder / name
        manifest = _read_manifest(path)
        parts = {part: _read_part(path / part, entry) for part, entry in manifest.parts.items()}
        return Checkpoint(
            iteration=manifest.iteration, parts=parts, score=manifest.score, notes=manifest.notes
        )

    def newest(self) -> tuple[Checkpoint | None, list[str]]:
        """Returns the newest checkpoint that is whole, and what was wrong with newer ones.

        Nothing but an empty folder gives `None`.

        Raises:
            CheckpointError: There are checkpoints, and none can be read.
        """
        complaints: list[str] = []
        for name in reversed(self.names()):
            try:
                return self.load(name), complaints
            except CheckpointError as error:
                complaints.append(str(error))
        if complaints:
            raise CheckpointError("no checkpoint can be read: " + "; ".join(complaints))
        return None, []

    def best(self) -> str | None:
        """Returns the name of the checkpoint with the highest score, the newest of equals."""
        scored = [
            (score, name) for name in self.names() if (score := self._score(name)) is not None
        ]
        return max(scored, key=lambda pair: (pair[0], int(pair[1])))[1] if scored else None

    def _score(self, name: str) -> float | None:
        try:
            return _read_manifest(self.folder / name).score
        except CheckpointError:
            return None

    def _prune(self) -> None:
        names = self.names()
        kept = {*names[-self._keep :], self.best()}
        for name in names:
            if name not in kept:
                self._remove(name)

    def _remove(self, name: str) -> None:
        """Takes the name away first: half a checkpoint must not look like one."""
        path, going = self.folder / name, self.folder / f".{name}.old.partial"
        if path.exists():
            path.replace(going)
            shutil.rmtree(going, ignore_errors=True)

    def _clear(self) -> None:
        """Removes what writers left that did not come to their end."""
        for path in self.folder.glob(".*.partial"):
            shutil.rmtree(path, ignore_errors=True)

    def _left(self) -> str:
        names = self.names()
        return f"the last one is {names[-1]}" if names else "there is none yet"


def _write_all(folder: Path, checkpoint: Checkpoint) -> None:
    entries = {}
    for part, data in checkpoint.parts.items():
        assert _PART.fullmatch(part), f"{part!r} is no name of a part"
        _write(folder / part, data)
        entries[part] = _PartEntry(size=len(data), blake2b=_hash(data))
    manifest = _Manifest(
        version=FORMAT_VERSION,
        iteration=checkpoint.iteration,
        score=checkpoint.score,
        parts=entries,
        notes=dict(checkpoint.notes),
    )
    _write(folder / _MANIFEST, manifest.model_dump_json(indent=2).encode())
    _flush(folder)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_manifest(path: Path) -> _Manifest:
    try:
        text = (path / _MANIFEST).read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} is no checkpoint: {error.strerror or error}") from error
    try:
        version = json.loads(text).get("version", FORMAT_VERSION)
        if version == FORMAT_VERSION:
            return _Manifest.model_validate_json(text)
    except (ValueError, AttributeError, ValidationError) as error:
        raise CheckpointError(f"{path} is cut short or is no checkpoint: {error}") from error
    raise CheckpointError(
        f"{path} is a checkpoint of version {version}; this program reads {FORMAT_VERSION}"
    )


def _read_part(path: Path, entry: _PartEntry) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path.parent} lacks {path.name}: {error.strerror}") from error
    if len(data) != entry.size:
        raise CheckpointError(
            f"{path} is cut short: {len(data):,} bytes of {entry.size:,} in the manifest"
        )
    if _hash(data) != entry.blake2b:
        raise CheckpointError(f"{path} is damaged: its hash is not the manifest's")
    return data


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
