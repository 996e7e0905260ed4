"""The owner of one episode's worlds: databases, order of requests, network trace, snapshots.

Every browser and every agent of an episode reaches its sites through one world host, so the order
in its trace is the order in which the worlds changed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from time import monotonic_ns
from typing import NamedTuple
from urllib.parse import urlsplit

from core.errors import ConfigurationError, WorldTimeoutError
from core.http import HttpRequest, HttpResponse
from core.ports import Clock
from environment.sites.contract import Row, SiteApp, TableChanges, WorldSpec
from environment.sites.registry import site_named
from environment.trace import TraceEntry, entry_of
from environment.worlds import snapshot_of

__all__ = ["MAX_TRACE", "World", "WorldHost"]

MAX_TRACE = 10_000
"""Requests of one episode; what comes after is refused with 503."""

_LOG = logging.getLogger(__name__)
_PATIENCE_S = 30.0
"""How long a request or a reading waits for another thread's request."""
_HTML = (("content-type", "text/html; charset=utf-8"),)


class World(NamedTuple):
    """One site of an episode: where it is, what it started as, what runs now."""

    site: str
    base_url: str
    snapshot: bytes
    skin: str
    default_user: str
    app: SiteApp

    def fresh(self) -> World:
        """Returns the world as it was at the start; this one is closed."""
        self.app.close()
        return self._replace(app=_opened(self.site, self.snapshot, self.base_url, self.skin))


