"""What must hold before a cached plan is served: similarity is not enough."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import cast

from pydantic import JsonValue

from planner.cache.reading import Reading
from planner.requests import PlanRequest

__all__ = ["Entry", "key_of", "refusal"]

_HEADROOM = 1.05
"""The budget must afford this multiple of what the plan cost before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A remembered plan."""

    signature: str
    sites: tuple[str, ...]
    agents: tuple[str, ...]
    words: tuple[str, ...]
    """Canonical words of one intent, for similarity."""
    template: JsonValue
    successes: int
    failures: int
    dearest: int
    """Micro-dollars of the dearest success; 0 when it never succeeded."""

    @property
    def key(self) -> str:
        """One entry for each intent, sites and pool."""
        return _key(self.signature, self.sites, self.agents)

    @property
    def success_rate(self) -> float:
        """Laplace's estimate of the chance that the plan works."""
        return (self.successes + 1) / (self.successes + self.failures + 2)

    def record(self) -> dict[str, JsonValue]:
        """Returns the entry as it is stored."""
        return {
            "signature": self.signature,
            "sites": list(self.sites),
            "agents": list(self.agents),
            "words": list(self.words),
            "template": self.template,
            "successes": self.successes,
            "failures": self.failures,
            "dearest": self.dearest,
        }

    @classmethod
    def read(cls, record: dict[str, JsonValue]) -> Entry:
        """Reads one stored record.

        Raises:
            KeyError: A field is missing.
            TypeError: A field has another type.
        """
        return cls(
            signature=str(record["signature"]),
            sites=_texts(record["sites"]),
            agents=_texts(record["agents"]),
            words=_texts(record["words"]),
            template=record["template"],
            successes=_count(record["successes"]),
            failures=_count(record["failures"]),
            dearest=_count(record["dearest"]),
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


def key_of(reading: Reading, request: PlanRequest) -> str:
    """Returns the key that an entry must have to fit a request."""
    agents = tuple(agent.id for agent in request.agents)
    return _key(reading.signature, request.task.sites, agents)


def refusal(entry: Entry, reading: Reading, request: PlanRequest) -> str:
    """Returns why an entry must not be served for a task, empty when it may.

    The signature must be the same, so that neither another verb nor a negation, another superlative
    or another order of the parts can pass; then pool, record and price are looked at.
    """
    if entry.signature != reading.signature:
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


def _key(signature: str, sites: tuple[str, ...], agents: tuple[str, ...]) -> str:
    return json.dumps([signature, sites, agents])


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(item) for item in cast("list[JsonValue]", value))


def _count(value: JsonValue) -> int:
    if not isinstance(value, int) or value < 0:
        raise TypeError(f"a count is a whole number from 0 on, not {value!r}")
    return value
