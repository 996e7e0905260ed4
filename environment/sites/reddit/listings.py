"""Pages that list submissions or comments: front pages, a forum's page, recent comments."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup

from environment.sites.contract import HttpResponse
from environment.sites.reddit.phrasing import forum_path
from environment.sites.reddit.queries import PAGE_SIZE, comments_where, find_forum, listed
from environment.sites.reddit.rendering import (
    comment_piece,
    forum_piece,
    joined,
    show,
    sorting_piece,
    submission_piece,
)
from environment.sites.reddit.store import Record
from environment.sites.reddit.visit import Visit

__all__ = ["comment_list", "forum", "front", "next_page", "recent_comments"]


class Listing(NamedTuple):
    """One page of submissions as the templates see it."""

    sorting: Markup
    rows: Markup
    next_page: str
    """Address of the following page, empty on the last one."""


def front(visit: Visit) -> HttpResponse:
    """Shows submissions of many forums.

    Without a scope in the path: those of the viewer's subscriptions, or of all forums when there
    are none. No forum of a generated world is set apart, so `featured` shows all.
    """
    scope = visit.args.get("scope", "")
    if not scope:
        subscribed = "SELECT count(*) FROM subscriptions WHERE user_id = ?"
        scope = "subscribed" if visit.store.number(subscribed, visit.viewer.id) else "all"
    if scope in ("subscribed", "moderated"):
        if "scope" in visit.args:
            visit.require_user()
        query, key = scope, visit.viewer.id
    else:
        query, key = "all", 0
    sort = visit.args.get("sort", "hot")
    records = listed(visit, query, key, sort)
    base = f"/{visit.args['scope']}" if "scope" in visit.args else ""
    return show(
        visit,
        "front.html",
        title="Front page",
        scope=scope,
        listing=_listing(visit, records, base, sort),
    )


def forum(visit: Visit) -> HttpResponse:
    """Shows the submissions of one forum beside its description."""
    record = find_forum(visit, visit.args["forum"])
    sort = visit.args.get("sort", "hot")
    records = listed(visit, "forum", int(record[0] or 0), sort)
    sidebar = forum_piece(visit, record)
    path = forum_path(str(record[1]))
    return show(
        visit,
        "forum.html",
        title=str(record[2]),
        forum=record[1],
        forum_title=record[2],
        sidebar=sidebar,
        listing=_listing(visit, records, path, sort),
    )


def recent_comments(visit: Visit) -> HttpResponse:
    """Shows the newest comments of the whole site."""
    offset = (visit.page_number() - 1) * PAGE_SIZE
    records = comments_where(
        visit,
        f"c.deleted = 0 ORDER BY c.created_at DESC, c.id DESC LIMIT {PAGE_SIZE + 1} OFFSET ?",
        offset,
    )
    return show(
        visit,
        "comments.html",
        title="Recent comments",
        comments=comment_list(visit, records),
        next_page=next_page(visit, records),
    )


def comment_list(visit: Visit, records: list[Record]) -> Markup:
    """Renders one page of comments, each with the title of its submission."""
    shown = records[:PAGE_SIZE]
    marks = ",".join(str(record[10]) for record in shown)
    found = visit.store.rows(f"SELECT id, title FROM submissions WHERE id IN ({marks})")
    titles = {record[0]: record[1] for record in found}
    return joined(
        comment_piece(visit, record, depth=1, context=str(titles[record[10]])) for record in shown
    )


def next_page(visit: Visit, records: list[Record]) -> str:
    """Returns the address of the following page of a list, the empty string on its last page."""
    if len(records) <= PAGE_SIZE:
        return ""
    return "?" + urlencode({**visit.query, "page": str(visit.page_number() + 1)})


def _listing(visit: Visit, records: list[Record], base: str, sort: str) -> Listing:
    return Listing(
        sorting=sorting_piece(visit.skin, base, sort, visit.query.get("t", "all")),
        rows=joined(submission_piece(visit, record) for record in records[:PAGE_SIZE]),
        next_page=next_page(visit, records),
    )
