"""The plan cache: least recently used first out, weighted by success, one file, a guard.

What a task asks for is its signature (`planner.cache.reading`): an entry with the same one, for the
same sites and the same pool, is looked at by the guard and its template bound to the task's slots.
Similarity finds what is near when nothing is the same: to say why, and as examples for a planner.
Several processes can share one file (`planner.cache.journal`): each sees what the others stored.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from pydantic import JsonValue, ValidationError

from core.errors import ConfigurationError
from core.plans import Plan
from planner.cache.guard import Entry, key_of, refusal
from planner.cache.journal import Journal
from planner.cache.reading import read_task
from planner.cache.similarity import Neighbours
from planner.cache.templates import bind, lift
from planner.decisions import CacheAnswer, PlanOutcome
from planner.requests import PlanRequest
from planner.validator import PlanContext, find_flaws

__all__ = ["CacheStatistics", "StoredPlans"]

_SHORTLIST = 8
"""Near entries that are worth a look."""
_SLACK = 64
"""Records beyond twice the entries after which the file is compacted."""
_OLDER = 64
"""Least recently used entries of which the least useful goes."""


@dataclass(slots=True)
class CacheStatistics:
    """Counts since the cache was opened."""

    hits: int = 0
    misses: int = 0
    stored: int = 0
    failed: int = 0
    """Served plans that did not work."""
    not_kept: int = 0
    """Plans that could not be turned into a template."""
    dropped: int = 0
    """Entries that made room for others."""
    compactions: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    """Reason of the guard to how often it held a plan back."""

    @property
    def hit_rate(self) -> float:
        """Share of look-ups that were served; 0 before the first."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class StoredPlans:
    """Remembers plans by what they are for."""

    def __init__(self, path: Path | None = None, *, max_plans: int = 1000) -> None:
        """Opens a cache.

        Args:
            path: File to keep plans in; `None` keeps them in memory only.
            max_plans: The least useful plans go beyond this number.

        Raises:
            ConfigurationError: `max_plans` is not positive.
        """
        if max_plans < 1:
            raise ConfigurationError(f"a cache holds at least 1 plan, not {max_plans!r}")
        self.statistics = CacheStatistics()
        self._max_plans = max_plans
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._near = Neighbours()
        self._records = 0
        self._journal = Journal(path) if path is not None else None
        self._refresh()

    def __len__(self) -> int:
        return len(self._entries)

    def look_up(self, request: PlanRequest) -> CacheAnswer:
        """Returns a plan for a task if one fits it beyond doubt."""
        self._refresh()
        reading = read_task(request.task)
        key = key_of(reading, request)
        entry = self._entries.get(key)
        if entry is None:
            near = self._near.nearest(reading.words, _SHORTLIST)
            reasons = [refusal(self._entries[one], reading, request) for one in near]
            reason = next((one for one in reasons if one != _OTHER), reasons[0] if reasons else "")
            return self._missed(reason or "no similar task")
        reason = refusal(entry, reading, request)
        if reason:
            return self._missed(reason)
        bound = bind(entry.template, reading.slots, request.task.base_urls, reading.addresses)
        plan = bound.model_copy(update={"origin": "cache"})
        if find_flaws(plan, PlanContext.of(request)):
            return self._missed("invalid")
        self._entries.move_to_end(key)
        self.statistics.hits += 1
        return CacheAnswer(plan=plan, reason="hit")

    def store(self, request: PlanRequest, plan: Plan, outcome: PlanOutcome) -> None:
        """Remembers the plan of an episode that ended in success.

        A plan that cannot be told apart from its task (`planner.cache.templates`) is not kept.
        """
        reading = read_task(request.task)
        first = plan.model_copy(update={"revision": 0})
        template = lift(first, reading.slots, request.task.base_urls)
        if template is None:
            self.statistics.not_kept += 1
            return
        self._write(
            Entry(
                signature=reading.signature,
                sites=request.task.sites,
                agents=tuple(agent.id for agent in request.agents),
                words=reading.words,
                template=template,
                successes=1,
                failures=0,
                dearest=outcome.spent,
            )
        )
        self.statistics.stored += 1

    def failed(self, request: PlanRequest, plan: Plan) -> None:
        """Counts against a plan that was served and did not work."""
        del plan  # what was served for a request is what its key leads to
        self._refresh()
        known = self._entries.get(key_of(read_task(request.task), request))
        if known is not None:
            self._write(replace(known, successes=0, failures=1, dearest=0))
            self.statistics.failed += 1

    def _missed(self, reason: str) -> CacheAnswer:
        self.statistics.misses += 1
        self.statistics.refusals[reason] = self.statistics.refusals.get(reason, 0) + 1
        return CacheAnswer(plan=None, reason=reason)

    def _write(self, entry: Entry) -> None:
        if self._journal is not None:
            self._take(*self._journal.append(entry.record()))
            self._records += 1
        self._apply(entry)
        self._compact()

    def _refresh(self) -> None:
        """Takes over what other processes have written."""
        if self._journal is not None and self._journal.has_news():
            self._take(*self._journal.read_news())

    def _take(self, is_another_file: bool, records: Iterable[dict[str, JsonValue]]) -> None:
        if is_another_file:
            self._entries.clear()
            self._near = Neighbours()
            self._records = 0
        for record in records:
            self._records += 1
            try:
                entry = Entry.read(record)
                Plan.model_validate(bind(entry.template, _ANY_SLOTS))
            except (KeyError, TypeError, ValueError, ValidationError):
                continue
            self._apply(entry)

    def _apply(self, entry: Entry) -> None:
        known = self._entries.get(entry.key)
        if known is None:
            self._near.add(entry.key, entry.words)
        self._entries[entry.key] = entry if known is None else known.joined(entry)
        self._entries.move_to_end(entry.key)
        if len(self._entries) > self._max_plans:
            self._drop_least_useful()

    def _drop_least_useful(self) -> None:
        """Drops, of the least recently used, the plan with the lowest success rate."""
        most = min(_OLDER, max(1, len(self._entries) // 2))
        older = islice(self._entries, most)
        worst = min(older, key=lambda key: self._entries[key].success_rate)
        del self._entries[worst]
        self._near.drop(worst)
        self.statistics.dropped += 1

    def _compact(self) -> None:
        """Rewrites the file when most of its records are superseded or dropped."""
        if self._journal is None or self._records <= 2 * len(self._entries) + _SLACK:
            return
        self._journal.rewrite(entry.record() for entry in self._entries.values())
        self._records = len(self._entries)
        self.statistics.compactions += 1


_OTHER = "another intent"
_ANY_SLOTS = ("0",) * 64
"""Stand-ins that show whether a stored template is a plan."""
