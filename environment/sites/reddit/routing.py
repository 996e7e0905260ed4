"""Which handler serves which address.

Patterns are tried in order; where a path has a second segment, its first one selects a short list
of them. A path that is known under another method only is a 405; one that ends
with a slash too many leads to the one without.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, urlencode

from environment.sites.contract import HttpResponse
from environment.sites.reddit import (
    account,
    files,
    forums,
    inbox,
    listings,
    people,
    search,
    submissions,
    threads,
    votes,
)
from environment.sites.reddit.visit import RefusedError, Visit, redirect

__all__ = ["answer"]

Handler = Callable[[Visit], HttpResponse]

_SORT = r"(?P<sort>hot|new|active|top|controversial|most_commented)"
_FORUM = r"/f/(?P<forum>[^/]{1,100})"
_POST = _FORUM + r"/(?P<submission>[0-9]{1,15})"
_COMMENT = _POST + r"/[^/]+/comment/(?P<comment>[0-9]{1,15})"
_USER = r"/user/(?P<username>[^/]{1,100})"

_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", rf"/(?:{_SORT})?", listings.front),
    ("GET", rf"/(?P<scope>all|featured|subscribed|moderated)(?:/{_SORT})?", listings.front),
    ("GET", r"/forums(?:/by_(?P<order>name|title|subscribers|submissions))?", forums.directory),
    ("GET", r"/comments", listings.recent_comments),
    ("GET", r"/search", search.search),
    ("GET|POST", r"/submit(?:/(?P<forum>[^/]{1,100}))?", submissions.submit),
    ("GET|POST", r"/create_forum", forums.create),
    ("GET|POST", _FORUM + r"/edit", forums.edit),
    ("POST", _FORUM + r"/(?P<verb>subscribe|unsubscribe)(?P<json>\.json)?", forums.subscribe),
    ("GET", _FORUM + rf"(?:/{_SORT})?", listings.forum),
    ("GET|POST", _COMMENT + r"/edit", threads.edit_comment),
    ("GET|POST", _COMMENT + r"/(?:delete|delete_own)", threads.delete_comment),
    ("GET|POST", _COMMENT, threads.comment),
    ("POST", _POST + r"/[^/]+/comment", threads.post_comment),
    ("GET|POST", _POST + r"/[^/]+/edit", submissions.edit),
    ("GET|POST", _POST + r"/[^/]+/delete", submissions.delete),
    ("GET", _POST + r"(?:/[^/]*)?", threads.submission),
    ("POST", r"/sv/(?P<id>[0-9]{1,15})(?P<json>\.json)?", votes.on_submission),
    ("POST", r"/cv/(?P<id>[0-9]{1,15})(?P<json>\.json)?", votes.on_comment),
    ("GET|POST", _USER + r"/edit_biography", people.edit_biography),
    ("GET|POST", _USER + r"/account", account.settings),
    ("GET|POST", _USER + r"/block_user", people.block),
    ("POST", _USER + r"/unblock_user", people.unblock),
    ("GET", _USER + r"/block_list", people.block_list),
    ("GET|POST", _USER + r"/compose_message", inbox.compose),
    ("GET", _USER + r"(?:/(?P<part>submissions|comments))?", people.profile),
    ("GET", r"/(?:inbox|notifications)", inbox.notifications),
    ("POST", r"/(?:clear_notifications|inbox/clear)", inbox.clear),
    ("GET", r"/messages", inbox.threads),
    ("GET|POST", r"/messages/thread/(?P<thread>[0-9]{1,15})", inbox.thread),
    ("GET", r"/login", account.login),
    ("POST", r"/login_check", account.login),
    ("POST", r"/log_?out", account.logout),
    ("GET|POST", r"/registration", account.register),
    ("GET", r"/static/(?P<file>[a-z_]{1,40}\.(?:css|js))", files.static),
    ("GET", r"/submission_images/(?P<image>[0-9a-f]{1,64})\.(?:jpg|png)", files.image),
    ("GET", r"/favicon\.ico", files.favicon),
)

_Compiled = tuple[frozenset[str], re.Pattern[str], Handler]


def answer(visit: Visit) -> HttpResponse:
    """Serves a parsed request.

    Raises:
        RefusedError: No handler serves the path, or the one that does refuses.
    """
    path = visit.path
    known = False
    for methods, pattern, handler in _candidates(path):
        match = pattern.fullmatch(path)
        if match is None:
            continue
        if visit.method in methods:
            visit.args = {name: text for name, text in match.groupdict().items() if text}
            return handler(visit)
        known = True
    # Two slashes at the start would lead to another host.
    if len(path) > 1 and path.endswith("/") and path[1] != "/" and not visit.posting:
        query = f"?{urlencode(visit.query)}" if visit.query else ""
        return redirect(quote(path.rstrip("/")) + query, status=301)
    if known:
        raise RefusedError(405, f"This address does not take {visit.method[:10]} requests.")
    raise RefusedError(404, "There is no page at this address.")


def _candidates(path: str) -> list[_Compiled]:
    segments = path.split("/", 2)
    return _TABLE.get(segments[1], _ALL) if len(segments) == 3 else _ALL


def _table() -> dict[str, list[_Compiled]]:
    table: dict[str, list[_Compiled]] = {}
    for (_, text, _), route in zip(_ROUTES, _ALL, strict=True):
        literal = _LITERAL.match(text)
        if literal is not None:
            table.setdefault(literal[1], []).append(route)
    return table


_LITERAL = re.compile(r"/([a-z]+)(?=/)")
_ALL: list[_Compiled] = [
    (frozenset(methods.split("|")), re.compile(text), handler) for methods, text, handler in _ROUTES
]
_TABLE = _table()
