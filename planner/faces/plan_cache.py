"""The plan cache's face: plans that worked in, a plan for a new task out, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from pydantic import JsonValue

from planner.cache import StoredPlans
from planner.decisions import PlanOutcome
from planner.faces.asked import Context, drawn_agents, micros_of, plan_of, request_of

__all__ = ["DAGCacheManager"]

_FILE = "plans.msgpack"


class DAGCacheManager:
    """Remembers plans in a folder; several processes may use the same one."""

    def __init__(
        self, cache_dir: str | Path | None = None, max_cache_size: int = 1000, num_agents: int = 4
    ) -> None:
        """Opens the cache.

        Args:
            cache_dir: Folder of its file, made on the first write; `None`: memory only.
            max_cache_size: Plans kept; the least useful go first.
            num_agents: Agents of the default pool; a plan is served to the same pool only.

        Raises:
            ConfigurationError: A setting is out of its range.
        """
        path = None if cache_dir is None else Path(cache_dir) / _FILE
        self._agents = drawn_agents(num_agents)
        self._plans = StoredPlans(path, max_plans=max_cache_size)
        self.last_reason = ""
        """Why the last `retrieve` gave what it gave."""

    def cache_successful_dag(
        self,
        context: Context,
        dag: Mapping[str, JsonValue],
        metrics: Mapping[str, JsonValue] | None = None,
    ) -> bool:
        """Remembers a plan that worked; returns whether it could be kept as a template.

        Args:
            context: The task that it worked for.
            dag: `{"dag": {...}}`, or the inner object.
            metrics: `cost` in dollars, `replanning_count`, `confidence` in [0, 1], `success`;
                a plan with `success` false is counted against what was served.

        Raises:
            CallerError: The plan cannot be read.
            ConfigurationError: The context has no task, or a metric is out of its range.
        """
        told = metrics or {}
        request, plan = request_of(context, self._agents), plan_of(dag)
        if told.get("success") is False:
            self._plans.failed(request, plan)
            return False
        replans, confidence = told.get("replanning_count"), told.get("confidence")
        before = self._plans.statistics.stored
        self._plans.store(
            request,
            plan,
            PlanOutcome(
                spent=micros_of(told, "cost"),
                replans=replans if isinstance(replans, int) else 0,
                confidence=float(confidence) if isinstance(confidence, int | float) else 1.0,
            ),
        )
        return self._plans.statistics.stored > before

    def retrieve(self, context: Context) -> dict[str, JsonValue] | None:
        """Returns `{"dag": {...}, "origin": "cache"}` for a task, `None` where no plan fits.

        Raises:
            ConfigurationError: The context has no task.
        """
        answer = self._plans.look_up(request_of(context, self._agents))
        self.last_reason = answer.reason
        if answer.plan is None:
            return None
        return {"dag": answer.plan.model_dump(mode="json"), "origin": "cache"}

    def statistics(self) -> dict[str, JsonValue]:
        """Returns counts since the cache was opened, and `size` and `hit_rate`."""
        found = self._plans.statistics
        return {**asdict(found), "size": len(self._plans), "hit_rate": found.hit_rate}

    def __len__(self) -> int:
        return len(self._plans)
