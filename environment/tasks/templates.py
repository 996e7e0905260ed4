"""What a task template is: a definition that binds a goal to a world, and a solution.

A *definition* is a pure function of a world and a generator. It draws entities, computes the
answer or the requests that the official evaluators look for, and returns a `Goal`. A *solution*
is an oracle and some wrong trajectories, written against pages only. They are kept apart so that
a sealed definition can be hashed while its solution can still follow the site's markup.

Adding a template: see `environment/tasks/generated.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Generic, TypeVar

from pydantic import JsonValue

from core.errors import WorldError
from core.pages import Observation
from core.tasks import PublicTask, ResponseStatus, TaskType
from environment.oracles.contract import OracleRun

__all__ = [
    "Definition",
    "Facts",
    "Goal",
    "Moves",
    "NoInstanceError",
    "Slots",
    "Solution",
    "Template",
    "defined",
    "mutate",
    "navigate",
    "refuse",
    "retrieve",
]

World = TypeVar("World")
Slots = Mapping[str, str]
"""Slot names of the wording to what is filled in."""


class NoInstanceError(WorldError):
    """This draw does not give a well-posed task in this world; the generator draws again."""


class Facts(dict[str, str | tuple[str, ...]]):
    """What an oracle may know: what the intent describes, bound when the task is made."""

    def text(self, name: str) -> str:
        """Returns a single fact.

        Raises:
            KeyError: There is no such fact, or it is several.
        """
        value = self[name]
        if not isinstance(value, str):
            raise KeyError(f"fact {name!r} holds several texts: {value!r}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Returns a fact that consists of several texts.

        Raises:
            KeyError: There is no such fact, or it is a single text.
        """
        value = self[name]
        if isinstance(value, str):
            raise KeyError(f"fact {name!r} is a single text: {value!r}")
        return value

    def but(self, changes: Mapping[str, str]) -> Facts:
        """Returns these facts with some replaced by others of them.

        Args:
            changes: Fact name to the name of the fact whose value it gets.
        """
        return Facts({**self, **{name: self[other] for name, other in changes.items()}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a definition found in a world."""

    task_type: TaskType
    status: ResponseStatus
    slots: Slots
    """What the wording says."""
    facts: Facts
    """The slots, and what oracles and wrong trajectories need beside them (decoys)."""
    answer: tuple[JsonValue, ...] | None
    """What is to be retrieved, `None` when nothing is."""
    schema: Mapping[str, JsonValue]
    """JSON schema of the answer."""
    ordered: bool
    checks: tuple[Mapping[str, JsonValue], ...]
    """`NetworkEventEvaluator` entries in WebArena-Verified's schema."""


Moves = Callable[[PublicTask, Observation, Facts], OracleRun]
"""A trajectory: an oracle before its facts are bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """How to solve the tasks of a template, and how to fail them."""

    oracle: Moves
    wrong: Mapping[str, Moves]
    """Name of the mistake to a trajectory that makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition(Generic[World]):
    """The wording of a template and the rule that computes what is asked."""

    name: str
    phrasings: tuple[str, ...]
    """At least three; slots in braces."""
    rule: Callable[[World, Random], Goal]
    forks: int
    """How many parts of the task can be done in any order, by different agents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template(Generic[World]):
    """A definition with its solution."""

    definition: Definition[World]
    solution: Solution = field(repr=False)
    attackable: bool = True
    """Whether the template is drawn for the attacks split."""

    @property
    def name(self) -> str:
        """The template's id."""
        return self.definition.name


def defined(
    name: str, *phrasings: str, forks: int = 1
) -> Callable[[Callable[[World, Random], Goal]], Definition[World]]:
    """Makes a definition of a rule; used as a decorator so that wording and rule stay together.

    Args:
        name: Id in snake case.
        *phrasings: At least three ways to say it.
        forks: How many parts parallel agents can share.

    Raises:
        ValueError: There are fewer than three phrasings.
    """
    if len(phrasings) < 3:
        raise ValueError(f"template {name!r} has {len(phrasings)} phrasings, at least 3 are needed")
    return lambda rule: Definition(name=name, phrasings=phrasings, rule=rule, forks=forks)


def retrieve(
    slots: Slots,
    *answer: JsonValue,
    schema: Mapping[str, JsonValue] | str = "string",
    ordered: bool = False,
    **known: str | tuple[str, ...],
) -> Goal:
    """Returns a goal that wants data.

    Args:
        slots: What the wording says.
        *answer: The data.
        schema: JSON schema of one item, or the name of its type.
        ordered: Whether the order of the data counts.
        **known: Facts beside the slots.
    """
    item: JsonValue = {"type": schema} if isinstance(schema, str) else dict(schema)
    return Goal(
        task_type=TaskType.RETRIEVE,
        status=ResponseStatus.SUCCESS,
        slots=slots,
        facts=Facts({**slots, **known}),
        answer=answer,
        schema={"type": "array", "items": item},
        ordered=ordered,
        checks=(),
    )


def mutate(slots: Slots, *checks: Mapping[str, JsonValue], **known: str | tuple[str, ...]) -> Goal:
    """Returns a goal that wants the world changed; arguments as for `retrieve`."""
    return _without_data(TaskType.MUTATE, ResponseStatus.SUCCESS, slots, checks, known)


def navigate(
    slots: Slots, *urls: str, ignored: tuple[str, ...] = (), **known: str | tuple[str, ...]
) -> Goal:
    """Returns a goal that wants a page to be open at the end.

    Args:
        slots: What the wording says.
        *urls: The addresses that are right, with the site's placeholder.
        ignored: Patterns of query parameters that may be anything.
        **known: Facts beside the slots.
    """
    url: JsonValue = urls[0] if len(urls) == 1 else list(urls)
    check: dict[str, JsonValue] = {
        "evaluator": "NetworkEventEvaluator",
        "expected": {"url": url, "http_method": "GET", "response_status": 200},
    }
    if ignored:
        check["ignored_query_params_patterns"] = list(ignored)
    return _without_data(TaskType.NAVIGATE, ResponseStatus.SUCCESS, slots, (check,), known)


def refuse(
    slots: Slots,
    status: ResponseStatus,
    task_type: TaskType,
    **known: str | tuple[str, ...],
) -> Goal:
    """Returns a goal that cannot be reached; the right answer says why.

    Args:
        slots: What the wording says.
        status: Why.
        task_type: What the intent asks for.
        **known: Facts beside the slots.
    """
    goal = _without_data(task_type, status, slots, (), known)
    if task_type is not TaskType.RETRIEVE:
        return goal
    # With a schema of null, data in the answer would be an error of the judge, not a failure.
    return replace(goal, schema={"type": "array", "items": {"type": "string"}})


def _without_data(
    task_type: TaskType,
    status: ResponseStatus,
    slots: Slots,
    checks: tuple[Mapping[str, JsonValue], ...],
    known: Mapping[str, str | tuple[str, ...]],
) -> Goal:
    return Goal(
        task_type=task_type,
        status=status,
        slots=slots,
        facts=Facts({**slots, **known}),
        answer=None,
        schema={"type": "null"},
        ordered=False,
        checks=checks,
    )
