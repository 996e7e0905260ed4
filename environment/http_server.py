"""World hosts over HTTP on this machine, so that a Chromium can reach them.

One server serves many live episodes. Each site of an episode has a host name of its own,
`http://{site}-{episode}.localhost:{port}`: Chromium resolves `*.localhost` to this machine, and
cookies stay apart by host.

    Chromium --HTTP--> uvicorn (one thread) --queue--> lane of the episode (one thread each)
                                                           |
                                                           v
                                                      WorldHost.handle

A lane serves its requests in the order in which they arrived, so a slow site holds up no other
episode. A request that waited longer than the deadline gets a 504; if its turn had not come, it
is never served.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass

import uvicorn

from core.errors import CallerError, ConfigurationError
from core.http import HttpRequest, HttpResponse, header
from environment.http_asgi import Message, Receive, Send, read_body, read_request, write_response
from environment.http_lanes import Answer, Lane, RequestHandler, plain_text

__all__ = ["LoopbackConfig", "LoopbackServer"]

_EPISODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_STOP_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopbackConfig:
    """Limits of the server."""

    port: int = 0
    """Port of 127.0.0.1 to listen on; 0 takes a free one."""
    deadline_s: float = 20.0
    """Longest wall time from a request to its response, in seconds; then the answer is 504."""
    body_limit: int = 5_000_000
    """Largest request body in bytes; a larger one is answered with 413."""

    def __post_init__(self) -> None:
        if self.deadline_s <= 0 or self.body_limit < 0:
            raise ConfigurationError(
                f"deadline_s={self.deadline_s} must be above 0, "
                f"body_limit={self.body_limit} must not be negative"
            )


class LoopbackServer:
    """Serves attached episodes on a port of 127.0.0.1, from a thread of its own."""

    def __init__(self, config: LoopbackConfig | None = None) -> None:
        """Makes a server that is not started yet."""
        self._config = config or LoopbackConfig()
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._lanes: dict[str, Lane] = {}
        self._hosts: dict[str, str] = {}

    @property
    def port(self) -> int:
        """The port listened on.

        Raises:
            CallerError: The server has not been started.
        """
        if self._socket is None:
            raise CallerError("the loopback server has not been started")
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Listens; connections are accepted when this returns. Starting twice does nothing.

        Raises:
            OSError: The port is taken.
        """
        if self._thread is not None:
            return
        self._socket = socket.create_server(("127.0.0.1", self._config.port), backlog=512)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._serve,
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                interface="asgi3",
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [self._socket]},
            name="loopback-server",
            daemon=True,
        )
        self._thread.start()

    def base_urls(self, episode: str, sites: Iterable[str]) -> dict[str, str]:
        """Gives each site of an episode its address and keeps it for `attach`.

        Args:
            episode: Lower-case letters, digits and hyphens, at most 40 characters.
            sites: Site names; an underscore becomes a hyphen in the host name.

        Returns:
            Site name to base URL, no trailing slash.

        Raises:
            ConfigurationError: The episode's name cannot stand in a host name.
        """
        if not _EPISODE.fullmatch(episode):
            raise ConfigurationError(
                f"episode {episode!r} must be 1-40 lower-case letters, digits and inner hyphens"
            )
        hosts = {s: f"{s.replace('_', '-')}-{episode}.localhost:{self.port}" for s in sites}
        self._hosts.update(dict.fromkeys(hosts.values(), episode))
        return {site: f"http://{host}" for site, host in hosts.items()}

    def attach(self, episode: str, host: RequestHandler) -> None:
        """Serves an episode at the addresses that `base_urls` gave it.

        Raises:
            CallerError: The episode has no addresses, or is attached already.
        """
        if episode not in self._hosts.values():
            raise CallerError(f"episode {episode!r} has no addresses; call base_urls first")
        if episode in self._lanes:
            raise CallerError(f"episode {episode!r} is attached already")
        self._lanes[episode] = Lane(episode, host)

    def detach(self, episode: str) -> None:
        """Forgets an episode and its addresses; an unknown one is no error.

        A request that is being served is finished; those that wait are answered with 503.
        """
        self._hosts = {host: name for host, name in self._hosts.items() if name != episode}
        lane = self._lanes.pop(episode, None)
        if lane is not None:
            lane.close()

    def stop(self) -> None:
        """Detaches every episode and stops listening; stopping twice does nothing."""
        for episode in list(self._lanes):
            self.detach(episode)
        if self._server is None or self._thread is None or self._socket is None:
            return
        self._server.should_exit = True
        self._thread.join(_STOP_S)
        self._socket.close()
        self._server = self._thread = self._socket = None

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            return
        body = await read_body(receive, self._config.body_limit)
        if body is None:
            limit = f"The body is larger than {self._config.body_limit:,} bytes."
            response = plain_text(413, limit)
        else:
            response = await self._answer(read_request(scope, body))
        await write_response(response, scope["method"], send)

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        host = header(request.headers, "host").lower()
        lane = self._lanes.get(self._hosts.get(host, ""))
        if lane is None:
            return plain_text(421, "No episode is served at this address.")
        if request.url.partition("?")[0].endswith(f"{host}/favicon.ico"):
            return HttpResponse(status=204)  # asked for by browsers, not by agents
        answer: Answer = asyncio.get_running_loop().create_future()
        lane.put(request, answer)
        try:
            async with asyncio.timeout(self._config.deadline_s):
                return await answer
        except TimeoutError:
            return plain_text(504, f"No answer within {self._config.deadline_s:g} seconds.")
