"""Sessions: which cookie belongs to whom, the form token, the message shown once.

Tokens are derived from the user's name: two worlds of one snapshot give the same bytes, so what
was rendered for one is found in the cache by the other. That is right for a simulated site, whose
cookies guard nothing, and would be wrong anywhere else.
"""

from __future__ import annotations

import hashlib

from environment.sites.reddit.store import Store
from environment.sites.reddit.visit import Viewer

__all__ = ["COOKIE", "cookie_value", "set_flash", "sign_in", "sign_out", "viewer"]

COOKIE = "PHPSESSID"
"""Name of the session cookie, as Postmill has it."""


def cookie_value(cookies: str) -> str:
    """Finds the session in a `cookie` header; the empty string when there is none."""
    for pair in cookies.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE:
            return value if value.isascii() else ""
    return ""


def viewer(store: Store, session: str) -> Viewer | None:
    """Returns who a session belongs to, `None` for an unknown one.

    A waiting message is handed out with it and forgotten.
    """
    if not session:
        return None
    found = store.row(
        "SELECT u.id, u.username, s.csrf, s.flash, (SELECT count(*) FROM notifications n"
        " WHERE n.user_id = u.id AND n.seen = 0)"
        " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token = ?",
        session,
    )
    if found is None:
        return None
    user_id, name, csrf, flash, unread = found
    return Viewer(int(user_id or 0), str(name), session, str(csrf), str(flash), int(unread or 0))


def sign_in(store: Store, username: str) -> str:
    """Opens a session for an existing user, whose exact name is given, and returns its token."""
    token = hashlib.sha256(f"session of {username}".encode()).hexdigest()[:32]
    csrf = hashlib.sha256(f"token of {username}".encode()).hexdigest()[:32]
    store.write(
        "sessions",
        "INSERT OR IGNORE INTO sessions (token, user_id, csrf)"
        " SELECT ?, id, ? FROM users WHERE username = ?",
        token,
        csrf,
        username,
    )
    return token


def sign_out(store: Store, session: str) -> None:
    """Closes a session."""
    store.write("sessions", "DELETE FROM sessions WHERE token = ?", session)


def set_flash(store: Store, session: str, message: str) -> None:
    """Leaves a message for the session's next page; the empty message takes it back."""
    store.write("sessions", "UPDATE sessions SET flash = ? WHERE token = ?", message, session)
