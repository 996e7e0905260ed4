"""Orders of submissions, and the derived table that makes each of them one index scan.

| sort | first key | then |
|---|---|---|
| hot | `created_at` + advantage, newest first | created_at, id, newest first |
| new | created_at, newest first | id |
| active | time of the last comment, else created_at, newest first | created_at, id |
| top | net score, highest first | created_at, id, newest first |
| controversial | net score, *lowest* first, as Postmill has it | created_at, id, oldest first |
| most_commented | number of comments, highest first | created_at, id, newest first |

Advantage, in seconds, as in Postmill: 1,800 per point of net score plus 5,000 per comment (500 when
the net score is -5 or lower), at most 86,400 and at least -43,200.

A deleted submission has no row in `rankings`; a deleted comment counts neither as a comment nor as
activity. The table is derived, so it is not part of what a world's digest covers. Triggers would
keep it up to date too, but parsing them costs each reset 0.17 ms, so writers call `rerank`.
"""

from __future__ import annotations

import sqlite3

__all__ = ["PERIODS", "SORTS", "ensure_rankings", "rerank"]

SORTS: dict[str, str] = {
    "hot": "r.hot DESC, r.created_at DESC, r.submission_id DESC",
    "new": "r.created_at DESC, r.submission_id DESC",
    "active": "r.last_active DESC, r.created_at DESC, r.submission_id DESC",
    "top": "r.score DESC, r.created_at DESC, r.submission_id DESC",
    "controversial": "r.score ASC, r.created_at ASC, r.submission_id ASC",
    "most_commented": "r.num_comments DESC, r.created_at DESC, r.submission_id DESC",
}
"""The `ORDER BY` of each sort, over `rankings AS r`."""

PERIODS: dict[str, int] = {
    "day": 86_400,
    "week": 604_800,
    "month": 2_592_000,
    "year": 31_536_000,
    "all": 0,
}
"""What `t` may say, in seconds; `all` (the default) does not look at the time."""

_HOT = """
  created_at + max(-43200, min(86400, score * 1800
    + num_comments * CASE WHEN score > -5 THEN 5000 ELSE 500 END))
"""

_FILL = f"""
INSERT INTO rankings
SELECT id, forum_id, created_at, {_HOT}, score, num_comments, last_active FROM (
  SELECT s.id, s.forum_id, s.created_at, s.upvotes - s.downvotes AS score,
         count(c.id) AS num_comments, max(s.created_at, ifnull(max(c.created_at), 0)) AS last_active
  FROM submissions s LEFT JOIN comments c ON c.submission_id = s.id AND c.deleted = 0
  WHERE s.deleted = 0 GROUP BY s.id)
"""
_FILL_ONE = _FILL.replace("WHERE s.deleted = 0", "WHERE s.deleted = 0 AND s.id = ?")

_SCHEMA = """
CREATE TABLE rankings (
  submission_id INTEGER PRIMARY KEY, forum_id INTEGER NOT NULL, created_at INTEGER NOT NULL,
  hot INTEGER NOT NULL, score INTEGER NOT NULL, num_comments INTEGER NOT NULL,
  last_active INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS subscriptions_by_forum ON subscriptions(forum_id);
CREATE INDEX IF NOT EXISTS notifications_by_user ON notifications(user_id, seen);
CREATE INDEX IF NOT EXISTS comments_by_time ON comments(created_at);
"""

_INDEXES = """
CREATE INDEX rankings_forum ON rankings(forum_id);
CREATE INDEX rankings_hot ON rankings(hot, created_at);
CREATE INDEX rankings_new ON rankings(created_at);
CREATE INDEX rankings_active ON rankings(last_active, created_at);
CREATE INDEX rankings_score ON rankings(score, created_at);
CREATE INDEX rankings_comments ON rankings(num_comments, created_at);
"""


def ensure_rankings(connection: sqlite3.Connection) -> bool:
    """Adds the derived table and its indexes to a world that lacks them.

    Args:
        connection: A database with the tables of `schema.sql`, in autocommit mode.

    Returns:
        Whether anything had to be added.
    """
    known = "SELECT 1 FROM sqlite_master WHERE name = 'rankings'"
    if connection.execute(known).fetchone() is not None:
        return False
    connection.executescript(f"BEGIN; {_SCHEMA} {_FILL}; {_INDEXES} COMMIT;")
    return True


def rerank(connection: sqlite3.Connection, submission_id: int) -> None:
    """Brings the row of one submission up to date after its votes, comments or life changed."""
    connection.execute("DELETE FROM rankings WHERE submission_id = ?", (submission_id,))
    connection.execute(_FILL_ONE, (submission_id,))
