"""How open tasks about posts, comments, messages and one's account are solved."""

# ruff: noqa: ARG001 - all trajectories take task, page and facts

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from core.pages import Click, Fill, Observation
from core.tasks import PublicTask
from environment.oracles.contract import OracleLostError, OracleRun, done, find
from environment.tasks.reddit.mistakes import also_vote, instead, then
from environment.tasks.reddit.open.solved_reading import newest_row
from environment.tasks.reddit.walks import (
    Walk,
    comments_by,
    field,
    follow,
    go,
    me,
    open_forum,
    open_post,
    open_row,
    press,
    submit_form,
    title_of,
)
from environment.tasks.templates import Facts, Solution

__all__ = ["SOLUTIONS", "block", "set_biography", "single_comment", "write_message", "write_post"]


def write_post(task: PublicTask, forum: str, **fields: str) -> Walk:
    """Creates a post in a forum; fields are `title`, `body`, `url`."""
    obs = yield go(task, f"/submit/{quote(forum)}")
    return (yield from submit_form(obs, "submit", **fields))


def write_message(task: PublicTask, user: str, text: str) -> Walk:
    """Sends a private message in a new conversation."""
    obs = yield go(task, f"/user/{quote(user)}/compose_message")
    return (yield from submit_form(obs, "send", message=text))


def set_biography(task: PublicTask, obs: Observation, text: str) -> Walk:
    """Replaces the biography of who is signed in."""
    obs = yield go(task, f"/user/{quote(me(obs))}/edit_biography")
    return (yield from submit_form(obs, "save", biography=text))


def block(task: PublicTask, user: str) -> Walk:
    """Blocks a user."""
    obs = yield go(task, f"/user/{quote(user)}/block_user")
    return (yield from press(obs, "block"))


def single_comment(obs: Observation, user: str) -> str:
    """Returns the row of the one comment that a user wrote on the page."""
    rows = comments_by(obs, user)
    if len(rows) != 1:
        raise OracleLostError(f"{obs.url}: {len(rows)} comments by {user!r}")
    return rows[0]


def comment_newest(task: PublicTask, forum: str, text: str) -> Walk:
    """Comments on the newest post of a forum."""
    obs = yield from open_forum(task, forum)
    obs = yield from open_row(obs, newest_row(obs))
    return (yield from submit_form(obs, "comment", comment=text))


