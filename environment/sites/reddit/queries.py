"""The questions asked of a world more than once, and the columns they answer with."""

from __future__ import annotations

from functools import cache

from environment.sites.reddit.rankings import PERIODS, SORTS
from environment.sites.reddit.store import Record
from environment.sites.reddit.visit import RefusedError, Visit

__all__ = [
    "COMMENT_COLUMNS",
    "FORUM_COLUMNS",
    "PAGE_SIZE",
    "SUBMISSION_COLUMNS",
    "comments_where",
    "find_comment",
    "find_forum",
    "find_submission",
    "find_user",
    "listed",
    "submissions_of_ids",
]

PAGE_SIZE = 25
"""Items on one page of a list."""

SUBMISSION_COLUMNS = (
    "s.id, s.title, s.url, s.created_at, s.edited_at, r.score, r.num_comments, f.name, u.username,"
    " s.user_id, ifnull(v.choice, 0)"
)
# A CROSS JOIN is SQLite's way to fix the order: what narrows most is always named first.
_SUBMISSION_TABLES = (
    " CROSS JOIN submissions s ON s.id = r.submission_id CROSS JOIN forums f ON f.id = s.forum_id"
    " CROSS JOIN users u ON u.id = s.user_id"
    " LEFT JOIN submission_votes v ON v.user_id = ? AND v.submission_id = s.id"
)

COMMENT_COLUMNS = (
    "c.id, c.parent_id, c.user_id, u.username, c.body, c.created_at, c.edited_at,"
    " c.upvotes - c.downvotes, c.deleted, ifnull(v.choice, 0), c.submission_id, f.name"
)
_COMMENT_TABLES = (
    " FROM comments c CROSS JOIN submissions s ON s.id = c.submission_id AND s.deleted = 0"
    " CROSS JOIN forums f ON f.id = s.forum_id CROSS JOIN users u ON u.id = c.user_id"
    " LEFT JOIN comment_votes v ON v.user_id = ? AND v.comment_id = c.id"
)

FORUM_COLUMNS = (
    "f.id, f.name, f.title, f.description, f.sidebar, f.creator_id, ifnull(u.username, ''),"
    " EXISTS (SELECT 1 FROM subscriptions m WHERE m.user_id = ? AND m.forum_id = f.id),"
    " (SELECT count(*) FROM subscriptions n WHERE n.forum_id = f.id)"
)

_SCOPES = {
    "all": "r WHERE ?1 IS NOT NULL",
    "forum": "r INDEXED BY rankings_forum WHERE r.forum_id = ?1",
    "subscribed": "r INDEXED BY rankings_forum"
    " WHERE r.forum_id IN (SELECT forum_id FROM subscriptions WHERE user_id = ?1)",
    "moderated": "r WHERE r.forum_id IN (SELECT id FROM forums WHERE creator_id = ?1)",
    "user": "r NOT INDEXED"
    " WHERE r.submission_id IN (SELECT id FROM submissions WHERE user_id = ?1)",
}
"""Alias, index and first condition of each scope; `?1` is the key."""


def listed(visit: Visit, scope: str, key: int, sort: str) -> list[Record]:
    """Returns one page of submissions, and one more when there is a next page.

    Args:
        visit: `?t=` and `?page=` are read from it.
        scope: `all`, `forum`, `subscribed`, `moderated` or `user`.
        key: The forum's or the user's id; not looked at for `all`.
        sort: A key of `rankings.SORTS`.

    Raises:
        RefusedError: `t` or `page` is not one of the known values.
    """
    period = visit.query.get("t", "all")
    if period not in PERIODS:
        raise RefusedError(404, "There is no such period of time.")
    since = visit.store.now - PERIODS[period] if PERIODS[period] else 0
    offset = (visit.page_number() - 1) * PAGE_SIZE
    sql = _listing(scope, sort, since > 0)
    return visit.store.rows(sql, key, since, offset, visit.viewer.id)


def submissions_of_ids(visit: Visit, ids: list[int]) -> list[Record]:
    """Returns the submissions of some ids, in the order of the ids; deleted ones are left out."""
    marks = ",".join("?" * len(ids))
    sql = (
        f"SELECT {SUBMISSION_COLUMNS} FROM rankings r {_SUBMISSION_TABLES} WHERE s.id IN ({marks})"
    )
    found = {record[0]: record for record in visit.store.rows(sql, visit.viewer.id, *ids)}
    return [found[id_] for id_ in ids if id_ in found]


def find_submission(visit: Visit) -> tuple[Record, str]:
    """Returns the submission that the path names, and its body.

    Raises:
        RefusedError: There is none in the forum that the path names.
    """
    sql = (
        f"SELECT {SUBMISSION_COLUMNS}, ifnull(s.body, '') FROM rankings r {_SUBMISSION_TABLES}"
        " WHERE r.submission_id = ?2 AND f.name = ?3"
    ).replace("user_id = ?", "user_id = ?1")
    id_ = visit.number("submission")
    found = visit.store.row(sql, visit.viewer.id, id_, visit.args["forum"])
    if found is None:
        raise RefusedError(404, "There is no such submission in this forum.")
    return found[:-1], str(found[-1])


def comments_where(visit: Visit, where: str, *values: int) -> list[Record]:
    """Returns the comments that a condition over `c` and `s` selects."""
    sql = f"SELECT {COMMENT_COLUMNS} {_COMMENT_TABLES} WHERE {where}"
    return visit.store.rows(sql, visit.viewer.id, *values)


def find_comment(visit: Visit) -> Record:
    """Returns the comment that the path names.

    Raises:
        RefusedError: It does not exist, was deleted, or belongs to another submission.
    """
    found = comments_where(
        visit,
        "c.id = ? AND c.submission_id = ? AND c.deleted = 0",
        visit.number("comment"),
        visit.number("submission"),
    )
    if not found:
        raise RefusedError(404, "There is no such comment on this submission.")
    return found[0]


def find_forum(visit: Visit, name: str) -> Record:
    """Returns the forum of a name, in any case of its letters.

    Raises:
        RefusedError: There is none.
    """
    sql = (
        f"SELECT {FORUM_COLUMNS} FROM forums f LEFT JOIN users u ON u.id = f.creator_id"
        " WHERE f.name = ?"
    )
    found = visit.store.row(sql, visit.viewer.id, name)
    if found is None:
        raise RefusedError(404, "There is no such forum.")
    return found


def find_user(visit: Visit) -> Record:
    """Returns id, name, biography and time of registration of the user that the path names.

    Raises:
        RefusedError: There is none.
    """
    found = visit.store.row(
        "SELECT id, username, biography, created_at FROM users WHERE username = ?",
        visit.args["username"],
    )
    if found is None:
        raise RefusedError(404, "There is no such user.")
    return found


@cache
def _listing(scope: str, sort: str, recent: bool) -> str:
    # The inner query finds the page by an index; only its few rows are joined.
    order = SORTS[sort]
    since = "AND r.created_at > ?2" if recent else "AND ?2 = 0"
    tables = _SUBMISSION_TABLES.replace("user_id = ?", "user_id = ?4")
    return (
        f"SELECT {SUBMISSION_COLUMNS} FROM (SELECT * FROM rankings {_SCOPES[scope]} {since}"
        f" ORDER BY {order} LIMIT {PAGE_SIZE + 1} OFFSET ?3) r {tables} ORDER BY {order}"
    )
