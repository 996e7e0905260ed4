"""The plan cache as an actor."""

from __future__ import annotations

import os
from collections.abc import Callable

import ray

from actors.messages import (
    Done,
    LookUpPlan,
    PlanFound,
    StorePlan,
    pack,
    request_from_wire,
    unpack,
)
from planner.decisions import PlanCache, PlanOutcome

__all__ = ["PlanCacheActor", "RemotePlanCacheActor"]


class PlanCacheActor:
    """Remembers plans that worked, for all episodes.

    Owns: one `PlanCache`.
    Accepts: `LookUpPlan`, `StorePlan`, as bytes.
    Emits: nothing; the orchestrator records what it was told.
    In flight when it stops: the caller takes it for a miss; a plan that was to be stored is lost.
    Restarts: without end; a cache with a file reads it again, one without starts empty.
    Under pressure: one request after the other; callers stop waiting at their deadline.
    """

    def __init__(self, cache: Callable[[], PlanCache]) -> None:
        self._cache = cache()

    @ray.method
    def look_up(self, message: bytes) -> bytes:
        """Finds a plan for a request."""
        answer = self._cache.look_up(request_from_wire(unpack(message, LookUpPlan).request))
        return pack(PlanFound(plan=answer.plan, reason=answer.reason))

    @ray.method
    def store(self, message: bytes) -> bytes:
        """Remembers how a plan did."""
        asked = unpack(message, StorePlan)
        request = request_from_wire(asked.request)
        if not asked.success:
            self._cache.failed(request, asked.plan)
            return _DONE
        outcome = PlanOutcome(spent=asked.spent, replans=asked.replans, confidence=asked.confidence)
        self._cache.store(request, asked.plan, outcome)
        return _DONE

    @ray.method
    def pid(self) -> int:
        """Returns the process id: the answer that says it is alive."""
        return os.getpid()


_DONE = pack(Done())

RemotePlanCacheActor = ray.remote(PlanCacheActor)
