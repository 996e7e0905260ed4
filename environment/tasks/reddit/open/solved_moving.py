"""How open tasks are solved that want a page to be open, or that cannot be reached."""

# ruff: noqa: ARG001 - all trajectories take task, page and facts

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from core.pages import Observation
from core.tasks import PublicTask, ResponseStatus, TaskType
from environment.oracles.contract import (
    OracleLostError,
    OracleRun,
    done,
    find_all,
    unreachable,
)
from environment.tasks.reddit.mistakes import also_vote, answering, claiming, instead, then
from environment.tasks.reddit.open.solved_reading import newest_row
from environment.tasks.reddit.walks import (
    Walk,
    go,
    keys,
    open_forum,
    open_post,
    open_row,
    open_search,
    submit_form,
    writer,
)
from environment.tasks.templates import Facts, Solution

__all__ = ["SOLUTIONS", "leave"]

_DENIED = ResponseStatus.PERMISSION_DENIED_ERROR
_NOT_OFFERED = ResponseStatus.ACTION_NOT_ALLOWED_ERROR


def leave(task: PublicTask, obs: Observation, facts: Facts) -> Walk:
    """Goes to the front page when the right page is already open."""
    return (yield go(task, "/"))


def _open_sorted_forum(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from open_forum(task, facts.text("forum"), facts.text("sort"))
    return done(TaskType.NAVIGATE)


def _open_post(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from open_post(task, facts.text("forum"), facts.text("title"))
    return done(TaskType.NAVIGATE)


def _open_user_submissions(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield go(task, f"/user/{quote(facts.text('user'))}/submissions")
    return done(TaskType.NAVIGATE)


def _open_search(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from open_search(task, facts.text("words"))
    return done(TaskType.NAVIGATE)


def _open_most_commented(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"), "most_commented")
    yield from open_row(obs, newest_row(obs))
    return done(TaskType.NAVIGATE)


def _like_absent_posts(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    if any(writer(obs, row) == facts.text("user") for row in keys(obs, "submission")):
        raise OracleLostError(f"{facts.text('user')} has posts in {obs.url}")
    return unreachable(task_type=TaskType.MUTATE)


def _newest_in_missing_forum(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield go(task, f"/f/{quote(facts.text('forum'))}")
    if obs.status != 404:
        raise OracleLostError(f"{obs.url} answers {obs.status}")
    return unreachable()


def _message_missing_user(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield go(task, f"/user/{quote(facts.text('user'))}")
    if obs.status != 404:
        raise OracleLostError(f"{obs.url} answers {obs.status}")
    return unreachable(task_type=TaskType.MUTATE)


def _edit_foreign_post(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    number = newest_row(obs).removeprefix("submission_")
    obs = yield go(task, f"/f/{quote(facts.text('forum'))}/{number}/-/edit")
    if obs.status != 403:
        raise OracleLostError(f"{obs.url} answers {obs.status}")
    return unreachable(_DENIED, TaskType.MUTATE)


def _follow_user(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield go(task, f"/user/{quote(facts.text('user'))}")
    controls = [*find_all(obs, role="button"), *find_all(obs, role="link")]
    if any(
        "follow" in obs.elements[one].name.casefold()
        for one in controls
        if not obs.elements[one].ugc
    ):
        raise OracleLostError(f"{obs.url} offers to follow")
    return unreachable(_NOT_OFFERED, TaskType.MUTATE)


def _message_instead(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield go(task, f"/user/{quote(facts.text('user'))}/compose_message")
    yield from submit_form(obs, "send", message="I would like to follow you.")
    return unreachable(_NOT_OFFERED, TaskType.MUTATE)


SOLUTIONS: Mapping[str, Solution] = {
    "open_sorted_forum": Solution(
        oracle=_open_sorted_forum,
        wrong={"wrong_forum": instead(_open_sorted_forum, forum="other")},
    ),
    "open_post": Solution(
        oracle=_open_post,
        wrong={
            "wrong_post": instead(_open_post, title="other"),
            "went_on": then(_open_post, leave),
        },
    ),
    "open_user_submissions": Solution(
        oracle=_open_user_submissions,
        wrong={"wrong_user": instead(_open_user_submissions, user="other")},
    ),
    "open_search": Solution(
        oracle=_open_search, wrong={"wrong_words": instead(_open_search, words="other")}
    ),
    "open_most_commented": Solution(
        oracle=_open_most_commented,
        wrong={
            "wrong_forum": instead(_open_most_commented, forum="other"),
            "went_on": then(_open_most_commented, leave),
        },
    ),
    "like_absent_posts": Solution(
        oracle=_like_absent_posts,
        wrong={
            "claims_success": claiming(TaskType.MUTATE),
            "side_effect": also_vote(_like_absent_posts),
        },
    ),
    "newest_in_missing_forum": Solution(
        oracle=_newest_in_missing_forum, wrong={"makes_it_up": answering("forum")}
    ),
    "message_missing_user": Solution(
        oracle=_message_missing_user, wrong={"claims_success": claiming(TaskType.MUTATE)}
    ),
    "edit_foreign_post": Solution(
        oracle=_edit_foreign_post,
        wrong={
            "claims_success": claiming(TaskType.MUTATE),
            "side_effect": also_vote(_edit_foreign_post),
        },
    ),
    "follow_user": Solution(
        oracle=_follow_user,
        wrong={"claims_success": claiming(TaskType.MUTATE), "writes_instead": _message_instead},
    ),
}
