"""The plan cache: least recently used first out, weighted by success, one file, a guard.

On disk a cache is an append-only msgpack file: one record for each stored plan and each outcome. A
file cut in the middle of a record loads without it; the next write goes behind the last whole one.
Two writers exclude each other by a lock on the file.
"""

from __future__ import annotations

import fcntl
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

import msgpack
import numpy as np
from pydantic import JsonValue, ValidationError

from core.plans import Plan
from planner.cache.guard import Entry, refusal
from planner.cache.similarity import DIMENSION, embed
from planner.cache.templates import abstract_intent, bind, lift
from planner.decisions import CacheAnswer, PlanOutcome
from planner.requests import PlanRequest
from planner.validator import PlanContext, find_flaws

__all__ = ["CacheStatistics", "StoredPlans"]

SCHEMA_VERSION = 2
_SHORTLIST = 8
"""Candidates that are worth a look of the guard."""


@dataclass(slots=True)
class CacheStatistics:
    """Counts since the cache was opened."""

    hits: int = 0
    misses: int = 0
    not_kept: int = 0
    """Plans that could not be turned into a template."""
    refusals: dict[str, int] = field(default_factory=dict)
    """Reason of the guard to how often it held a shortlisted plan back."""


class StoredPlans:
    """Remembers plans by what they are for."""

    def __init__(self, path: Path | None = None, *, max_plans: int = 1000) -> None:
        """Opens a cache.

        Args:
            path: File to keep plans in; `None` keeps them in memory only.
            max_plans: The least useful plans go beyond this number.
        """
        self.statistics = CacheStatistics()
        self._path = path
        self._max_plans = max_plans
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._vectors = np.zeros((0, DIMENSION), dtype=np.float32)
        self._order: list[str] = []
        if path is not None and path.exists():
            self._load(path)

    def __len__(self) -> int:
        return len(self._entries)

    def look_up(self, request: PlanRequest) -> CacheAnswer:
        """Returns a plan for a task if one fits it beyond doubt."""
        intent = abstract_intent(request.task.intent)
        reason = "no similar task"
        for key in self._nearest(intent.skeleton):
            entry = self._entries[key]
            reason = refusal(entry, intent, request)
            if not reason:
                plan = bind(entry.template, intent.slots, request.task.base_urls).model_copy(
                    update={"origin": "cache"}
                )
                if not find_flaws(plan, PlanContext.of(request)):
                    self._entries.move_to_end(key)
                    self.statistics.hits += 1
                    return CacheAnswer(plan=plan, reason="hit")
                reason = "invalid"
            self.statistics.refusals[reason] = self.statistics.refusals.get(reason, 0) + 1
        self.statistics.misses += 1
        return CacheAnswer(plan=None, reason=reason)

    def store(self, request: PlanRequest, plan: Plan, outcome: PlanOutcome) -> None:
        """Remembers the plan of an episode that ended in success.

        A plan that cannot be told apart from its task (`planner.cache.templates`) is not kept.
        """
        self._remember(request, plan, spent=outcome.spent, success=True)

    def failed(self, request: PlanRequest, plan: Plan) -> None:
        """Counts against a plan that was served and did not work."""
        self._remember(request, plan, spent=0, success=False)

    def _remember(self, request: PlanRequest, plan: Plan, *, spent: int, success: bool) -> None:
        intent = abstract_intent(request.task.intent)
        first = plan.model_copy(update={"revision": 0})
        template = lift(first, intent.slots, request.task.base_urls)
        if template is None:
            self.statistics.not_kept += 1
            return
        record: dict[str, JsonValue] = {
            "version": SCHEMA_VERSION,
            "skeleton": list(intent.skeleton),
            "sites": list(request.task.sites),
            "agents": [agent.id for agent in request.agents],
            "template": template,
            "success": success,
            "spent": spent,
        }
        if self._path is not None:
            self._append(self._path, record)
        self._apply(record)

    def _apply(self, record: dict[str, JsonValue]) -> None:
        entry = Entry.read(record)
        known = self._entries.get(entry.key)
        if known is None:
            self._entries[entry.key] = entry
            self._order.append(entry.key)
            self._vectors = np.vstack([self._vectors, embed(entry.skeleton)[None, :]])
        else:
            self._entries[entry.key] = known.joined(entry)
        self._entries.move_to_end(entry.key)
        if len(self._entries) > self._max_plans:
            self._drop_least_useful()

    def _nearest(self, skeleton: tuple[str, ...]) -> list[str]:
        if not self._order:
            return []
        scores = self._vectors @ embed(skeleton)
        best = np.argsort(-scores, kind="stable")[:_SHORTLIST]
        return [self._order[index] for index in best if scores[index] > 0]

    def _drop_least_useful(self) -> None:
        """Drops, of the older half, the plan with the lowest success rate."""
        older = list(self._entries)[: max(1, len(self._entries) // 2)]
        worst = min(older, key=lambda key: self._entries[key].success_rate)
        del self._entries[worst]
        index = self._order.index(worst)
        del self._order[index]
        self._vectors = np.delete(self._vectors, index, axis=0)

    def _load(self, path: Path) -> None:
        with path.open("rb") as file:
            unpacker = msgpack.Unpacker(file, raw=False)
            while True:
                try:
                    record = unpacker.unpack()
                except (msgpack.OutOfData, msgpack.UnpackException, ValueError):
                    return
                if isinstance(record, dict) and record.get("version") == SCHEMA_VERSION:
                    try:
                        self._apply(record)
                    except (KeyError, TypeError, ValidationError):
                        continue

    def _append(self, path: Path, record: dict[str, JsonValue]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(_whole_length(path))
            file.write(msgpack.packb(record))


def _whole_length(path: Path) -> int:
    """Returns the length of the whole records at the start of a file."""
    with path.open("rb") as file:
        unpacker = msgpack.Unpacker(file, raw=False)
        length = 0
        while True:
            try:
                unpacker.skip()
            except (msgpack.OutOfData, msgpack.UnpackException, ValueError):
                return length
            length = unpacker.tell()
