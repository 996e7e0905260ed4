"""Signing in and out, registering, changing one's password."""

from __future__ import annotations

from hmac import compare_digest

from environment.sites.contract import HttpResponse
from environment.sites.reddit import sessions
from environment.sites.reddit.people import own_page
from environment.sites.reddit.rendering import show
from environment.sites.reddit.validation import WORD, Rule, problems
from environment.sites.reddit.visit import RefusedError, Visit, redirect

__all__ = ["login", "logout", "register", "settings"]

_NAME = "user[username]"
_FIRST = "user[password][first]"
_SECOND = "user[password][second]"
_PASSWORD_RULE = Rule(_FIRST, "Password", 72, 8)
_NAME_RULE = Rule(_NAME, "Username", 25, 3, WORD)


def login(visit: Visit) -> HttpResponse:
    """Shows the sign-in form, and takes it at `/login_check`."""
    error = ""
    name = visit.form.get("_username", "")
    if visit.posting:
        visit.require_token()
        found = visit.store.row("SELECT username, password FROM users WHERE username = ?", name)
        if found is not None and _same(str(found[1]), visit.form.get("_password", "")):
            return _signed_in(visit, str(found[0]))
        error = "Invalid credentials."
    return show(
        visit,
        "login.html",
        title="Log in",
        status=422 if error else 200,
        values={"_username": name},
        errors={"_username": error} if error else {},
    )


def logout(visit: Visit) -> HttpResponse:
    """Closes the session."""
    visit.require_token()
    sessions.sign_out(visit.store, visit.viewer.session)
    return redirect("/", (("set-cookie", f"{sessions.COOKIE}=; Path=/; Max-Age=0"),))


def register(visit: Visit) -> HttpResponse:
    """Makes a new user and signs them in."""
    if visit.viewer.id:
        raise RefusedError(403, "You are logged in already.")
    errors: dict[str, str] = {}
    if visit.posting:
        visit.require_token()
        errors = _password_problems(visit, (_NAME_RULE, _PASSWORD_RULE))
        name = visit.form.get(_NAME, "")
        if not errors and visit.store.row("SELECT 1 FROM users WHERE username = ?", name):
            errors[_NAME] = "The username is already in use."
        if not errors:
            with visit.store.change() as now:
                visit.store.write(
                    "users",
                    "INSERT INTO users (username, password, created_at) VALUES (?, ?, ?)",
                    name,
                    visit.form[_FIRST],
                    now,
                )
            return _signed_in(visit, name)
    return show(
        visit,
        "registration.html",
        title="Sign up",
        status=422 if errors else 200,
        values={_NAME: visit.form.get(_NAME, "")},
        errors=errors,
    )


def settings(visit: Visit) -> HttpResponse:
    """Lets users change their password."""
    user = own_page(visit)
    errors: dict[str, str] = {}
    if visit.posting:
        visit.require_token()
        errors = _password_problems(visit, (_PASSWORD_RULE,))
        if not errors:
            with visit.store.change():
                visit.store.write(
                    "users",
                    "UPDATE users SET password = ? WHERE id = ?",
                    visit.form[_FIRST],
                    user[0],
                )
            sessions.set_flash(visit.store, visit.viewer.session, "Your password was changed.")
            return redirect(f"/user/{user[1]}/account")
    return show(
        visit,
        "account.html",
        title="Account",
        status=422 if errors else 200,
        name=user[1],
        errors=errors,
    )


def _password_problems(visit: Visit, rules: tuple[Rule, ...]) -> dict[str, str]:
    errors = problems(visit.form, rules)
    if not errors and visit.form[_FIRST] != visit.form.get(_SECOND):
        errors[_SECOND] = "The passwords do not match."
    return errors


def _signed_in(visit: Visit, name: str) -> HttpResponse:
    token = sessions.sign_in(visit.store, name)
    return redirect("/", (("set-cookie", f"{sessions.COOKIE}={token}; Path=/; HttpOnly"),))


def _same(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode())
