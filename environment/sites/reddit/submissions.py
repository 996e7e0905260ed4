"""Writing, changing and deleting a submission."""

from __future__ import annotations

from environment.sites.contract import HttpResponse
from environment.sites.reddit.phrasing import forum_path, submission_path
from environment.sites.reddit.queries import find_forum, find_submission
from environment.sites.reddit.rendering import show
from environment.sites.reddit.sessions import set_flash
from environment.sites.reddit.store import Record
from environment.sites.reddit.validation import WEB_ADDRESS, Rule, problems
from environment.sites.reddit.visit import RefusedError, Visit, redirect

__all__ = ["delete", "edit", "submit"]

_TITLE = "submission[title]"
_URL = "submission[url]"
_BODY = "submission[body]"
_FORUM = "submission[forum]"
_RULES = (
    Rule(_URL, "URL", 2000, 0, WEB_ADDRESS),
    Rule(_TITLE, "Title", 300, 1),
    Rule(_BODY, "Body", 25_000),
)


def submit(visit: Visit) -> HttpResponse:
    """Publishes a submission; its author's own vote for it is counted."""
    visit.require_user()
    values = dict(visit.form)
    errors: dict[str, str] = {}
    if visit.posting:
        visit.require_token()
        errors = problems(values, _RULES)
        forum = _chosen_forum(visit)
        if forum is None:
            errors[_FORUM] = "Choose a forum."
        if forum is not None and not errors:
            return redirect(_insert(visit, forum))
    elif "forum" in visit.args:
        values[_FORUM] = str(find_forum(visit, visit.args["forum"])[0])
    return show(
        visit,
        "submit.html",
        title="Create submission",
        status=422 if errors else 200,
        forums=visit.store.rows("SELECT id, name FROM forums ORDER BY name COLLATE NOCASE"),
        values=values,
        errors=errors,
    )


def edit(visit: Visit) -> HttpResponse:
    """Lets the author change title, address and text."""
    record, body = _own(visit)
    values = {_TITLE: str(record[1]), _URL: str(record[2] or ""), _BODY: body}
    errors: dict[str, str] = {}
    if visit.posting:
        visit.require_token()
        before, values = values, {**values, **visit.form}
        errors = problems(values, _rules_after(before))
        if not errors:
            _update(visit, record, values)
            set_flash(visit.store, visit.viewer.session, "The submission was edited.")
            return redirect(submission_path(str(record[7]), int(record[0] or 0), values[_TITLE]))
    return show(
        visit,
        "submission_edit.html",
        title="Edit submission",
        status=422 if errors else 200,
        action=f"{forum_path(str(record[7]))}/{record[0]}/-/edit",
        has_url=record[2] is not None,
        values=values,
        errors=errors,
    )


def delete(visit: Visit) -> HttpResponse:
    """Asks the author, then deletes; a form carries the consent, so a link alone cannot."""
    record, _ = _own(visit)
    forum = forum_path(str(record[7]))
    if visit.posting:
        visit.require_token()
        with visit.store.change():
            visit.store.write(
                "submissions", "UPDATE submissions SET deleted = 1 WHERE id = ?", record[0]
            )
            visit.store.rerank(int(record[0] or 0))
        set_flash(visit.store, visit.viewer.session, "The submission was deleted.")
        return redirect(forum)
    return show(
        visit,
        "delete.html",
        title="Delete submission",
        action=f"{forum}/{record[0]}/-/delete",
        back=submission_path(str(record[7]), int(record[0] or 0), str(record[1])),
        subject=record[1],
    )


def _own(visit: Visit) -> tuple[Record, str]:
    visit.require_user()
    record, body = find_submission(visit)
    if record[9] != visit.viewer.id:
        raise RefusedError(403, "Only its author may do this to a submission.")
    return record, body


def _rules_after(before: dict[str, str]) -> tuple[Rule, ...]:
    # The address of an uploaded image is a path of this site; it may stay, not be typed in.
    kept = Rule(_URL, "URL", 2000)
    return (kept, *_RULES[1:]) if before[_URL].startswith("/") else _RULES


def _chosen_forum(visit: Visit) -> Record | None:
    chosen = visit.form.get(_FORUM, "")
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 16):
        return None
    return visit.store.row("SELECT id, name FROM forums WHERE id = ?", int(chosen))


def _insert(visit: Visit, forum: Record) -> str:
    title = visit.form[_TITLE]
    with visit.store.change() as now:
        id_ = visit.store.write(
            "submissions",
            "INSERT INTO submissions (forum_id, user_id, title, url, body, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            forum[0],
            visit.viewer.id,
            title,
            visit.form.get(_URL) or None,
            visit.form.get(_BODY) or None,
            now,
        )
        visit.store.write(
            "submission_votes",
            "INSERT INTO submission_votes (user_id, submission_id, choice) VALUES (?, ?, 1)",
            visit.viewer.id,
            id_,
        )
        visit.store.rerank(id_)
    return submission_path(str(forum[1]), id_, title)


def _update(visit: Visit, record: Record, values: dict[str, str]) -> None:
    with visit.store.change() as now:
        visit.store.write(
            "submissions",
            "UPDATE submissions SET title = ?, url = ?, body = ?, edited_at = ? WHERE id = ?",
            values[_TITLE],
            values[_URL] or None,
            values[_BODY] or None,
            now,
            record[0],
        )