class WorldHost:
    """Owns one episode's worlds. Requests from several threads are served one after the other.

    Each method but `trace` and `close` raises `WorldTimeoutError` if a site hangs in another thread
    for longer than 30 s.
    """

    def __init__(
        self, worlds: Sequence[World], *, max_trace: int = MAX_TRACE, clock: Clock | None = None
    ) -> None:
        """Takes over open worlds; `WorldHost.open` is the usual way.

        Args:
            worlds: The worlds, with different base URLs.
            max_trace: Most requests served.
            clock: Gives the durations in the trace; the machine's by default.

        Raises:
            ConfigurationError: Two worlds have the same base URL.
        """
        self._worlds = {_origin(world.base_url): world for world in worlds}
        if len(self._worlds) != len(worlds):
            urls = ", ".join(world.base_url for world in worlds)
            raise ConfigurationError(f"each world needs a base URL of its own, got {urls}")
        self._max_trace = max_trace
        self._clock = clock or _MachineClock()
        self._trace: list[TraceEntry] = []
        self._cookies: dict[str | None, list[tuple[str, str, str]]] = {}
        self._secret_cookies: set[str] = set()
        self._lock = RLock()

    @classmethod
    def open(
        cls,
        worlds: Mapping[str, WorldSpec],
        *,
        base_urls: Mapping[str, str] | None = None,
        skin: str = "plain",
    ) -> WorldHost:
        """Opens a private world of each site.

        Args:
            worlds: Site name to the spec of its world.
            base_urls: Site name to scheme and host; `http://{site}.localhost` where absent.
            skin: Look and wording of every site.

        Raises:
            KeyError: There is no such site.
            ConfigurationError: Two worlds have the same base URL.
        """
        urls = base_urls or {}
        opened = []
        for site, spec in worlds.items():
            base_url = urls.get(site, f"http://{site}.localhost").rstrip("/")
            snapshot = snapshot_of(site, spec)
            app = _opened(site, snapshot, base_url, skin)
            user = site_named(site).default_user
            opened.append(World(site, base_url, snapshot, skin, user, app))
        return cls(opened)

    def serves(self, url: str) -> bool:
        """Tells whether a URL leads to one of the worlds."""
        return _origin(url) in self._worlds

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Serves one request and records the exchange.

        An unknown host gets a 502 page; so does what is no URL, which is not recorded. After
        `max_trace` requests each one gets a 503 page and is neither served nor recorded. What a
        site raises is recorded as status 500 and passed on.
        """
        with self._alone():
            if len(self._trace) >= self._max_trace:
                return _page(503, f"this episode may send {self._max_trace} requests")
            origin = _origin(request.url)
            world = self._worlds.get(origin)
            if world is None:
                response = _page(502, "no site of this episode is at this address")
                if origin:
                    self._record(request, response, 0)
                return response
            start = self._clock.now_ms()
            try:
                response = world.app.handle(request)
            except Exception:
                self._record(request, _page(500, ""), self._clock.now_ms() - start)
                raise
            self._record(request, response, self._clock.now_ms() - start)
            return response

    def base_url(self, site: str) -> str:
        """Returns scheme and host of a site, no trailing slash.

        Raises:
            KeyError: The episode has no such site.
        """
        return self._world(site).base_url

    def cookies_for(self, user: str | None) -> list[tuple[str, str, str]]:
        """Signs a user in on every site; the same session each time it is asked for.

        Args:
            user: A user name; `None` is the user whom the benchmark signs in on each site. A site
                that does not know the user is left out.

        Returns:
            (base URL, cookie name, value) of each site.

        Raises:
            KeyError: No site knows the user.
        """
        with self._alone():
            if user not in self._cookies:
                self._cookies[user] = self._sign_in(user)
            return list(self._cookies[user])

    def trace(self) -> tuple[TraceEntry, ...]:
        """Returns the exchanges so far, in order."""
        return tuple(self._trace)

    def tables(self) -> dict[str, Mapping[str, Sequence[Row]]]:
        """Returns the tables of each site."""
        with self._alone():
            return {world.site: world.app.tables() for world in self._worlds.values()}

    def changes(self) -> dict[str, Mapping[str, TableChanges]]:
        """Returns the rows of each site that differ from how the worlds were opened."""
        with self._alone():
            return {world.site: world.app.changes() for world in self._worlds.values()}

    def digest(self) -> str:
        """Returns a hash of the worlds' contents; equal contents have equal digests."""
        with self._alone():
            parts = sorted(f"{w.site}={w.app.digest()}" for w in self._worlds.values())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def restore(self) -> None:
        """Goes back to the start: fresh worlds, no trace, nobody signed in."""
        with self._alone():
            self._worlds = {key: world.fresh() for key, world in self._worlds.items()}
            self._trace.clear()
            self._cookies.clear()

    def close(self) -> None:
        """Frees the worlds; the trace stays readable. Closing twice is allowed.

        A world that hangs is left to the garbage collector: its thread still uses it.
        """
        worlds, self._worlds = self._worlds, {}
        try:
            with self._alone(0.0):
                for world in worlds.values():
                    world.app.close()
        except WorldTimeoutError:
            _LOG.warning("left a world behind that still works on a request")

    @contextmanager
    def _alone(self, patience_s: float = _PATIENCE_S) -> Iterator[None]:
        """Waits until no other thread uses the worlds.

        Raises:
            WorldTimeoutError: Another thread's request takes too long.
        """
        if not self._lock.acquire(timeout=patience_s):
            raise WorldTimeoutError(f"a site still works on a request after {patience_s} s")
        try:
            yield
        finally:
            self._lock.release()

    def _world(self, site: str) -> World:
        for world in self._worlds.values():
            if world.site == site:
                return world
        known = ", ".join(world.site for world in self._worlds.values())
        raise KeyError(f"no site {site!r} in this episode; there are: {known}")

    def _sign_in(self, user: str | None) -> list[tuple[str, str, str]]:
        cookies = []
        for world in self._worlds.values():
            try:
                pair = world.app.cookie_for(world.default_user if user is None else user)
            except KeyError:
                continue
            name, _, value = pair.partition("=")
            self._secret_cookies.add(name)
            cookies.append((world.base_url, name, value))
        if not cookies:
            raise KeyError(f"no site of this episode knows the user {user!r}")
        return cookies

    def _record(self, request: HttpRequest, response: HttpResponse, duration_ms: int) -> None:
        entry = entry_of(
            len(self._trace),
            request,
            response,
            duration_ms=duration_ms,
            secret_cookies=self._secret_cookies,
        )
        self._trace.append(entry)


class _MachineClock:
    def now_ms(self) -> int:
        return monotonic_ns() // 1_000_000


def _opened(site: str, snapshot: bytes, base_url: str, skin: str) -> SiteApp:
    return site_named(site).open(snapshot, base_url=base_url, skin=skin)


def _origin(url: str) -> str:
    """Returns scheme and host of a URL, lower case, without a default port; empty if unreadable."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2].lower()
    default = ":443" if parts.scheme == "https" else ":80"
    return f"{parts.scheme}://{host.removesuffix(default)}"


def _page(status: int, message: str) -> HttpResponse:
    text = f"<!doctype html><title>{status}</title><h1>{status}</h1><p>{message}</p>"
    return HttpResponse(status=status, headers=_HTML, body=text.encode())
