"""World hosts as an actor, and the transport by which browsers in other processes reach them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import ormsgpack
import ray
from pydantic import JsonValue
from ray.actor import ActorProxy

from actors.event_log import EventLog
from actors.journal import EventEnvelope, Journal, MachineClock
from actors.messages import (
    CloseWorld,
    Done,
    Judged,
    JudgeEpisode,
    OpenWorld,
    WorldOpened,
    pack,
    unpack,
)
from core.errors import CodecError, WorldTimeoutError, WorldUnreachableError
from core.events import StateChanged
from core.http import HttpRequest, HttpResponse
from core.tasks import AgentResponse, Task
from environment.http_server import LoopbackServer
from environment.tasks.anywhere import open_base_urls
from environment.world_host import WorldHost

__all__ = ["WORLD_THREADS", "RayTransport", "RemoteWorldHostActor", "WorldHostActor"]

WORLD_THREADS = 16
"""Requests that may be under way at once, so that a site that hangs stops only its own episode."""
_READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class _Episode:
    task: Task
    host: WorldHost
    opened: WorldOpened
    address: str
    """Name of the episode at the loopback server; empty when it is not served."""


class WorldHostActor:
    """Owns the worlds of all episodes, and judges them.

    Owns: one `WorldHost` for each episode and the log file `world.msgpack`.
    Accepts: `OpenWorld JudgeEpisode CloseWorld` and HTTP requests, as bytes.
    Emits: `StateChanged` for each request that may write, written before the response goes out.
    In flight when it stops: the browser gets a page that says the site cannot be reached.
    Restarts: without end, but the worlds are gone: their episodes fail as unreachable.
    Under pressure: requests of one episode go one after the other, those of others beside them.
    """

    def __init__(
        self,
        folder: str,
        open_host: Callable[[Task, Mapping[str, str]], WorldHost],
        judge: Callable[[Task, WorldHost, AgentResponse], dict[str, JsonValue]],
        is_served: bool = False,
    ) -> None:
        """Starts without a world.

        Args:
            folder: The run's folder.
            open_host: Opens the worlds of a task under given base URLs.
            judge: Judges an episode.
            is_served: Whether worlds are also reached over HTTP on this machine.
        """
        self._open_host = open_host
        self._judge = judge
        self._log = EventLog(Path(folder), "world")
        self._log_lock = Lock()
        self._journal = Journal("world", self._write, clock=MachineClock(), first=self._log.count)
        self._episodes: dict[str, _Episode] = {}
        self._opened = 0
        self._server = LoopbackServer() if is_served else None
        if self._server is not None:
            self._server.start()

    @ray.method
    def open_world(self, message: bytes) -> bytes:
        """Opens the worlds of an episode and signs its user in."""
        asked = unpack(message, OpenWorld)
        known = self._episodes.get(asked.episode)
        if known is None:
            known = self._episodes[asked.episode] = self._open(asked)
        return pack(known.opened)

    def _open(self, asked: OpenWorld) -> _Episode:
        task, address = asked.task, ""
        urls: dict[str, str] = {}
        if self._server is not None and task.worlds:
            self._opened += 1
            address = f"e{self._opened}"
            urls = self._server.base_urls(address, task.worlds)
        host = self._open_host(task, urls)
        if self._server is not None and address:
            self._server.attach(address, _Recorded(host, partial(self._tell, asked.episode)))
        opened = WorldOpened(
            base_urls={site: host.base_url(site) for site in task.worlds} | open_base_urls(task),
            cookies=tuple(host.cookies_for(task.user)) if task.worlds else (),
        )
        return _Episode(task, host, opened, address)

    @ray.method
    def send(self, episode: str, request: bytes) -> bytes | None:
        """Serves one request; `None` when no world of the episode is at its address."""
        known = self._episodes.get(episode)
        asked = request_from_bytes(request)
        if known is None or not known.host.serves(asked.url):
            return None
        served = _Recorded(known.host, partial(self._tell, episode))
        return response_to_bytes(served.handle(asked))

    @ray.method
    def judge(self, message: bytes) -> bytes:
        """Judges an episode's answer and worlds.

        Raises:
            WorldUnreachableError: The worlds are gone: this process started after they were opened.
        """
        asked = unpack(message, JudgeEpisode)
        known = self._episodes.get(asked.episode)
        if known is None:
            raise WorldUnreachableError(f"the world of {asked.episode} is gone with its host")
        return pack(Judged(verdict=self._judge(known.task, known.host, asked.response)))

    @ray.method
    def close_world(self, message: bytes) -> bytes:
        """Frees an episode's worlds; unknown ones are ignored."""
        known = self._episodes.pop(unpack(message, CloseWorld).episode, None)
        if known is not None:
            if self._server is not None:
                self._server.detach(known.address)
            known.host.close()
        self._log.sync()
        return pack(Done())

    @ray.method
    def pid(self) -> int:
        """Returns the process id: the answer that says it is alive."""
        return os.getpid()

    def _tell(self, episode: str, request: HttpRequest, status: int) -> None:
        parts = urlsplit(request.url)
        changed = StateChanged(
            episode=episode,
            site=parts.netloc,
            method=request.method,
            path=parts.path,
            status=status,
        )
        with self._log_lock:
            self._journal.write(changed)

    def _write(self, envelope: EventEnvelope) -> None:
        self._log.append([envelope])


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A world host whose writes are told before their responses go out."""

    host: WorldHost
    tell: Callable[[HttpRequest, int], None]

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Serves one request."""
        response = self.host.handle(request)
        if request.method not in _READS:
            self.tell(request, response.status)
        return response


