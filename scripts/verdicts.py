"""What the judge says, as evaluation records it."""

from __future__ import annotations

from core.tasks import Task
from environment.judge import Verdict
from evaluation.records import Judged

__all__ = ["judged"]


def judged(task: Task, verdict: Verdict) -> Judged:
    """Returns a verdict with the task that it is about.

    Where the judge could not decide, both successes are unknown.
    """
    return Judged(
        key=task.key,
        template=task.template,
        split=task.split,
        official=None if verdict.error else verdict.official,
        strict=None if verdict.error else verdict.strict,
        violations=len(verdict.violations),
    )
