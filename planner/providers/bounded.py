"""Bodies of replies, read up to a size and up to a moment.

An SDK reads a whole body into memory, and its time-out is per read: a server that sends 10 GB, or
one byte per second, holds the caller for as long as it likes. A hook of the HTTP client puts a
bounded body in the place of the body, before anything of it is read.

The size counts the bytes on the wire, so a compressed body is refused and the request asks for
none. Worst-case duration of a call: twice the request's time-out (headers, then body).
Not covered: a server that drips its headers, of which the HTTP libraries take 100 kB.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from planner.providers.contract import BrokenReplyError, ProviderTimeoutError

__all__ = ["HEADERS", "MAX_REPLY_BYTES", "BoundedBody", "refuse_compressed"]

MAX_REPLY_BYTES = 10_000_000
"""More than any plan, with room for log-probabilities of every token."""

HEADERS = {"Accept-Encoding": "identity"}


class BoundedBody:
    """The byte chunks of a body; a subclass in the adapter names its HTTP library's errors."""

    timeouts: ClassVar[tuple[type[Exception], ...]] = ()
    breaks: ClassVar[tuple[type[Exception], ...]] = ()

    def __init__(
        self, inner: Iterable[bytes], close: Callable[[], None], *, deadline_s: float, limit: int
    ) -> None:
        self._inner = inner
        self._close = close
        self._deadline_s = deadline_s
        self._limit = limit

    def __iter__(self) -> Iterator[bytes]:
        """Yields the chunks.

        Raises:
            BrokenReplyError: Too large, or the connection broke before the end.
            ProviderTimeoutError: Not complete in time.
        """
        received = 0
        try:
            for chunk in self._inner:
                received += len(chunk)
                if received > self._limit:
                    raise BrokenReplyError(f"the reply is larger than {self._limit:,} bytes")
                if time.monotonic() > self._deadline_s:
                    raise ProviderTimeoutError(f"the reply stopped at {received:,} bytes")
                yield chunk
        except self.timeouts:
            raise ProviderTimeoutError(f"the reply stopped at {received:,} bytes") from None
        except self.breaks as error:
            raise BrokenReplyError(f"the reply was cut at {received:,} bytes: {error}") from None

    def close(self) -> None:
        """Frees the connection."""
        self._close()


def refuse_compressed(encoding: str) -> None:
    """Lets a body pass whose size on the wire is its size.

    Raises:
        BrokenReplyError: It is compressed, though the request asked for an uncompressed one.
    """
    if encoding.strip().lower() not in {"", "identity"}:
        raise BrokenReplyError(f"the reply is compressed ({encoding!r}) though we asked for none")
