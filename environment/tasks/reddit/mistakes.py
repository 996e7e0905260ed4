"""Ways to fail: trajectories made of a right one by one mistake."""

# ruff: noqa: ARG001 - all trajectories take task, page and facts

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

from core.pages import Observation
from core.tasks import AgentResponse, PublicTask, ResponseStatus, TaskType
from environment.oracles.contract import OracleRun, find_all
from environment.tasks.reddit.walks import Walk, go, keys, press
from environment.tasks.templates import Facts, Moves

__all__ = ["also_vote", "answering", "claiming", "instead", "then", "undoing"]

Step = Callable[[PublicTask, Observation, Facts], Walk]
"""A walk that a trajectory makes after its end."""


def instead(oracle: Moves, **swaps: str) -> Moves:
    """Takes one thing for another: fact name to the name of the fact that it is confused with."""

    def moves(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
        return oracle(task, obs, facts.but(swaps))

    return moves


def then(oracle: Moves, step: Step) -> Moves:
    """Does the right thing and then something more."""

    def moves(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
        run = oracle(task, obs, facts)
        try:
            action = next(run)
            while True:
                obs = yield action
                action = run.send(obs)
        except StopIteration as stop:
            answer: AgentResponse = stop.value
        yield from step(task, obs, facts)
        return answer

    return moves


def undoing(oracle: Moves, button: str) -> Moves:
    """Does the right thing and takes it back by a button of the page where it ends."""
    return then(oracle, lambda _task, obs, _facts: press(obs, button))


def also_vote(oracle: Moves) -> Moves:
    """Does the right thing and upvotes something else on the way out."""
    return then(oracle, _vote_somewhere)


def answering(fact: str) -> Moves:
    """Answers with a fact that only looks right."""

    def moves(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
        yield go(task, "/")
        return _answer([facts.text(fact)])

    return moves


def claiming(task_type: TaskType, *data: JsonValue) -> Moves:
    """Looks at the front page and claims to be done."""

    def moves(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
        yield go(task, "/")
        if data:
            return _answer(list(data))
        return AgentResponse(task_type=task_type, status=ResponseStatus.SUCCESS)

    return moves


def _answer(data: list[JsonValue]) -> AgentResponse:
    return AgentResponse(
        task_type=TaskType.RETRIEVE, status=ResponseStatus.SUCCESS, retrieved_data=data
    )


def _vote_somewhere(task: PublicTask, obs: Observation, facts: Facts) -> Walk:
    """Upvotes an old post that the user has no vote on."""
    obs = yield go(task, "/all/controversial")
    for row in keys(obs, "submission"):
        if not list(find_all(obs, role="button", row=row, name="")):
            continue
        if all(obs.elements[one].state == "" for one in find_all(obs, role="button", row=row)):
            return (yield from press(obs, "upvote", row))
    return obs
