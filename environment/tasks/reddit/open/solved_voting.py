"""How open tasks about votes and subscriptions are solved."""

# ruff: noqa: ARG001 - all trajectories take task, page and facts

from __future__ import annotations

from collections.abc import Mapping

from core.pages import Observation
from core.tasks import PublicTask
from environment.oracles.contract import OracleRun, done
from environment.tasks.reddit.mistakes import also_vote, instead, then, undoing
from environment.tasks.reddit.open.solved_reading import newest_row
from environment.tasks.reddit.walks import Walk, keys, open_forum, press, row_titled, writer
from environment.tasks.templates import Facts, Solution

__all__ = ["SOLUTIONS", "vote_newest"]


def vote_newest(task: PublicTask, forum: str, button: str) -> Walk:
    """Presses a vote button of the newest post of a forum."""
    obs = yield from open_forum(task, forum)
    return (yield from press(obs, button, newest_row(obs)))


def _upvote_newest(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from vote_newest(task, facts.text("forum"), "upvote")
    return done()


def _downvote_newest(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from vote_newest(task, facts.text("forum"), "downvote")
    return done()


def _retract_newest(task: PublicTask, obs: Observation, facts: Facts) -> Walk:
    return (yield from press(obs, "retract_upvote", newest_row(obs)))


def _downvote_ranked(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"), "top")
    row = keys(obs, "submission")[int(facts.text("rank")) - 1]
    yield from press(obs, "downvote", row)
    return done()


def _upvote_titled(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    yield from press(obs, "upvote", row_titled(obs, facts.text("title")))
    return done()


def _retract_titled(task: PublicTask, obs: Observation, facts: Facts) -> Walk:
    return (yield from press(obs, "retract_upvote", row_titled(obs, facts.text("title"))))


def _upvote_all_of_user(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    for row in keys(obs, "submission"):
        if writer(obs, row) == facts.text("user"):
            obs = yield from press(obs, "upvote", row)
    return done()


def _upvote_newest_in_three(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    for name in ("first", "second", "third"):
        yield from vote_newest(task, facts.text(name), "upvote")
    return done()


def _upvote_and_downvote(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    yield from vote_newest(task, facts.text("first"), "upvote")
    yield from vote_newest(task, facts.text("second"), "downvote")
    return done()


def _subscribe(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    yield from press(obs, "subscribe")
    return done()


def _unsubscribe(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    yield from press(obs, "unsubscribe")
    return done()


def _change_subscriptions(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    buttons = {"first": "subscribe", "second": "subscribe", "third": "unsubscribe"}
    for name, button in buttons.items():
        obs = yield from open_forum(task, facts.text(name))
        yield from press(obs, button)
    return done()


SOLUTIONS: Mapping[str, Solution] = {
    "upvote_newest": Solution(
        oracle=_upvote_newest,
        wrong={
            "undone": then(_upvote_newest, _retract_newest),
            "wrong_forum": instead(_upvote_newest, forum="other"),
            "wrong_way": _downvote_newest,
            "side_effect": also_vote(_upvote_newest),
        },
    ),
    "downvote_ranked": Solution(
        oracle=_downvote_ranked, wrong={"wrong_rank": instead(_downvote_ranked, rank="other")}
    ),
    "upvote_titled": Solution(
        oracle=_upvote_titled,
        wrong={
            "undone": then(_upvote_titled, _retract_titled),
            "wrong_post": instead(_upvote_titled, title="other"),
        },
    ),
    "upvote_all_of_user": Solution(
        oracle=_upvote_all_of_user,
        wrong={
            "wrong_user": instead(_upvote_all_of_user, user="other"),
            "side_effect": also_vote(_upvote_all_of_user),
        },
    ),
    "upvote_newest_in_three": Solution(
        oracle=_upvote_newest_in_three,
        wrong={"wrong_forum": instead(_upvote_newest_in_three, third="other")},
    ),
    "upvote_and_downvote": Solution(
        oracle=_upvote_and_downvote,
        wrong={"swapped": instead(_upvote_and_downvote, first="second", second="first")},
    ),
    "subscribe": Solution(
        oracle=_subscribe,
        wrong={
            "undone": undoing(_subscribe, "unsubscribe"),
            "wrong_forum": instead(_subscribe, forum="other"),
        },
    ),
    "unsubscribe": Solution(
        oracle=_unsubscribe,
        wrong={
            "undone": undoing(_unsubscribe, "subscribe"),
            "wrong_forum": instead(_unsubscribe, forum="other"),
        },
    ),
    "change_subscriptions": Solution(
        oracle=_change_subscriptions,
        wrong={
            "undone": undoing(_change_subscriptions, "subscribe"),
            "wrong_forum": instead(_change_subscriptions, third="other"),
        },
    ),
}
