"""Messages as bytes: one envelope, msgpack, a schema version, validated when read.

The same bytes cross process borders and lie in the log. A log that was cut in the middle of its
last record loses that record and no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Generic, TypeVar

import msgpack
import ormsgpack
from pydantic import BaseModel, ValidationError

from core.errors import CodecError

__all__ = ["SCHEMA_VERSION", "Codec", "Envelope"]

SCHEMA_VERSION = 1
"""Raised whenever a field of a message changes its meaning or goes away."""

_READ_BYTES = 1 << 16

Body = TypeVar("Body", bound=BaseModel, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope(Generic[Body]):
    """A message with where it comes from and why."""

    id: str
    """Unique within a run: `source:sequence`."""
    sequence: int
    """Place in the source's own sequence, from 0."""
    trace: str
    """One id through everything that belongs to one episode."""
    cause: str
    """Id of the message that led to this one; empty for the first."""
    at_ms: int
    body: Body


class Codec:
    """Packs and unpacks the kinds of messages it was given."""

    def __init__(self, models: Iterable[type[BaseModel]]) -> None:
        """Takes frozen models whose field `kind` has a literal default.

        Raises:
            CodecError: Two models have the same kind.
        """
        self._models: dict[str, type[BaseModel]] = {}
        for model in models:
            kind = str(model.model_fields["kind"].default)
            if kind in self._models:
                raise CodecError(f"two models are called {kind!r}")
            self._models[kind] = model

    def pack(self, envelope: Envelope[Any]) -> bytes:
        """Returns the envelope as msgpack bytes.

        Raises:
            CodecError: The body's kind is not one of this codec's.
        """
        kind = getattr(envelope.body, "kind", None)
        if kind not in self._models:
            raise CodecError(f"{type(envelope.body).__name__} is not a kind of this codec")
        record = (
            SCHEMA_VERSION,
            kind,
            envelope.id,
            envelope.sequence,
            envelope.trace,
            envelope.cause,
            envelope.at_ms,
            envelope.body,
        )
        return ormsgpack.packb(record, option=ormsgpack.OPT_SERIALIZE_PYDANTIC)

    def unpack(self, data: bytes) -> Envelope[Any]:
        """Returns the one envelope in `data`, validated.

        Raises:
            CodecError: The bytes are not exactly one message of a known kind and version.
        """
        try:
            record = ormsgpack.unpackb(data)
        except ValueError as error:
            raise CodecError(f"{len(data)} bytes are not msgpack: {error}") from error
        return self._envelope(record)

    def read(self, file: BinaryIO) -> Iterator[Envelope[Any]]:
        """Yields the envelopes of a log; a record cut off at the end is left out.

        Raises:
            CodecError: A whole record is not a message of a known kind and version.
        """
        unpacker = msgpack.Unpacker(file, read_size=_READ_BYTES, raw=False, strict_map_key=False)
        try:
            for record in unpacker:
                yield self._envelope(record)
        except (ValueError, msgpack.UnpackException) as error:
            raise CodecError(f"no message at byte {unpacker.tell()}: {error}") from error

    def _envelope(self, record: object) -> Envelope[Any]:
        match record:
            case [
                int(version),
                str(kind),
                str(ident),
                int(sequence),
                str(trace),
                str(cause),
                int(at),
                body,
            ]:
                pass
            case _:
                raise CodecError(f"not an envelope: {str(record)[:80]!r}")
        if version != SCHEMA_VERSION:
            raise CodecError(f"schema version {version}, this program reads {SCHEMA_VERSION}")
        if kind not in self._models:
            raise CodecError(f"unknown kind {kind!r}")
        try:
            model = self._models[kind].model_validate(body)
        except ValidationError as error:
            raise CodecError(f"{kind}: {error}") from error
        return Envelope(id=ident, sequence=sequence, trace=trace, cause=cause, at_ms=at, body=model)
