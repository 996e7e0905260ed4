"""Finds the oracles of an official task by its site and template."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import UnknownTaskError
from core.tasks import Task
from environment.oracles.contract import Oracle
from environment.oracles.reddit_official import UNSATISFIABLE as _REDDIT_UNSATISFIABLE
from environment.oracles.reddit_official import solve as _solve_reddit
from environment.oracles.solutions import Solutions
from environment.tasks.official import official_task

__all__ = ["official_solutions", "oracle_of", "unsatisfiable", "why_unsolved"]


def oracle_of(key: str) -> Oracle:
    """Returns the plainest oracle of an official task.

    Args:
        key: The benchmark's task id in decimal.

    Raises:
        UnknownTaskError: No such task, or no oracle for it.
    """
    return official_solutions(official_task(key)).oracles[0]


def official_solutions(task: Task) -> Solutions:
    """Returns everything that solves an official task.

    Raises:
        UnknownTaskError: No oracle is known; the message says why.
    """
    solutions = _solve_reddit(task) if task.sites == ("reddit",) else None
    if solutions is None:
        raise UnknownTaskError(f"official task {task.key} has no oracle: {why_unsolved(task)}")
    return solutions


def why_unsolved(task: Task) -> str:
    """Returns why an official task has no oracle here, empty when it has one."""
    if task.sites != ("reddit",):
        return f"no oracle for tasks on {', '.join(task.sites)}"
    if _solve_reddit(task) is None:
        return f"no oracle for template {task.template} of {task.sites[0]}"
    return ""


def unsatisfiable(task: Task) -> str:
    """Returns why no honest episode can satisfy the official evaluators, empty if one can."""
    return _UNSATISFIABLE.get(task.key, "")


_UNSATISFIABLE: Mapping[str, str] = {**_REDDIT_UNSATISFIABLE}
