"""Users: what they wrote, what they say about themselves, whom they block."""

from __future__ import annotations

from environment.sites.contract import HttpResponse
from environment.sites.reddit.listings import comment_list, next_page
from environment.sites.reddit.phrasing import iso_time
from environment.sites.reddit.queries import PAGE_SIZE, comments_where, find_user, listed
from environment.sites.reddit.rendering import joined, show, submission_piece
from environment.sites.reddit.sessions import set_flash
from environment.sites.reddit.store import Record
from environment.sites.reddit.validation import Rule, problems
from environment.sites.reddit.visit import RefusedError, Visit, redirect

__all__ = ["block", "block_list", "edit_biography", "own_page", "profile", "unblock"]

_BIOGRAPHY = "user_biography[biography]"
_OVERVIEW = 10
"""Newest submissions, and newest comments, on a user's first page."""


def profile(visit: Visit) -> HttpResponse:
    """Shows a user's biography with their submissions, their comments, or the newest of both."""
    user = find_user(visit)
    part = visit.args.get("part", "")
    submissions: list[Record] = []
    comments: list[Record] = []
    if part != "comments":
        submissions = listed(visit, "user", int(user[0] or 0), "new")
    if part != "submissions":
        comments = comments_where(
            visit,
            "c.user_id = ? AND c.deleted = 0 ORDER BY c.created_at DESC, c.id DESC"
            f" LIMIT {PAGE_SIZE + 1} OFFSET ?",
            int(user[0] or 0),
            (visit.page_number() - 1) * PAGE_SIZE,
        )
    shown = PAGE_SIZE if part else _OVERVIEW
    blocked = "SELECT count(*) FROM blocks WHERE user_id = ? AND blocked_id = ?"
    return show(
        visit,
        "user.html",
        title=str(user[1]),
        name=user[1],
        biography=user[2],
        joined=iso_time(int(user[3] or 0))[:10],
        joined_at=int(user[3] or 0),
        mine=user[0] == visit.viewer.id,
        is_blocked=visit.store.number(blocked, visit.viewer.id, user[0]) > 0,
        part=part,
        rows=joined(submission_piece(visit, record) for record in submissions[:shown]),
        comments=comment_list(visit, comments[:shown]),
        next_page=next_page(visit, submissions or comments) if part else "",
    )


def edit_biography(visit: Visit) -> HttpResponse:
    """Lets users change what their page says about them."""
    user = own_page(visit)
    values = {_BIOGRAPHY: str(user[2])}
    errors: dict[str, str] = {}
    if visit.posting:
        visit.require_token()
        values = {**values, **visit.form}
        errors = problems(values, (Rule(_BIOGRAPHY, "Biography", 10_000),))
        if not errors:
            with visit.store.change():
                visit.store.write(
                    "users",
                    "UPDATE users SET biography = ? WHERE id = ?",
                    values[_BIOGRAPHY],
                    user[0],
                )
            set_flash(visit.store, visit.viewer.session, "Your biography was updated.")
            return redirect(f"/user/{user[1]}")
    return show(
        visit,
        "biography.html",
        title="Edit biography",
        status=422 if errors else 200,
        action=f"/user/{user[1]}/edit_biography",
        field=_BIOGRAPHY,
        values=values,
        errors=errors,
    )


def block(visit: Visit) -> HttpResponse:
    """Asks, then blocks a user, whose replies and messages no longer reach the viewer."""
    visit.require_user()
    user = find_user(visit)
    if user[0] == visit.viewer.id:
        raise RefusedError(403, "You cannot block yourself.")
    if visit.posting:
        _set_block(
            visit, user, "INSERT OR IGNORE INTO blocks (user_id, blocked_id) VALUES (?, ?)", 0
        )
        return redirect(f"/user/{visit.viewer.name}/block_list")
    return show(visit, "block.html", title="Block user", name=user[1])


def unblock(visit: Visit) -> HttpResponse:
    """Takes a block back."""
    visit.require_user()
    user = find_user(visit)
    _set_block(visit, user, "DELETE FROM blocks WHERE user_id = ? AND blocked_id = ?", 1)
    return redirect(f"/user/{visit.viewer.name}/block_list")


def block_list(visit: Visit) -> HttpResponse:
    """Lists whom the viewer blocks."""
    user = own_page(visit)
    names = visit.store.rows(
        "SELECT u.username FROM blocks b JOIN users u ON u.id = b.blocked_id"
        " WHERE b.user_id = ? ORDER BY u.username COLLATE NOCASE",
        user[0],
    )
    return show(visit, "block_list.html", title="Block list", names=[name[0] for name in names])


def own_page(visit: Visit) -> Record:
    """Returns the user that the path names.

    Raises:
        RefusedError: The path names somebody else than the viewer.
    """
    visit.require_user()
    user = find_user(visit)
    if user[0] != visit.viewer.id:
        raise RefusedError(403, "This page belongs to another user.")
    return user


def _set_block(visit: Visit, user: Record, sql: str, needed: int) -> None:
    visit.require_token()
    known = "SELECT count(*) FROM blocks WHERE user_id = ? AND blocked_id = ?"
    if visit.store.number(known, visit.viewer.id, user[0]) == needed:
        with visit.store.change():
            visit.store.write("blocks", sql, visit.viewer.id, user[0])
