"""Which tasks the embedded sites can host: their sites are here, and an oracle proves it."""

from __future__ import annotations

from core.tasks import Split, Task
from environment.oracles.official import why_unsolved
from environment.sites.registry import SITE_NAMES

__all__ = ["hosting_problem", "is_hosted"]


def is_hosted(task: Task) -> bool:
    """Whether the embedded sites hold everything that a task needs."""
    return not hosting_problem(task)


def hosting_problem(task: Task) -> str:
    """Returns why the embedded sites cannot host a task, empty when they can."""
    missing = sorted(site for site in task.sites if site not in SITE_NAMES)
    if missing:
        return f"not embedded: {', '.join(missing)}"
    return why_unsolved(task) if task.split is Split.OFFICIAL else ""
