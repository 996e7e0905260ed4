"""The forum as the rest of the system sees it: how its worlds are built, opened and served."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Mapping, Sequence

from core.http import HttpRequest, HttpResponse, header
from environment.lru import Lru
from environment.sites.contract import Row, SiteApp, TableChanges, WorldSpec
from environment.sites.reddit import sessions
from environment.sites.reddit.rankings import ensure_rankings
from environment.sites.reddit.rendering import SKINS, show
from environment.sites.reddit.routing import answer
from environment.sites.reddit.store import Store
from environment.sites.reddit.visit import (
    RefusedError,
    Viewer,
    Visit,
    json_answer,
    page,
    parse_form,
    parse_location,
    redirect,
)

__all__ = ["RedditApp", "RedditSite"]

_LOG = logging.getLogger(__name__)
_PAGES_BYTES = 96_000_000
_PAGES: Lru[tuple[object, ...], HttpResponse] = Lru(_PAGES_BYTES)
"""Answers of worlds that no request has changed: the same for all worlds of one snapshot."""
_NO_ONE = Viewer(0, "", "", hashlib.sha256(b"anonymous").hexdigest()[:32], "", 0)


class RedditSite:
    """A Postmill-like forum."""

    name = "reddit"
    default_user = "MarvelsGrantMan136"

    def build(self, spec: WorldSpec) -> bytes:
        """Builds the world of a spec, with its derived tables, as the bytes of one database."""
        from environment.sites.reddit.world import build_world

        snapshot = build_world(spec)
        connection = sqlite3.connect(":memory:", isolation_level=None)
        try:
            connection.deserialize(snapshot)
            return connection.serialize() if ensure_rankings(connection) else snapshot
        finally:
            connection.close()

    def open(self, snapshot: bytes, *, base_url: str, skin: str = "plain") -> SiteApp:
        """Opens a private copy of a snapshot.

        Args:
            snapshot: What `build` returned.
            base_url: Scheme and host under which the world is reached, no trailing slash.
            skin: `plain` or `modern`.

        Raises:
            ValueError: There is no such skin.
        """
        if skin not in SKINS:
            raise ValueError(f"no skin is called {skin!r}; there are {', '.join(SKINS)}")
        return RedditApp(Store(snapshot), base_url=base_url, skin=skin)


class RedditApp:
    """One running forum; serves one request at a time."""

    def __init__(self, store: Store, *, base_url: str, skin: str) -> None:
        self._store = store
        self._base_url = base_url
        self._skin = skin
        self._users: frozenset[str] = frozenset()
        """Who was signed in from outside."""
        self._is_changed = False
        """Whether a request has changed the world."""

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Serves one request; a bug inside is a 500 page, never an exception.

        As long as no request has changed the world, an answer that another world of the same
        snapshot gave to the same request is given again. Where a reader comes from changes no page.
        """
        if self._is_changed or request.method != "GET":
            return self._served(request)
        place = (self._store.snapshot, self._skin, self._base_url, self._users)
        fields = tuple(one for one in request.headers if one[0] != "referer")
        key = (*place, request.url, fields)
        known = _PAGES.get(key)
        if known is None:
            known = self._served(request)
            if not self._is_changed and known.status < 500:
                _PAGES.put(key, known, len(known.body) + 1_000)
        return known

    def _served(self, request: HttpRequest) -> HttpResponse:
        before = self._store.num_changes
        try:
            return self._answered(request)
        finally:
            self._is_changed = self._is_changed or self._store.num_changes > before

    def _answered(self, request: HttpRequest) -> HttpResponse:
        visit = self._visit(request)
        try:
            return self._answer(request, visit)
        except Exception:  # noqa: BLE001 - the outermost edge: our bug becomes a page
            _LOG.exception("serving %s %r failed", request.method, request.url)
            return page("<!doctype html><title>Error</title><h1>Internal server error</h1>", 500)

    def cookie_for(self, username: str) -> str:
        """Signs a user in and returns the `name=value` of the session cookie.

        Raises:
            KeyError: The world has no such user.
        """
        found = self._store.row("SELECT id, username FROM users WHERE username = ?", username)
        if found is None:
            raise KeyError(f"no user is called {username!r}")
        self._users |= {str(found[1])}
        return f"{sessions.COOKIE}={sessions.sign_in(self._store, str(found[1]))}"

    def tables(self) -> Mapping[str, Sequence[Row]]:
        """Returns every table that an effect can be seen in, in primary-key order."""
        return self._store.tables()

    def changes(self) -> Mapping[str, TableChanges]:
        """Returns the rows of `tables()` that differ from the snapshot, table by table."""
        return self._store.changes()

    def digest(self) -> str:
        """Returns a hash of `tables()`; equal worlds have equal digests."""
        return self._store.digest()

    def close(self) -> None:
        """Frees the database."""
        self._store.close()

    def _answer(self, request: HttpRequest, visit: Visit) -> HttpResponse:
        try:
            visit.path, visit.query = parse_location(request.url)
            visit.viewer = sessions.viewer(self._store, visit.cookie) or _NO_ONE
            if visit.posting:
                visit.form = parse_form(request)
            return answer(visit)
        except RefusedError as refusal:
            return _refusal(visit, refusal)

    def _visit(self, request: HttpRequest) -> Visit:
        return Visit(
            store=self._store,
            skin=self._skin,
            base_url=self._base_url,
            method=request.method,
            path="/",
            query={},
            form={},
            cookie=sessions.cookie_value(header(request.headers, "cookie")),
            referer=header(request.headers, "referer"),
            wants_json="application/json" in header(request.headers, "accept"),
            viewer=_NO_ONE,
        )


def _refusal(visit: Visit, refusal: RefusedError) -> HttpResponse:
    if visit.wants_json:
        return json_answer({"error": refusal.message}, refusal.status)
    if refusal.status == 401:
        return redirect("/login")
    return show(
        visit,
        "refusal.html",
        title=refusal.message,
        status=refusal.status,
        code=refusal.status,
        message=refusal.message,
    )