RemoteWorldHostActor = ray.remote(WorldHostActor)


class RayTransport:
    """Implements `core.ports.Transport` for one episode; for use in a thread, since it waits."""

    def __init__(
        self, world: ActorProxy[WorldHostActor], episode: str, *, deadline_s: float = 10.0
    ) -> None:
        self._world = world
        self._episode = episode
        self._deadline_s = deadline_s

    def send(self, request: HttpRequest) -> HttpResponse:
        """Carries one request to the world host and its response back.

        Raises:
            WorldTimeoutError: No answer within the deadline.
            WorldUnreachableError: No world is there, or the host is gone, or the site broke down.
        """
        reference = self._world.send.remote(self._episode, request_to_bytes(request))
        try:
            answer = ray.get(reference, timeout=self._deadline_s)
        except ray.exceptions.GetTimeoutError as error:
            raise WorldTimeoutError(f"{request.url}: no answer in {self._deadline_s} s") from error
        except ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[-1][:200]
            raise WorldUnreachableError(f"{request.url}: {reason}") from error
        if answer is None:
            raise WorldUnreachableError(f"no site of this episode is at {request.url}")
        return response_from_bytes(answer)


def request_to_bytes(request: HttpRequest) -> bytes:
    """Returns a request as msgpack bytes."""
    return ormsgpack.packb((request.method, request.url, request.headers, request.body))


def request_from_bytes(data: bytes) -> HttpRequest:
    """Returns the request in msgpack bytes.

    Raises:
        CodecError: There is none in them.
    """
    match ormsgpack.unpackb(data):
        case [str(method), str(url), list(headers), bytes(body)]:
            return HttpRequest(method=method, url=url, headers=_pairs(headers), body=body)
        case other:
            raise CodecError(f"not a request: {str(other)[:80]}")


def response_to_bytes(response: HttpResponse) -> bytes:
    """Returns a response as msgpack bytes."""
    return ormsgpack.packb((response.status, response.headers, response.body))


def response_from_bytes(data: bytes) -> HttpResponse:
    """Returns the response in msgpack bytes.

    Raises:
        CodecError: There is none in them.
    """
    match ormsgpack.unpackb(data):
        case [int(status), list(headers), bytes(body)]:
            return HttpResponse(status=status, headers=_pairs(headers), body=body)
        case other:
            raise CodecError(f"not a response: {str(other)[:80]}")


def _pairs(headers: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in headers)
