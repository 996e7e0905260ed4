"""The solutions of one task: usually one oracle, several where several outcomes are right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import UnknownTaskError
from core.tasks import Split, Task
from environment.oracles.contract import Oracle

__all__ = ["Solutions", "SolutionsOf", "solutions_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solutions:
    """Everything that solves a task."""

    oracles: tuple[Oracle, ...]
    """One oracle per outcome that is accepted, the plainest one first."""
    free: frozenset[str] = frozenset()
    """`site.table.column`s that the task leaves to the agent, for instance the text of a post of
    which the intent gives the title only."""


SolutionsOf = Callable[[Task], Solutions]
"""Finds a task's solutions; raises `UnknownTaskError` when none are known."""


def solutions_of(task: Task) -> Solutions:
    """Returns the solutions of an official or a generated task.

    Raises:
        UnknownTaskError: No oracle is known; the message says why.
    """
    if task.split is Split.OFFICIAL:
        from environment.oracles.official import official_solutions

        return official_solutions(task)
    if ":" in task.key and "@" in task.key:
        from environment.tasks.generated import from_key

        return Solutions(oracles=(from_key(task.key).oracle,))
    raise UnknownTaskError(f"no oracle is known for task {task.key!r}: it came from a file")
