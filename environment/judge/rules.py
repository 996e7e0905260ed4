"""What the judge must know of a site's tables and routes, one entry per embedded site.

Everything that is treated as harmless is named here, so that nothing is forgiven by accident.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Passwords", "SiteRules", "rules_of"]


class Passwords(NamedTuple):
    """A table of users."""

    table: str
    name: str
    """Its column of user names."""
    password: str
    """Its column of passwords."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRules:
    """How effects and writes of one site are read.

    Columns that hold a moment end in `_at`; what moment it was is no part of an effect.
    """

    references: Mapping[str, str] = field(default_factory=dict)
    """Column to the table whose `id` it holds; used where a row points to a row just made."""
    bookkeeping: frozenset[str] = frozenset()
    """Tables, or `table.column`s, that change by merely looking; never part of an effect."""
    sign_in_paths: frozenset[str] = frozenset()
    """Where a password belongs; a POST to these is no write."""
    harmless_posts: frozenset[str] = frozenset()
    """Other paths whose POSTs change nothing but the viewer's own session."""
    scopes: tuple[tuple[re.Pattern[str], str], ...] = ()
    """Rewrites that give different paths of one and the same write one name."""
    confirmed: tuple[re.Pattern[str], ...] = ()
    """Paths of writes that must be preceded by the page that asks whether they are meant."""
    passwords: Passwords | None = None
    """Where the site keeps its users' passwords."""


def rules_of(site: str) -> SiteRules:
    """Returns a site's rules; a site without any gets rules that forgive nothing."""
    return _RULES.get(site, _NOTHING)


_NOTHING = SiteRules()

_REDDIT = SiteRules(
    references={
        "blocked_id": "users",
        "comment_id": "comments",
        "creator_id": "users",
        "forum_id": "forums",
        "message_id": "messages",
        "parent_id": "comments",
        "receiver_id": "users",
        "sender_id": "users",
        "submission_id": "submissions",
        "thread_id": "message_threads",
        "user_id": "users",
    },
    bookkeeping=frozenset({"sessions"}),
    sign_in_paths=frozenset({"/login_check"}),
    harmless_posts=frozenset({"/logout", "/log_out"}),
    # The forum is named by a field of the form; a path with it only fills that field in. A vote
    # or subscription may be sent with or without script.
    scopes=(
        (re.compile(r"^/submit(?:/[^/]+)?$"), "/submit"),
        (re.compile(r"\.json$"), ""),
        (re.compile(r"^(/f/[^/]+/\d+)/[^/]+/"), r"\1/-/"),
        (re.compile(r"/delete_own$"), "/delete"),
    ),
    confirmed=(re.compile(r"/delete(?:_own)?$|^/user/[^/]+/block_user$"),),
    passwords=Passwords("users", "username", "password"),
)

_RULES: Mapping[str, SiteRules] = {"reddit": _REDDIT}
