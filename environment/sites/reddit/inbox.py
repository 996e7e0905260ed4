"""What reaches a user: notifications of replies, and private messages."""

from __future__ import annotations

from environment.sites.contract import HttpResponse
from environment.sites.reddit.listings import comment_list
from environment.sites.reddit.phrasing import time_ago
from environment.sites.reddit.queries import PAGE_SIZE, comments_where, find_user
from environment.sites.reddit.rendering import show
from environment.sites.reddit.sessions import set_flash
from environment.sites.reddit.store import Record
from environment.sites.reddit.validation import Rule, problems
from environment.sites.reddit.visit import RefusedError, Visit, redirect

__all__ = ["clear", "compose", "notifications", "thread", "threads"]

_BODY = "message[body]"
_RULE = Rule(_BODY, "Message", 10_000, 1)


def notifications(visit: Visit) -> HttpResponse:
    """Shows the replies and messages that were not cleared yet, newest first."""
    visit.require_user()
    comments = comments_where(
        visit,
        "c.deleted = 0 AND c.id IN (SELECT comment_id FROM notifications n WHERE n.user_id = ?"
        f" AND n.seen = 0) ORDER BY c.created_at DESC, c.id DESC LIMIT {PAGE_SIZE}",
        visit.viewer.id,
    )
    messages = visit.store.rows(
        "SELECT m.id, m.thread_id, u.username, m.body, m.created_at FROM messages m"
        " JOIN users u ON u.id = m.sender_id WHERE m.id IN (SELECT message_id FROM notifications n"
        " WHERE n.user_id = ? AND n.seen = 0) ORDER BY m.created_at DESC, m.id DESC",
        visit.viewer.id,
    )
    return show(
        visit,
        "inbox.html",
        title="Notifications",
        comments=comment_list(visit, comments),
        messages=[_with_ago(visit, message) for message in messages],
    )


def clear(visit: Visit) -> HttpResponse:
    """Marks all notifications as seen."""
    visit.require_user()
    visit.require_token()
    if visit.viewer.unread:
        with visit.store.change():
            visit.store.write(
                "notifications",
                "UPDATE notifications SET seen = 1 WHERE user_id = ? AND seen = 0",
                visit.viewer.id,
            )
    return redirect("/inbox")


def threads(visit: Visit) -> HttpResponse:
    """Lists the viewer's conversations, the one with the newest message first."""
    visit.require_user()
    found = visit.store.rows(
        "SELECT t.id, a.username, b.username, m.body, max(m.created_at), count(*)"
        " FROM message_threads t JOIN messages m ON m.thread_id = t.id"
        " JOIN users a ON a.id = t.sender_id JOIN users b ON b.id = t.receiver_id"
        " WHERE ?1 IN (t.sender_id, t.receiver_id)"
        " GROUP BY t.id ORDER BY max(m.created_at) DESC, t.id DESC",
        visit.viewer.id,
    )
    items = [
        (id_, second if first == visit.viewer.name else first, body, time_ago(_age(visit, at)), n)
        for id_, first, second, body, at, n in found
    ]
    return show(visit, "messages.html", title="Messages", threads=items)


def thread(visit: Visit) -> HttpResponse:
    """Shows one conversation to its two users, and takes the next message."""
    visit.require_user()
    found = visit.store.row(
        "SELECT t.id, t.sender_id, t.receiver_id, a.username, b.username FROM message_threads t"
        " JOIN users a ON a.id = t.sender_id JOIN users b ON b.id = t.receiver_id WHERE t.id = ?",
        visit.number("thread"),
    )
    if found is None or visit.viewer.id not in found[1:3]:
        raise RefusedError(404, "There is no such conversation of yours.")
    started = visit.viewer.id == found[1]
    other_id, other_name = (found[2], found[4]) if started else (found[1], found[3])
    errors: dict[str, str] = {}
    if visit.posting:
        errors = _check(visit)
        if not errors:
            _send(visit, int(other_id or 0), int(found[0] or 0))
            return redirect(f"/messages/thread/{found[0]}")
    messages = visit.store.rows(
        "SELECT m.id, m.thread_id, u.username, m.body, m.created_at FROM messages m"
        " JOIN users u ON u.id = m.sender_id WHERE m.thread_id = ? ORDER BY m.created_at, m.id",
        found[0],
    )
    return show(
        visit,
        "message_thread.html",
        title=f"Conversation with {other_name}",
        status=422 if errors else 200,
        other=other_name,
        messages=[_with_ago(visit, message) for message in messages],
        action=f"/messages/thread/{found[0]}",
        field=_BODY,
        values=visit.form if errors else {},
        errors=errors,
    )


def compose(visit: Visit) -> HttpResponse:
    """Starts a conversation with a user."""
    visit.require_user()
    user = find_user(visit)
    if user[0] == visit.viewer.id:
        raise RefusedError(403, "You cannot send messages to yourself.")
    errors: dict[str, str] = {}
    if visit.posting:
        errors = _check(visit)
        if not errors:
            id_ = _send(visit, int(user[0] or 0), None)
            set_flash(visit.store, visit.viewer.session, "The message was sent.")
            return redirect(f"/messages/thread/{id_}")
    return show(
        visit,
        "compose.html",
        title=f"Message to {user[1]}",
        status=422 if errors else 200,
        name=user[1],
        action=f"/user/{user[1]}/compose_message",
        field=_BODY,
        values=visit.form,
        errors=errors,
    )


def _check(visit: Visit) -> dict[str, str]:
    visit.require_token()
    return problems(visit.form, (_RULE,))


def _send(visit: Visit, receiver: int, thread_id: int | None) -> int:
    store, viewer = visit.store, visit.viewer
    blocked = "SELECT count(*) FROM blocks WHERE user_id = ? AND blocked_id = ?"
    if store.number(blocked, receiver, viewer.id):
        raise RefusedError(403, "This user does not take messages from you.")
    with store.change() as now:
        if thread_id is None:
            thread_id = store.write(
                "message_threads",
                "INSERT INTO message_threads (sender_id, receiver_id) VALUES (?, ?)",
                viewer.id,
                receiver,
            )
        message_id = store.write(
            "messages",
            "INSERT INTO messages (thread_id, sender_id, body, created_at) VALUES (?, ?, ?, ?)",
            thread_id,
            viewer.id,
            visit.form[_BODY],
            now,
        )
        store.write(
            "notifications",
            "INSERT INTO notifications (user_id, message_id, created_at) VALUES (?, ?, ?)",
            receiver,
            message_id,
            now,
        )
    return thread_id


def _with_ago(visit: Visit, message: Record) -> tuple[object, ...]:
    return (*message, time_ago(_age(visit, message[4])))


def _age(visit: Visit, created_at: object) -> int:
    return visit.store.now - created_at if isinstance(created_at, int) else 0
