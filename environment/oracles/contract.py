"""How an oracle is written and driven.

An oracle is a generator: it is given the task and the first observation, yields browser actions,
receives the observation after each, and returns the answer.

    def upvote_newest(task: PublicTask, obs: Observation) -> OracleRun:
        obs = yield Goto(task.base_urls["reddit"] + "/f/books/new")
        first = find(obs, role="button", name="Upvote")
        obs = yield Click(first)
        return done()

It never touches a database and never knows an element id in advance: `find` looks for what a person
would look for. What a *generated* task's oracle may know besides the page is bound when the task
is made, for instance the title of the post that the intent describes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator

from pydantic import JsonValue

from core.errors import WorldError
from core.pages import BrowserAction, Observation
from core.tasks import AgentResponse, PublicTask, ResponseStatus, TaskType

__all__ = [
    "Oracle",
    "OracleLostError",
    "OracleRun",
    "done",
    "drive",
    "find",
    "find_all",
    "retrieved",
    "unreachable",
]

OracleRun = Generator[BrowserAction, Observation, AgentResponse]
Oracle = Callable[[PublicTask, Observation], OracleRun]


class OracleLostError(WorldError):
    """The page does not show what the oracle looks for: the site or the oracle is wrong."""


def find_all(
    obs: Observation,
    *,
    role: str,
    name: str | re.Pattern[str] = "",
    row: str = "",
    heading: str = "",
    href: str = "",
) -> Iterator[int]:
    """Yields ids of elements that match, in page order.

    Args:
        obs: The page.
        role: Exact role.
        name: Exact name ignoring case, or a pattern to search for; empty matches any.
        row: Exact row key; empty matches any.
        heading: Exact heading ignoring case; empty matches any.
        href: Pattern searched in the link target; empty matches any.
    """
    for index, element in enumerate(obs.elements):
        if (
            element.role == role
            and _named(element.name, name)
            and row in ("", element.row)
            and heading.casefold() in ("", element.heading.casefold())
            and (not href or re.search(href, element.href))
        ):
            yield index


def find(
    obs: Observation,
    *,
    role: str,
    name: str | re.Pattern[str] = "",
    row: str = "",
    heading: str = "",
    href: str = "",
    nth: int = 0,
) -> int:
    """Returns the id of the nth element that matches; arguments as for `find_all`.

    Raises:
        OracleLostError: Fewer elements match.
    """
    matches = list(find_all(obs, role=role, name=name, row=row, heading=heading, href=href))
    if nth >= len(matches):
        raise OracleLostError(
            f"{obs.url} ({obs.title!r}, status {obs.status}, {obs.problem!r}) shows {len(matches)} "
            f"elements with role={role!r} name={name!r} row={row!r} heading={heading!r} "
            f"href={href!r}; number {nth} was wanted"
        )
    return matches[nth]


def done(task_type: TaskType = TaskType.MUTATE) -> AgentResponse:
    """Returns the answer of a task that wants no data."""
    return AgentResponse(task_type=task_type, status=ResponseStatus.SUCCESS)


def retrieved(*values: JsonValue) -> AgentResponse:
    """Returns the answer of a task that wants data."""
    return AgentResponse(
        task_type=TaskType.RETRIEVE, status=ResponseStatus.SUCCESS, retrieved_data=list(values)
    )


def unreachable(
    status: ResponseStatus = ResponseStatus.NOT_FOUND_ERROR,
    task_type: TaskType = TaskType.RETRIEVE,
) -> AgentResponse:
    """Returns the answer of a task whose goal cannot be reached."""
    return AgentResponse(task_type=task_type, status=status)


def drive(
    run: OracleRun, act: Callable[[BrowserAction], Observation], *, step_cap: int = 200
) -> AgentResponse:
    """Drives an oracle on a browser that acts at once.

    Args:
        run: A started oracle.
        act: Carries out an action and returns the page after it.
        step_cap: Actions after which the oracle is lost.

    Raises:
        OracleLostError: The oracle wants more actions than allowed.
    """
    try:
        action = next(run)
        for _ in range(step_cap):
            action = run.send(act(action))
    except StopIteration as stop:
        answer: AgentResponse = stop.value
        return answer
    raise OracleLostError(f"no end after {step_cap} actions")


def _named(actual: str, wanted: str | re.Pattern[str]) -> bool:
    if isinstance(wanted, str):
        return wanted.casefold() in ("", actual.casefold())
    return wanted.search(actual) is not None
