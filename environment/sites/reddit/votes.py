"""Votes on submissions and comments."""

from __future__ import annotations

from environment.sites.contract import HttpResponse
from environment.sites.reddit.visit import RefusedError, Visit, json_answer, redirect

__all__ = ["on_comment", "on_submission"]

_CHOICES = {"1": 1, "0": 0, "-1": -1}


def on_submission(visit: Visit) -> HttpResponse:
    """Sets, changes or (by choice 0) retracts the viewer's vote on a submission."""
    return _vote(visit, "submission")


def on_comment(visit: Visit) -> HttpResponse:
    """Sets, changes or (by choice 0) retracts the viewer's vote on a comment."""
    return _vote(visit, "comment")


def _vote(visit: Visit, kind: str) -> HttpResponse:
    visit.require_user()
    visit.require_token()
    id_, choice = visit.number("id"), _CHOICES.get(visit.form.get("choice", ""))
    if choice is None:
        raise RefusedError(400, "A vote's choice is 1, 0 or -1.")
    found = visit.store.row(
        f"SELECT upvotes, downvotes, (SELECT choice FROM {kind}_votes v WHERE v.user_id = ?"
        f" AND v.{kind}_id = t.id) FROM {kind}s t WHERE t.id = ? AND t.deleted = 0",
        visit.viewer.id,
        id_,
    )
    if found is None:
        raise RefusedError(404, f"There is no such {kind}.")
    ups, downs, before = (int(value or 0) for value in found)
    if choice != before:
        ups += (choice == 1) - (before == 1)
        downs += (choice == -1) - (before == -1)
        _record(visit, kind, id_, choice, ups, downs)
    if "json" in visit.args:
        return json_answer({"netScore": ups - downs})
    return redirect(_came_from(visit))


def _record(visit: Visit, kind: str, id_: int, choice: int, ups: int, downs: int) -> None:
    store, viewer = visit.store, visit.viewer
    with store.change():
        store.write(
            f"{kind}s",
            f"UPDATE {kind}s SET upvotes = ?, downvotes = ? WHERE id = ?",
            ups,
            downs,
            id_,
        )
        store.write(
            f"{kind}_votes",
            f"DELETE FROM {kind}_votes WHERE user_id = ? AND {kind}_id = ?",
            viewer.id,
            id_,
        )
        if choice:
            store.write(
                f"{kind}_votes",
                f"INSERT INTO {kind}_votes (user_id, {kind}_id, choice) VALUES (?, ?, ?)",
                viewer.id,
                id_,
                choice,
            )
        if kind == "submission":
            store.rerank(id_)


def _came_from(visit: Visit) -> str:
    referer, base = visit.referer, visit.base_url
    path = referer.removeprefix(base)
    # What begins with two slashes, of either kind, would lead to another host.
    inside = path != referer and path.startswith("/") and path[1:2] not in ("/", "\\")
    return path if inside and path.isascii() and path.isprintable() else "/"
