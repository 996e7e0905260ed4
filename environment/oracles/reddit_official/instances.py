"""An official task as its oracles see it: what fills the template's slots."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from core.tasks import Task

__all__ = ["Instance"]


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of an official template."""

    task: Task

    def slot(self, name: str) -> str:
        """Returns what fills a slot of the template.

        Raises:
            KeyError: The template has no such slot.
        """
        slots = self.task.verified["instantiation_dict"]
        if not isinstance(slots, dict) or name not in slots:
            raise KeyError(f"task {self.task.key} has no slot {name!r}")
        return str(slots[name])

    def expected(self) -> tuple[JsonValue, ...]:
        """Returns the values that the benchmark expects to be retrieved.

        For oracles of tasks that need understanding: they look for these on the pages and fail when
        they are not there.
        """
        evaluators = self.task.verified["eval"]
        first = evaluators[0] if isinstance(evaluators, list) else None
        expected = first.get("expected") if isinstance(first, dict) else None
        data = expected.get("retrieved_data") if isinstance(expected, dict) else None
        return tuple(data) if isinstance(data, list) else ()