def _comment_on_post(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    yield from submit_form(obs, "comment", comment=facts.text("text"))
    return done()


def _comment_twice(task: PublicTask, obs: Observation, facts: Facts) -> Walk:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    return (yield from submit_form(obs, "comment", comment=facts.text("text")))


def _reply_to_comment(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    obs = yield from follow(obs, "reply", single_comment(obs, facts.text("user")))
    yield from submit_form(obs, "comment", comment=facts.text("text"))
    return done()


def _comment_on_two_newest(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    for name in ("first", "second"):
        yield from comment_newest(task, facts.text(name), facts.text("text"))
    return done()


def _submit_text(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from write_post(
        task, facts.text("forum"), title=facts.text("title"), body=facts.text("body")
    )
    return done()


def _submit_link(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from write_post(
        task, facts.text("forum"), url=facts.text("url"), title=facts.text("title")
    )
    return done()


def _submit_by_forum_title(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield go(task, "/forums")
    row = obs.elements[find(obs, role="text", name=facts.text("heading"))].row
    forum = obs.elements[find(obs, role="link", row=row)].name
    yield from write_post(task, forum, title=facts.text("title"))
    return done()


def _cross_post(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("source"), "top")
    title = title_of(obs, newest_row(obs))
    yield from write_post(task, facts.text("target"), title=title, body=facts.text("body"))
    yield from comment_newest(task, facts.text("third"), facts.text("text"))
    return done()


def _edit_my_post(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    obs = yield from follow(obs, "edit", newest_row(obs))
    box = field(obs, "body")
    text = f"{obs.elements[box].value}\n{facts.text('text')}"
    obs = yield Fill(box, text)
    yield from press(obs, "save")
    return done()


def _replace_my_post(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    obs = yield from follow(obs, "edit", newest_row(obs))
    yield from submit_form(obs, "save", body=facts.text("text"))
    return done()


def _delete_my_comment(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    obs = yield from follow(obs, "delete", single_comment(obs, me(obs)))
    yield from press(obs, "delete")
    return done()


def _write_again(task: PublicTask, obs: Observation, facts: Facts) -> Walk:
    return (yield from submit_form(obs, "comment", comment="I wrote this again."))


def _change_biography(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from set_biography(task, obs, facts.text("text"))
    return done()


def _clear_biography(task: PublicTask, obs: Observation, facts: Facts) -> Walk:
    return (yield from set_biography(task, obs, ""))


def _send_message(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from write_message(task, facts.text("user"), facts.text("text"))
    return done()


def _block_user(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from block(task, facts.text("user"))
    return done()


def _unblock(task: PublicTask, obs: Observation, facts: Facts) -> Walk:
    obs = yield go(task, f"/user/{quote(facts.text('user'))}")
    return (yield from press(obs, "unblock"))


def _create_forum(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield Click(find(obs, role="link", href="^/create_forum$"))
    yield from submit_form(
        obs,
        "create_forum",
        forum_name=facts.text("name"),
        forum_title=facts.text("name"),
        forum_description=facts.text("description"),
        forum_sidebar=facts.text("sidebar"),
    )
    return done()


def _leave_new_forum(task: PublicTask, obs: Observation, facts: Facts) -> Walk:
    return (yield from press(obs, "unsubscribe"))


def _biography_and_message(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from set_biography(task, obs, facts.text("bio"))
    yield from write_message(task, facts.text("user"), facts.text("text"))
    return done()


SOLUTIONS: Mapping[str, Solution] = {
    "comment_on_post": Solution(
        oracle=_comment_on_post,
        wrong={
            "wrong_post": instead(_comment_on_post, title="other"),
            "twice": then(_comment_on_post, _comment_twice),
        },
    ),
    "reply_to_comment": Solution(
        oracle=_reply_to_comment,
        wrong={
            "wrong_user": instead(_reply_to_comment, user="other"),
            "under_the_post": _comment_on_post,
        },
    ),
    "comment_on_two_newest": Solution(
        oracle=_comment_on_two_newest,
        wrong={"wrong_forum": instead(_comment_on_two_newest, second="other")},
    ),
    "submit_text": Solution(
        oracle=_submit_text,
        wrong={
            "wrong_forum": instead(_submit_text, forum="other"),
            "swapped": instead(_submit_text, title="body", body="title"),
        },
    ),
    "submit_link": Solution(
        oracle=_submit_link, wrong={"wrong_forum": instead(_submit_link, forum="other")}
    ),
    "submit_by_forum_title": Solution(
        oracle=_submit_by_forum_title,
        wrong={"wrong_forum": instead(_submit_by_forum_title, heading="other")},
    ),
    "cross_post": Solution(
        oracle=_cross_post,
        wrong={
            "wrong_source": instead(_cross_post, source="other"),
            "wrong_forum": instead(_cross_post, third="other"),
        },
    ),
    "edit_my_post": Solution(
        oracle=_edit_my_post,
        wrong={
            "replaced": _replace_my_post,
            "wrong_post": instead(_edit_my_post, title="other", forum="other_forum"),
        },
    ),
    "delete_my_comment": Solution(
        oracle=_delete_my_comment,
        wrong={
            "wrong_comment": instead(_delete_my_comment, title="other", forum="other_forum"),
            "written_again": then(_delete_my_comment, _write_again),
        },
    ),
    "change_biography": Solution(
        oracle=_change_biography,
        wrong={
            "undone": then(_change_biography, _clear_biography),
            "side_effect": also_vote(_change_biography),
        },
    ),
    "send_message": Solution(
        oracle=_send_message,
        wrong={
            "wrong_user": instead(_send_message, user="other"),
            "side_effect": also_vote(_send_message),
        },
    ),
    "block_user": Solution(
        oracle=_block_user,
        wrong={
            "undone": then(_block_user, _unblock),
            "wrong_user": instead(_block_user, user="other"),
        },
    ),
    "create_forum": Solution(
        oracle=_create_forum,
        wrong={
            "wrong_name": instead(_create_forum, name="other"),
            "side_effect": then(_create_forum, _leave_new_forum),
        },
    ),
    "biography_and_message": Solution(
        oracle=_biography_and_message,
        wrong={"wrong_user": instead(_biography_and_message, user="other")},
    ),
}
