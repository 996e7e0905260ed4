"""Forums: the directory, starting one, changing one, subscribing."""

from __future__ import annotations

from environment.sites.contract import HttpResponse
from environment.sites.reddit.phrasing import forum_path
from environment.sites.reddit.queries import find_forum
from environment.sites.reddit.rendering import directory_piece, show
from environment.sites.reddit.sessions import set_flash
from environment.sites.reddit.validation import WORD, Rule, problems
from environment.sites.reddit.visit import RefusedError, Visit, json_answer, redirect

__all__ = ["create", "directory", "edit", "subscribe"]

DIRECTORY_SIZE = 100
"""Forums on one page of the directory."""

_RULES = (
    Rule("forum[title]", "Title", 100, 1),
    Rule("forum[description]", "Description", 300, 1),
    Rule("forum[sidebar]", "Sidebar", 1500, 1),
)
_NAME_RULE = Rule("forum[name]", "Name", 25, 3, WORD)

_ORDERS = {
    "name": "f.name COLLATE NOCASE, f.id",
    "title": "f.title COLLATE NOCASE, f.id",
    "subscribers": "subscribers DESC, f.name COLLATE NOCASE",
    "submissions": "submissions DESC, f.name COLLATE NOCASE",
}


def directory(visit: Visit) -> HttpResponse:
    """Lists all forums, those with most submissions first unless the path says otherwise."""
    order = visit.args.get("order", "submissions")
    number = visit.page_number()
    records = visit.store.rows(
        "SELECT f.name, f.title, f.id, ifnull(n.number, 0) AS subscribers,"
        " ifnull(r.number, 0) AS submissions FROM forums f"
        " LEFT JOIN (SELECT forum_id, count(*) AS number FROM subscriptions GROUP BY forum_id) n"
        " ON n.forum_id = f.id"
        " LEFT JOIN (SELECT forum_id, count(*) AS number FROM rankings GROUP BY forum_id) r"
        f" ON r.forum_id = f.id ORDER BY {_ORDERS[order]} LIMIT {DIRECTORY_SIZE + 1} OFFSET ?",
        (number - 1) * DIRECTORY_SIZE,
    )
    return show(
        visit,
        "forums.html",
        title="List of forums",
        table=directory_piece(visit.skin, tuple(records[:DIRECTORY_SIZE])),
        order=order,
        orders=tuple(_ORDERS),
        next_page=f"?page={number + 1}" if len(records) > DIRECTORY_SIZE else "",
    )


def create(visit: Visit) -> HttpResponse:
    """Starts a forum, to which its creator is subscribed."""
    visit.require_user()
    errors: dict[str, str] = {}
    if visit.posting:
        visit.require_token()
        errors = problems(visit.form, (_NAME_RULE, *_RULES))
        name = visit.form.get("forum[name]", "")
        if not errors and visit.store.row("SELECT 1 FROM forums WHERE name = ?", name):
            errors["forum[name]"] = "There is already a forum by that name."
        if not errors:
            _insert(visit, name)
            return redirect(forum_path(name))
    return show(
        visit,
        "forum_form.html",
        title="Create forum",
        status=422 if errors else 200,
        action="/create_forum",
        creating=True,
        values=visit.form,
        errors=errors,
    )


def edit(visit: Visit) -> HttpResponse:
    """Lets the creator of a forum change its texts."""
    visit.require_user()
    record = find_forum(visit, visit.args["forum"])
    if record[5] != visit.viewer.id:
        raise RefusedError(403, "Only the creator of a forum may change it.")
    errors: dict[str, str] = {}
    values = dict(zip((rule.field for rule in _RULES), map(str, record[2:5]), strict=True))
    path = forum_path(str(record[1]))
    if visit.posting:
        visit.require_token()
        values = {**values, **visit.form}
        errors = problems(values, _RULES)
        if not errors:
            with visit.store.change():
                visit.store.write(
                    "forums",
                    "UPDATE forums SET title = ?, description = ?, sidebar = ? WHERE id = ?",
                    *(values[rule.field] for rule in _RULES),
                    record[0],
                )
            set_flash(visit.store, visit.viewer.session, "The forum was updated.")
            return redirect(path)
    return show(
        visit,
        "forum_form.html",
        title="Edit forum",
        status=422 if errors else 200,
        action=f"{path}/edit",
        creating=False,
        values=values,
        errors=errors,
    )


def subscribe(visit: Visit) -> HttpResponse:
    """Subscribes to a forum or unsubscribes from it; doing so twice changes nothing."""
    visit.require_user()
    visit.require_token()
    record = find_forum(visit, visit.args["forum"])
    wanted = visit.args["verb"] == "subscribe"
    if bool(record[7]) != wanted:
        sql = (
            "INSERT INTO subscriptions (user_id, forum_id) VALUES (?, ?)"
            if wanted
            else "DELETE FROM subscriptions WHERE user_id = ? AND forum_id = ?"
        )
        with visit.store.change():
            visit.store.write("subscriptions", sql, visit.viewer.id, record[0])
    if "json" in visit.args:
        return json_answer({"subscribed": wanted})
    return redirect(forum_path(str(record[1])))


def _insert(visit: Visit, name: str) -> None:
    form = visit.form
    with visit.store.change() as now:
        forum_id = visit.store.write(
            "forums",
            "INSERT INTO forums (name, title, description, sidebar, creator_id, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            name,
            *(form[rule.field] for rule in _RULES),
            visit.viewer.id,
            now,
        )
        visit.store.write(
            "subscriptions",
            "INSERT INTO subscriptions (user_id, forum_id) VALUES (?, ?)",
            visit.viewer.id,
            forum_id,
        )
