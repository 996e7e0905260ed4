"""What an embedded site must offer, and nothing more.

A site is made of two things: a *builder* that turns a `WorldSpec` into the bytes of one SQLite
database, and an *app* that serves such a database. Reset is `deserialize` of those bytes.

Markup rules that both browsers rely on:

* HTML is the only truth. Pages are server-rendered, work without JavaScript, and use native
  elements and ARIA attributes only (no CSS decides what is visible; `hidden` does).
* A repeated item is an `article`, `li` or `tr` with an `id` attribute that is unique in the page
  and stable (`submission_123`, `comment_456`).
* Balanced, context-free pieces of a page may be wrapped in `<!--[-->` and `<!--]-->`. They do not
  nest. The in-process browser memoises such pieces by their exact text.
* A form with `data-json-action="/path.json"` is sent to that path as an ordinary urlencoded body
  with `accept: application/json`; on a 2xx answer the page is loaded again, on any other answer
  the page stays and nothing else happens. In Chromium a ten-line script does the same.
* Content written by users sits inside an element with the attribute `data-ugc`.
* Every form control has an accessible name (label, `aria-label` or, for a button, its text).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from core.http import Headers, HttpRequest, HttpResponse, header
from core.tasks import WorldSpec
from environment.sites.changes import Row, TableChanges

__all__ = [
    "Headers",
    "HttpRequest",
    "HttpResponse",
    "Row",
    "Site",
    "SiteApp",
    "TableChanges",
    "WorldSpec",
    "header",
]


class SiteApp(Protocol):
    """One running world of one site."""

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Serves one request; a bug inside is a 500 page, never an exception."""
        ...

    def cookie_for(self, username: str) -> str:
        """Signs a user in and returns the `name=value` of the session cookie.

        Raises:
            KeyError: The world has no such user.
        """
        ...

    def tables(self) -> Mapping[str, Sequence[Row]]:
        """Returns every table that an effect can be seen in, in primary-key order."""
        ...

    def changes(self) -> Mapping[str, TableChanges]:
        """Returns the rows of `tables()` that differ from the snapshot, table by table.

        `environment.sites.changes.changed_rows` computes them.
        """
        ...

    def digest(self) -> str:
        """Returns a hash of `tables()`; equal worlds have equal digests."""
        ...

    def close(self) -> None:
        """Frees the database."""
        ...


class Site(Protocol):
    """A kind of site, before any world is open."""

    name: str
    """As WebArena-Verified names it, for instance `reddit`."""
    default_user: str
    """The user whom the benchmark signs in."""

    def build(self, spec: WorldSpec) -> bytes:
        """Builds the world of a spec as the bytes of one SQLite database."""
        ...

    def open(self, snapshot: bytes, *, base_url: str, skin: str = "plain") -> SiteApp:
        """Opens a private copy of a snapshot.

        Args:
            snapshot: What `build` returned.
            base_url: Scheme and host under which the world is reached, no trailing slash.
            skin: `plain` or `modern`: other markup and wording, same routes and fields.
        """
        ...
