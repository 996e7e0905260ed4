"""How the in-process browser reaches a world in its own process."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from core.errors import WorldTimeoutError, WorldUnreachableError
from core.http import HttpRequest, HttpResponse
from environment.world_host import WorldHost

__all__ = ["DirectTransport"]


class DirectTransport:
    """Calls a world host directly; implements `core.ports.Transport`."""

    def __init__(self, host: WorldHost, *, deadline_s: float | None = None) -> None:
        """Makes a transport.

        Args:
            host: The episode's worlds.
            deadline_s: Longest wait for an answer. With one, requests run in a thread of their
                own, so that a hanging site cannot hang the browser; a site that hangs keeps that
                thread, and every later request fails at once. `None` waits for ever, and is what
                training uses: it costs nothing.
        """
        self._host = host
        self._deadline_s = deadline_s
        self._thread = ThreadPoolExecutor(1, "world") if deadline_s is not None else None
        self._running: Future[HttpResponse] | None = None

    def send(self, request: HttpRequest) -> HttpResponse:
        """Carries one request to the world and its response back.

        Raises:
            WorldTimeoutError: No answer within the deadline.
            WorldUnreachableError: No world is at this address, or the site raised an error.
        """
        if not self._host.serves(request.url):
            raise WorldUnreachableError(f"no site of this episode is at {request.url}")
        try:
            return self._answer(request)
        except WorldTimeoutError:
            raise
        except Exception as error:  # the edge of a site: whatever it raises, it did not answer
            raise WorldUnreachableError(f"{request.url}: {error!r}") from error

    def close(self) -> None:
        """Lets the thread end; what still hangs in it is not waited for."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if self._thread is None:
            return self._host.handle(request)
        if self._running is not None and not self._running.done():
            raise WorldTimeoutError(f"{request.url}: the site still works on an earlier request")
        self._running = self._thread.submit(self._host.handle, request)
        try:
            return self._running.result(self._deadline_s)
        except TimeoutError as error:
            # The site's own TimeoutError arrives here too; both mean that no answer came.
            raise WorldTimeoutError(f"{request.url}: no answer in {self._deadline_s} s") from error
