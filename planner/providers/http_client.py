"""The HTTP client under the `openai` and `anthropic` packages: bounded, and without redirections.

A redirection is not followed: the packages' key headers would go with it to another host. Proxies
of the environment hold as they do without this client.
"""

from __future__ import annotations

import math
import time

import httpx2

from planner.providers.bounded import HEADERS, BoundedBody, refuse_compressed

__all__ = ["bounded_client"]


def bounded_client(max_reply_bytes: int) -> httpx2.Client:
    """Returns a client that reads no more of a reply than this, and no longer than its time-out."""
    return httpx2.Client(
        headers=HEADERS,
        event_hooks={"response": [lambda response: _bound(response, max_reply_bytes)]},
    )


class _Body(BoundedBody, httpx2.SyncByteStream):
    timeouts = (httpx2.TimeoutException,)
    breaks = (httpx2.TransportError,)


def _bound(response: httpx2.Response, limit: int) -> None:
    refuse_compressed(response.headers.get("content-encoding", ""))
    stream = response.stream
    if isinstance(stream, httpx2.SyncByteStream):
        read_s = response.request.extensions.get("timeout", {}).get("read") or math.inf
        deadline_s = time.monotonic() + read_s
        response.stream = _Body(stream, stream.close, deadline_s=deadline_s, limit=limit)
