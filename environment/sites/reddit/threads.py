"""A submission with its comments, and everything that happens to a comment.

Comments are listed flat in thread order: a comment, then its replies with all of theirs. Siblings
stand by net score, highest first, then oldest first. A deleted comment is shown, without its text
and author, only while something below it is not deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from markupsafe import Markup

from environment.sites.contract import HttpResponse
from environment.sites.reddit.phrasing import submission_path
from environment.sites.reddit.queries import (
    comments_where,
    find_comment,
    find_forum,
    find_submission,
)
from environment.sites.reddit.rendering import (
    comment_piece,
    forum_piece,
    joined,
    show,
    submission_piece,
)
from environment.sites.reddit.store import Record
from environment.sites.reddit.validation import Rule, problems
from environment.sites.reddit.visit import RefusedError, Visit, redirect

__all__ = ["comment", "delete_comment", "edit_comment", "post_comment", "submission"]

COMMENT_LIMIT = 10_000
"""Longest comment in characters."""


class Placed(NamedTuple):
    """A comment at its place in the thread."""

    record: Record
    depth: int
    parent: str
    """Name of the author replied to; empty at depth 1."""


def submission(visit: Visit) -> HttpResponse:
    """Shows a submission, the form to reply to it, and its comments."""
    return _thread_page(visit, status=200, error="", text="")


def post_comment(visit: Visit) -> HttpResponse:
    """Adds a comment to a submission."""
    visit.require_user()
    record, _ = find_submission(visit)
    field = f"reply_to_submission_{record[0]}[comment]"
    errors = _check(visit, field)
    if errors:
        return _thread_page(visit, status=422, error=errors[field], text=visit.form.get(field, ""))
    return _add_comment(visit, record, None, record[9], visit.form[field])


def comment(visit: Visit) -> HttpResponse:
    """Shows one comment with the replies below it, and takes a reply to it."""
    record, _ = find_submission(visit)
    parent = find_comment(visit)
    field = f"reply_to_comment_{parent[0]}[comment]"
    errors: dict[str, str] = {}
    if visit.posting:
        visit.require_user()
        errors = _check(visit, field)
        if not errors:
            return _add_comment(visit, record, parent[0], parent[2], visit.form[field])
    placed = _placed(_comments(visit), parent[0])
    grandparent = visit.store.row(
        "SELECT u.username FROM comments c JOIN users u ON u.id = c.user_id"
        " WHERE c.id = ? AND c.deleted = 0",
        parent[1],
    )
    return show(
        visit,
        "comment_page.html",
        title=str(record[1]),
        status=422 if errors else 200,
        submission=submission_piece(visit, record),
        comment=comment_piece(
            visit, parent, depth=1, parent=str(grandparent[0]) if grandparent else ""
        ),
        replies=joined(_piece(visit, item._replace(depth=item.depth + 1)) for item in placed),
        sidebar=forum_piece(visit, find_forum(visit, str(record[7]))),
        path=submission_path(str(record[7]), int(record[0] or 0), str(record[1])),
        action=f"{_actions(record)}/comment/{parent[0]}",
        field=field,
        values=visit.form,
        errors=errors,
    )


def edit_comment(visit: Visit) -> HttpResponse:
    """Lets the author change a comment."""
    record, own = _own(visit)
    field = "comment[comment]"
    errors: dict[str, str] = {}
    values = {field: str(own[4])}
    action = f"{_actions(record)}/comment/{own[0]}"
    if visit.posting:
        errors, values = _check(visit, field), dict(visit.form)
        if not errors:
            with visit.store.change() as now:
                visit.store.write(
                    "comments",
                    "UPDATE comments SET body = ?, edited_at = ? WHERE id = ?",
                    values[field],
                    now,
                    own[0],
                )
            return redirect(action)
    return show(
        visit,
        "comment_edit.html",
        title="Edit comment",
        status=422 if errors else 200,
        action=f"{action}/edit",
        field=field,
        values=values,
        errors=errors,
    )


def delete_comment(visit: Visit) -> HttpResponse:
    """Asks the author, then deletes; a form carries the consent, so a link alone cannot."""
    record, own = _own(visit)
    action = f"{_actions(record)}/comment/{own[0]}"
    if visit.posting:
        visit.require_token()
        with visit.store.change():
            visit.store.write("comments", "UPDATE comments SET deleted = 1 WHERE id = ?", own[0])
            visit.store.rerank(_id(record))
        return redirect(submission_path(str(record[7]), int(record[0] or 0), str(record[1])))
    return show(
        visit,
        "delete.html",
        title="Delete comment",
        action=f"{action}/delete",
        back=action,
        subject=str(own[4])[:200],
    )


def _thread_page(visit: Visit, *, status: int, error: str, text: str) -> HttpResponse:
    record, body = find_submission(visit)
    field = f"reply_to_submission_{record[0]}[comment]"
    return show(
        visit,
        "submission.html",
        title=str(record[1]),
        status=status,
        submission=submission_piece(visit, record, body=body),
        comments=joined(_piece(visit, item) for item in _placed(_comments(visit), None)),
        num_comments=record[6],
        sidebar=forum_piece(visit, find_forum(visit, str(record[7]))),
        action=f"{_actions(record)}/comment",
        field=field,
        values={field: text},
        errors={field: error} if error else {},
    )


def _actions(record: Record) -> str:
    return submission_path(str(record[7]), int(record[0] or 0), "")


def _comments(visit: Visit) -> list[Record]:
    return comments_where(
        visit,
        "c.submission_id = ? ORDER BY c.upvotes - c.downvotes DESC, c.created_at, c.id",
        visit.number("submission"),
    )


def _placed(records: list[Record], root: object) -> Iterator[Placed]:
    """Walks the replies below `root` (`None`: the whole thread) in thread order."""
    replies: dict[object, list[Record]] = {}
    for record in records:
        replies.setdefault(record[1], []).append(record)
    if any(record[8] for record in records):
        replies = _without_dead_ends(replies)
    stack = [Placed(record, 1, "") for record in reversed(replies.get(root, ()))]
    while stack:
        item = stack.pop()
        yield item
        author = "" if item.record[8] else str(item.record[3])
        below = replies.get(item.record[0], ())
        stack.extend(Placed(reply, item.depth + 1, author) for reply in reversed(below))


def _without_dead_ends(replies: dict[object, list[Record]]) -> dict[object, list[Record]]:
    # Parents are older than their replies, so one pass from the newest settles all.
    newest_first = sorted((r for group in replies.values() for r in group), key=_id, reverse=True)
    alive: set[object] = set()
    for record in newest_first:
        if not record[8] or record[0] in alive:
            alive.update((record[0], record[1]))
    return {key: [r for r in group if r[0] in alive] for key, group in replies.items()}


def _id(record: Record) -> int:
    return int(record[0] or 0)


def _piece(visit: Visit, item: Placed) -> Markup:
    return comment_piece(visit, item.record, depth=item.depth, parent=item.parent)


def _own(visit: Visit) -> tuple[Record, Record]:
    visit.require_user()
    record, _ = find_submission(visit)
    own = find_comment(visit)
    if own[2] != visit.viewer.id:
        raise RefusedError(403, "Only its author may do this to a comment.")
    return record, own


def _check(visit: Visit, field: str) -> dict[str, str]:
    visit.require_token()
    return problems(visit.form, (Rule(field, "Comment", COMMENT_LIMIT, 1),))


def _add_comment(
    visit: Visit, record: Record, parent: object, replied_to: object, text: str
) -> HttpResponse:
    viewer, store = visit.viewer, visit.store
    parent_id = parent if isinstance(parent, int) else None
    receiver = replied_to if isinstance(replied_to, int) else 0
    with store.change() as now:
        id_ = store.write(
            "comments",
            "INSERT INTO comments (submission_id, parent_id, user_id, body, created_at)"
            " VALUES (?, ?, ?, ?, ?)",
            record[0],
            parent_id,
            viewer.id,
            text,
            now,
        )
        store.write(
            "comment_votes",
            "INSERT INTO comment_votes (user_id, comment_id, choice) VALUES (?, ?, 1)",
            viewer.id,
            id_,
        )
        store.write(
            "notifications",
            "INSERT INTO notifications (user_id, comment_id, created_at) SELECT ?1, ?2, ?3"
            " WHERE ?1 <> ?4 AND NOT EXISTS"
            " (SELECT 1 FROM blocks WHERE user_id = ?1 AND blocked_id = ?4)",
            receiver,
            id_,
            now,
            viewer.id,
        )
        store.rerank(_id(record))
    return redirect(f"{_actions(record)}/comment/{id_}")
