"""Full-text search over submissions and comments.

A submission is found when every word of the query is part of its title, its text or the name of its
forum, in any case; a comment, when every word is part of it. Submissions with more of the words in
their title come first, then the newer ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from environment.sites.contract import HttpResponse
from environment.sites.reddit.listings import comment_list, next_page
from environment.sites.reddit.queries import PAGE_SIZE, comments_where, submissions_of_ids
from environment.sites.reddit.rendering import joined, show, submission_piece
from environment.sites.reddit.store import Record, Store
from environment.sites.reddit.visit import Visit

__all__ = ["search"]

_LONGEST_QUERY = 300
_MOST_WORDS = 12
_RESULT_LIMIT = 1000
_TEXTS = {
    "posts": "SELECT s.id, s.created_at, s.title, "
    " s.title || ' ' || ifnull(s.body, '') || ' ' || f.name AS text"
    " FROM submissions s JOIN forums f ON f.id = s.forum_id WHERE s.deleted = 0",
    "comments": "SELECT c.id, c.created_at, '' AS title, c.body AS text FROM comments c"
    " JOIN submissions s ON s.id = c.submission_id WHERE c.deleted = 0 AND s.deleted = 0",
}
_SOURCES = frozenset({"submissions", "comments", "forums"})
"""Tables whose writes make a remembered search stale."""


def search(visit: Visit) -> HttpResponse:
    """Shows one page of what matches `?q=`, submissions or (`?type=comments`) comments."""
    text = visit.query.get("q", "").strip()[:_LONGEST_QUERY]
    kind = "comments" if visit.query.get("type") == "comments" else "posts"
    words = tuple(dict.fromkeys(text.lower().split()))[:_MOST_WORDS]
    ids = _matches(visit.store, kind, words) if words else ()
    start = (visit.page_number() - 1) * PAGE_SIZE
    chosen = ids[start : start + PAGE_SIZE + 1]
    results, records = _found(visit, kind, chosen)
    return show(
        visit,
        "search.html",
        title=f"Search: {text}" if text else "Search",
        query=text,
        kind=kind,
        total=len(ids),
        results=results,
        next_page=next_page(visit, records),
    )


def _found(visit: Visit, kind: str, ids: Sequence[int]) -> tuple[Markup, list[Record]]:
    if not ids:
        return Markup(), []
    if kind == "posts":
        records = submissions_of_ids(visit, list(ids))
        return joined(submission_piece(visit, record) for record in records[:PAGE_SIZE]), records
    where = f"c.id IN ({','.join(map(str, ids))}) ORDER BY c.created_at DESC, c.id DESC"
    records = comments_where(visit, where)
    return comment_list(visit, records), records


def _matches(store: Store, kind: str, words: tuple[str, ...]) -> Sequence[int]:
    if store.written & _SOURCES:
        return _scan(store, kind, words)
    # The hash stands for the snapshot, so that remembering a search does not keep a world alive.
    key = (hash(store.snapshot), len(store.snapshot), kind, words)
    if key not in _REMEMBERED:
        while len(_REMEMBERED) >= _MOST_REMEMBERED:
            _REMEMBERED.pop(next(iter(_REMEMBERED)), None)
        _REMEMBERED[key] = _scan(store, kind, words)
    return _REMEMBERED[key]


def _scan(store: Store, kind: str, words: tuple[str, ...]) -> Sequence[int]:
    patterns = [f"%{_escaped(word)}%" for word in words]
    every = " AND ".join(["text LIKE ? ESCAPE '!'"] * len(words))
    title = " + ".join(["(title LIKE ? ESCAPE '!')"] * len(words))
    sql = (
        f"SELECT id FROM ({_TEXTS[kind]}) WHERE {every}"
        f" ORDER BY {title} DESC, created_at DESC, id DESC LIMIT {_RESULT_LIMIT}"
    )
    return [int(row[0] or 0) for row in store.rows(sql, *patterns, *patterns)]


def _escaped(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


_MOST_REMEMBERED = 512
_REMEMBERED: dict[tuple[int, int, str, tuple[str, ...]], Sequence[int]] = {}
"""Searches of unchanged worlds; one snapshot serves thousands of them."""
