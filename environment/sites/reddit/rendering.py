"""From records to HTML: skins, whole pages, and the cache of rendered pieces.

A *fragment* (one submission row, one comment, the header, a sidebar) is rendered by a pure function
of plain values and remembered for the whole process, so that a thousand worlds of one snapshot
render each piece once. Fragments are wrapped in the markers of the sites' contract, and never hold
one another.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from functools import cache, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from environment.sites.reddit import sessions
from environment.sites.reddit.markup import markdown
from environment.sites.reddit.phrasing import (
    counted,
    forum_path,
    host_of,
    iso_time,
    submission_path,
    time_ago,
)
from environment.sites.reddit.rankings import PERIODS, SORTS
from environment.sites.reddit.visit import Visit, page
from environment.sites.reddit.wording import WORDING

if TYPE_CHECKING:
    from environment.sites.contract import HttpResponse
    from environment.sites.reddit.store import Record, Value

__all__ = [
    "SKINS",
    "comment_piece",
    "directory_piece",
    "forum_piece",
    "joined",
    "show",
    "sorting_piece",
    "submission_piece",
]

SKINS = tuple(WORDING)
"""The skins a world can wear."""

_DEEPEST_LOOK = 8
"""Deeper comments look like those of this depth."""
_TEMPLATES = Path(__file__).parent / "templates"


def show(
    visit: Visit, template: str, *, title: str, status: int = 200, **values: object
) -> HttpResponse:
    """Renders a whole page and answers with it.

    Args:
        visit: The request; its waiting message is shown and forgotten.
        template: File name of a page template.
        title: Heading in the browser's tab.
        status: HTTP status of the answer.
        **values: What the template needs beside `visit`, `viewer`, `title` and the header.
    """
    viewer = visit.viewer
    if viewer.flash:
        sessions.set_flash(visit.store, viewer.session, "")
    html = _template(visit.skin, template).render(
        visit=visit,
        viewer=viewer,
        title=title,
        csrf=viewer.csrf,
        flash=viewer.flash,
        header=_header(visit.skin, viewer.name, viewer.unread, viewer.csrf),
        **values,
    )
    return page(html, status)


def joined(pieces: Iterable[Markup]) -> Markup:
    """Puts rendered pieces one below the other."""
    return Markup("\n".join(pieces))


def submission_piece(visit: Visit, record: Record, *, body: str | None = None) -> Markup:
    """Renders one submission.

    Args:
        visit: Who looks at it, when, in which skin.
        record: The columns of `queries.SUBMISSION_COLUMNS`.
        body: Its text on its own page; `None` renders the row of a list.
    """
    created = record[3]
    ago = time_ago(visit.store.now - created) if isinstance(created, int) else ""
    mine = record[9] == visit.viewer.id
    if body is None:
        return _submission(visit.skin, record, ago, visit.viewer.csrf, mine, None, "")
    return _submission(visit.skin, record, ago, visit.viewer.csrf, mine, body, visit.base_url)


def comment_piece(
    visit: Visit, record: Record, *, depth: int, parent: str = "", context: str = ""
) -> Markup:
    """Renders one comment.

    Args:
        visit: Who looks at it, when, in which skin.
        record: The columns of `queries.COMMENT_COLUMNS`.
        depth: 1 for a reply to the submission, 2 for a reply to that, and so on.
        parent: Name of the author replied to; empty for a reply to the submission.
        context: Title of the submission, for lists of comments outside their thread.
    """
    created = record[5]
    ago = time_ago(visit.store.now - created) if isinstance(created, int) else ""
    mine = record[2] == visit.viewer.id
    return _comment(visit.skin, record, ago, visit.viewer.csrf, mine, depth, parent, context)


def forum_piece(visit: Visit, record: Record) -> Markup:
    """Renders the sidebar of a forum from the columns of `queries.FORUM_COLUMNS`."""
    mine = record[5] is not None and record[5] == visit.viewer.id
    return _forum(visit.skin, record, visit.viewer.csrf, mine)


@lru_cache(maxsize=4096)
def _submission(
    skin: str, record: Record, ago: str, csrf: str, mine: bool, body: str | None, base_url: str
) -> Markup:
    id_, title, url, created_at, edited_at, score, num_comments, forum, author, _, choice = record
    link = _text(url)
    return _piece(
        skin,
        "submission_row.html" if body is None else "submission_full.html",
        id=id_,
        heading=title,
        url=base_url + link if link.startswith("/") else link,
        host=host_of(link),
        is_image="/submission_images/" in link,
        created_at=created_at,
        ago=ago,
        edited_at=edited_at,
        score=score,
        num_comments=num_comments,
        forum=forum,
        author=author,
        choice=choice,
        path=submission_path(_text(forum), _int(id_), _text(title)),
        actions=f"{forum_path(_text(forum))}/{id_}/-",
        body=body,
        csrf=csrf,
        mine=mine,
    )


@lru_cache(maxsize=8192)
def _comment(
    skin: str,
    record: Record,
    ago: str,
    csrf: str,
    mine: bool,
    depth: int,
    parent: str,
    context: str,
) -> Markup:
    (
        id_, parent_id, _, author, body, created_at, edited_at, score, deleted, choice,
        submission_id, forum,
    ) = record  # fmt: skip
    actions = f"{forum_path(_text(forum))}/{submission_id}/-"
    return _piece(
        skin,
        "comment.html",
        id=id_,
        parent_id=parent_id,
        parent=parent,
        author=author,
        body=body,
        created_at=created_at,
        ago=ago,
        edited_at=edited_at,
        score=score,
        deleted=deleted,
        choice=choice,
        forum=forum,
        thread=submission_path(_text(forum), _int(submission_id), context) if context else "",
        depth=depth,
        level=min(depth, _DEEPEST_LOOK),
        context=context,
        path=f"{actions}/comment/{id_}",
        actions=actions,
        csrf=csrf,
        mine=mine,
    )


@lru_cache(maxsize=1024)
def _forum(skin: str, record: Record, csrf: str, mine: bool) -> Markup:
    id_, name, forum_title, description, sidebar, _, creator, subscribed, subscribers = record
    return _piece(
        skin,
        "forum_sidebar.html",
        id=id_,
        name=name,
        forum_title=forum_title,
        description=description,
        sidebar=sidebar,
        creator=creator,
        subscribed=subscribed,
        subscribers=subscribers,
        path=forum_path(_text(name)),
        csrf=csrf,
        mine=mine,
    )


@lru_cache(maxsize=512)
def sorting_piece(skin: str, base: str, sort: str, period: str) -> Markup:
    """Renders the links to the sorts of a list and, where it matters, to its periods."""
    return _piece(skin, "sorting.html", base=base, sort=sort, period=period)


@lru_cache(maxsize=64)
def directory_piece(skin: str, records: tuple[Record, ...]) -> Markup:
    """Renders the table of forums: name, title, id, number of subscribers and of submissions."""
    return _piece(skin, "forum_table.html", forums=records)


@lru_cache(maxsize=512)
def _header(skin: str, viewer_name: str, unread: int, csrf: str) -> Markup:
    return _piece(skin, "header.html", viewer_name=viewer_name, unread=unread, csrf=csrf)


def _piece(skin: str, template: str, **values: object) -> Markup:
    html = _template(skin, template).render(values)
    return Markup(f"<!--[-->{html.strip()}<!--]-->")


@cache
def _template(skin: str, name: str) -> Template:
    return _environment(skin).get_template(name)


class _Environment(Environment):
    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Jinja's chain of maps would be copied key by key at each rendering."""
        return {**self.globals, **(d or {})}


@cache
def _environment(skin: str) -> Environment:
    # A skin's own files come first; pages and forms that do not differ are shared.
    environment = _Environment(
        loader=FileSystemLoader([_TEMPLATES / skin, _TEMPLATES / "shared"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # Names and forums come back in many fragments.
    environment.filters.update(
        markdown=lambda text: Markup(markdown(text)),
        iso=iso_time,
        counted=counted,
        forum_path=lru_cache(1024)(forum_path),
        urlencode=lru_cache(4096)(environment.filters["urlencode"]),
    )
    words = SimpleNamespace(**WORDING[skin])
    environment.globals.update(w=words, sorts=tuple(SORTS), periods=tuple(PERIODS))
    # Importing a macro anew in each of a thousand fragments would cost more than calling it.
    environment.globals["vote"] = vars(environment.get_template("vote.html").module)["vote"]
    return environment


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _int(value: Value) -> int:
    return value if isinstance(value, int) else 0
