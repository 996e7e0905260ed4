"""What must hold before a cached plan is served: similarity is not enough."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import cast

from pydantic import JsonValue

from planner.cache.templates import Abstract
from planner.requests import PlanRequest

__all__ = ["Entry", "refusal"]

_HEADROOM = 1.05
"""The budget must afford this multiple of what the plan cost before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A remembered plan."""

    skeleton: tuple[str, ...]
    sites: tuple[str, ...]
    agents: tuple[str, ...]
    template: JsonValue
    successes: int
    failures: int
    dearest: int
    """Micro-dollars of the dearest success; 0 when it never succeeded."""

    @property
    def key(self) -> str:
        """One entry for each skeleton, sites and pool."""
        return json.dumps([self.skeleton, self.sites, self.agents])

    @property
    def success_rate(self) -> float:
        """Laplace's estimate of the chance that the plan works."""
        return (self.successes + 1) / (self.successes + self.failures + 2)

    @classmethod
    def read(cls, record: dict[str, JsonValue]) -> Entry:
        """Reads one stored record.

        Raises:
            KeyError: A field is missing.
        """
        success = bool(record["success"])
        return cls(
            skeleton=_texts(record["skeleton"]),
            sites=_texts(record["sites"]),
            agents=_texts(record["agents"]),
            template=record["template"],
            successes=int(success),
            failures=int(not success),
            dearest=cast("int", record["spent"]) if success else 0,
        )

    def joined(self, newer: Entry) -> Entry:
        """Returns both experiences; a newer success replaces the template."""
        return replace(
            self,
            template=newer.template if newer.successes else self.template,
            successes=self.successes + newer.successes,
            failures=self.failures + newer.failures,
            dearest=max(self.dearest, newer.dearest),
        )


def refusal(entry: Entry, intent: Abstract, request: PlanRequest) -> str:
    """Returns why an entry must not be served for a task, empty when it may.

    The skeleton must be the same word for word, so that neither another verb nor a negation nor
    another superlative can pass; slots are then re-bound by place.
    """
    if entry.skeleton != intent.skeleton:
        return "another intent"
    if entry.sites != request.task.sites:
        return "other sites"
    if entry.agents != tuple(agent.id for agent in request.agents):
        return "other agents"
    if entry.successes == 0 or entry.successes <= entry.failures:
        return "no good record"
    if entry.dearest * _HEADROOM > request.budget:
        return "too dear"
    return ""


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(item) for item in cast("list[JsonValue]", value))
