"""One episode behind the loopback server: a queue, and a thread that serves it in order.

A request whose caller has given up before its turn is never served. A site that fails is a page
with status 500, as on the web; a closed lane answers 503 to those that still wait.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from queue import SimpleQueue
from typing import Protocol

from core.http import HttpRequest, HttpResponse

__all__ = ["Answer", "Lane", "RequestHandler", "plain_text"]

_LOG = logging.getLogger(__name__)

Answer = asyncio.Future[HttpResponse]
"""Set on the server's loop, from the thread of a lane."""


class RequestHandler(Protocol):
    """What an episode attaches; `environment.world_host.WorldHost` is one."""

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Serves one request."""
        ...


class Lane:
    """The queue and the thread of one episode."""

    def __init__(self, episode: str, host: RequestHandler) -> None:
        self._host = host
        self._queue: SimpleQueue[tuple[HttpRequest, Answer] | None] = SimpleQueue()
        self._is_closed = False
        # A daemon, so that a site that hangs for good does not keep the process alive.
        threading.Thread(target=self._run, name=f"episode-{episode}", daemon=True).start()

    def put(self, request: HttpRequest, answer: Answer) -> None:
        """Queues a request; called on the server's loop."""
        self._queue.put((request, answer))

    def close(self) -> None:
        """Lets the thread end after the request that it serves."""
        self._is_closed = True
        self._queue.put(None)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            request, answer = item
            if answer.cancelled():
                continue
            if self._is_closed:
                response = plain_text(503, "This episode has ended.")
            else:
                response = self._handle(request)
            try:
                answer.get_loop().call_soon_threadsafe(_settle, answer, response)
            except RuntimeError:  # the server has stopped meanwhile
                return

    def _handle(self, request: HttpRequest) -> HttpResponse:
        try:
            return self._host.handle(request)
        except Exception:  # noqa: BLE001  # the edge of a site: its bug is a page, as on the web
            _LOG.exception("a site failed at %s", request.url)
            return plain_text(500, "The site failed.")


def plain_text(status: int, text: str) -> HttpResponse:
    """Returns a page of one sentence."""
    fields = (("content-type", "text/plain; charset=utf-8"),)
    return HttpResponse(status=status, headers=fields, body=text.encode())


def _settle(answer: Answer, response: HttpResponse) -> None:
    if not answer.done():
        answer.set_result(response)
