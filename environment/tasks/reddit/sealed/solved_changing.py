"""How sealed tasks are solved that want the world changed, or that cannot be reached."""

# ruff: noqa: ARG001 - all trajectories take task, page and facts

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from core.pages import Click, Observation
from core.tasks import PublicTask, ResponseStatus, TaskType
from environment.oracles.contract import (
    OracleLostError,
    OracleRun,
    done,
    find,
    find_all,
    unreachable,
)
from environment.tasks.reddit.mistakes import also_vote, claiming, instead, then, undoing
from environment.tasks.reddit.open.solved_reading import newest_row
from environment.tasks.reddit.open.solved_writing import (
    block,
    set_biography,
    single_comment,
    write_message,
    write_post,
)
from environment.tasks.reddit.walks import (
    Walk,
    comments_by,
    follow,
    go,
    keys,
    me,
    open_forum,
    open_post,
    press,
    row_titled,
    score,
    submit_form,
    title_of,
    user_pages,
    writer,
)
from environment.tasks.templates import Facts, Solution

__all__ = ["SOLUTIONS"]


def _upvote_comment(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    yield from press(obs, "upvote", single_comment(obs, facts.text("user")))
    return done()


def _retract_comment_vote(task: PublicTask, obs: Observation, facts: Facts) -> Walk:
    return (yield from press(obs, "retract_upvote", single_comment(obs, facts.text("user"))))


def _upvote_the_post(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    button = next(find_all(obs, role="button", row=newest_row(obs)))
    yield Click(button)
    return done()


def _post_author_name(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("source"))
    author = writer(obs, newest_row(obs))
    yield from write_post(task, facts.text("forum"), title=author, body=facts.text("body"))
    return done()


def _edit_my_comment(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    obs = yield from follow(obs, "edit", single_comment(obs, me(obs)))
    yield from submit_form(obs, "save", comment=facts.text("text"))
    return done()


def _comment_again(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    yield from submit_form(obs, "comment", comment=facts.text("text"))
    return done()


def _delete_worst(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    pages = yield from user_pages(task, me(obs), "submissions")
    found = [
        (score(page, row), title_of(page, row))
        for page in pages
        for row in keys(page, "submission")
    ]
    title = min(found)[1]
    obs = yield from _my_post(task, obs, title)
    yield from press(obs, "delete")
    return done()


def _delete_other(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from _my_post(task, obs, facts.text("other"))
    yield from press(obs, "delete")
    return done()


def _my_post(task: PublicTask, obs: Observation, title: str) -> Walk:
    """Asks to delete a post of one's own."""
    pages = yield from user_pages(task, me(obs), "submissions")
    for page in pages:
        if row_titled(page, title):
            path = next(
                one.href
                for one in page.elements
                if one.row == row_titled(page, title) and one.href.endswith("/-/delete")
            )
            return (yield go(task, path))
    raise OracleLostError(f"no post of mine is titled {title!r}")


def _downvote_all_comments(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    for row in comments_by(obs, facts.text("user")):
        obs = yield from press(obs, "downvote", row)
    return done()


def _downvote_first_comment(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    yield from press(obs, "downvote", comments_by(obs, facts.text("user"))[0])
    return done()


def _block_worst_author(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"), "controversial")
    worst = min(keys(obs, "submission"), key=lambda row: score(obs, row))
    yield from block(task, writer(obs, worst))
    return done()


def _biography_and_subscription(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("source"), "top")
    obs = yield from set_biography(task, obs, title_of(obs, newest_row(obs)))
    obs = yield from open_forum(task, facts.text("forum"))
    yield from press(obs, "subscribe")
    return done()


def _message_two_authors(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    for name in ("first", "second"):
        obs = yield from open_forum(task, facts.text(name))
        yield from write_message(task, writer(obs, newest_row(obs)), facts.text("text"))
    return done()


def _retract_vote(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    row = newest_row(obs)
    pressed = [
        one
        for one in find_all(obs, role="button", row=row)
        if "pressed" in obs.elements[one].state.split()
    ]
    if len(pressed) != 1:
        raise OracleLostError(f"{obs.url}: {len(pressed)} votes of mine")
    yield Click(pressed[0])
    return done()


def _vote_the_other_way(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    row = newest_row(obs)
    for one in find_all(obs, role="button", row=row):
        if "pressed" not in obs.elements[one].state.split():
            yield Click(one)
            return done()
    raise OracleLostError(f"{obs.url}: both votes are pressed")


def _answer_message(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield go(task, "/messages")
    name = re.compile(rf"^{re.escape(facts.text('user'))}: ")
    obs = yield Click(find(obs, role="link", name=name))
    yield from submit_form(obs, "send", message=facts.text("text"))
    return done()


def _reply_to_absent(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    if comments_by(obs, facts.text("user")):
        raise OracleLostError(f"{obs.url} shows comments by {facts.text('user')!r}")
    return unreachable(task_type=TaskType.MUTATE)


def _biography_of_other(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield go(task, f"/user/{quote(facts.text('user'))}/edit_biography")
    if obs.status != 403:
        raise OracleLostError(f"{obs.url} answers {obs.status}")
    return unreachable(ResponseStatus.PERMISSION_DENIED_ERROR, TaskType.MUTATE)


def _own_biography(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from set_biography(task, obs, facts.text("text"))
    return done()


def _pin_post(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    controls = [*find_all(obs, role="button"), *find_all(obs, role="link")]
    words = re.compile(r"\b(pin|sticky)\b", re.IGNORECASE)
    if any(words.search(obs.elements[one].name) for one in controls if not obs.elements[one].ugc):
        raise OracleLostError(f"{obs.url} offers to pin")
    return unreachable(ResponseStatus.ACTION_NOT_ALLOWED_ERROR, TaskType.MUTATE)


SOLUTIONS: Mapping[str, Solution] = {
    "sealed_14": Solution(
        oracle=_upvote_comment,
        wrong={
            "undone": then(_upvote_comment, _retract_comment_vote),
            "wrong_user": instead(_upvote_comment, user="other"),
            "the_post_itself": _upvote_the_post,
        },
    ),
    "sealed_15": Solution(
        oracle=_post_author_name,
        wrong={"wrong_source": instead(_post_author_name, source="other")},
    ),
    "sealed_16": Solution(
        oracle=_edit_my_comment,
        wrong={
            "wrong_thread": instead(_edit_my_comment, title="other", forum="other_forum"),
            "written_again": _comment_again,
        },
    ),
    "sealed_17": Solution(oracle=_delete_worst, wrong={"wrong_post": _delete_other}),
    "sealed_18": Solution(
        oracle=_downvote_all_comments,
        wrong={
            "only_one": _downvote_first_comment,
            "side_effect": also_vote(_downvote_all_comments),
        },
    ),
    "sealed_19": Solution(
        oracle=_block_worst_author,
        wrong={"wrong_forum": instead(_block_worst_author, forum="other")},
    ),
    "sealed_20": Solution(
        oracle=_biography_and_subscription,
        wrong={
            "wrong_source": instead(_biography_and_subscription, source="other"),
            "undone": undoing(_biography_and_subscription, "unsubscribe"),
        },
    ),
    "sealed_21": Solution(
        oracle=_message_two_authors,
        wrong={"wrong_forum": instead(_message_two_authors, second="other")},
    ),
    "sealed_22": Solution(oracle=_retract_vote, wrong={"wrong_way": _vote_the_other_way}),
    "sealed_23": Solution(
        oracle=_answer_message, wrong={"wrong_thread": instead(_answer_message, user="other")}
    ),
    "sealed_24": Solution(
        oracle=_reply_to_absent,
        wrong={"claims_success": claiming(TaskType.MUTATE), "under_the_post": _comment_again},
    ),
    "sealed_25": Solution(
        oracle=_biography_of_other,
        wrong={"claims_success": claiming(TaskType.MUTATE), "own_biography": _own_biography},
    ),
    "sealed_26": Solution(
        oracle=_pin_post,
        wrong={
            "claims_success": claiming(TaskType.MUTATE),
            "side_effect": also_vote(_pin_post),
        },
    ),
}
