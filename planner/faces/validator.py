"""The validator's face: a plan as JSON in, a verdict and errors in words out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pydantic import JsonValue

from core.errors import ConfigurationError
from core.plans import Plan
from planner.faces.asked import Context, drawn_agents, request_of
from planner.repairs import mend
from planner.validator import PlanContext, find_flaws, parse_plan

__all__ = ["DAGValidator"]


class DAGValidator:
    """Checks plans against all rules of `planner.validator`."""

    def __init__(self, max_nodes: int = 12, num_agents: int = 4) -> None:
        """Checks the settings.

        Args:
            max_nodes: Nodes that a plan may have.
            num_agents: Agents of the default pool that a plan may name.

        Raises:
            ConfigurationError: A setting is out of its range.
        """
        if max_nodes < 1:
            raise ConfigurationError(f"max_nodes is at least 1, not {max_nodes!r}")
        self.max_nodes = max_nodes
        self.agents = drawn_agents(num_agents)

    def validate_complete(
        self, dag_json: Mapping[str, JsonValue], context: Context
    ) -> tuple[bool, list[str]]:
        """Returns whether a plan keeps every rule, and each rule that it breaks.

        Args:
            dag_json: `{"dag": {"nodes": [...], "edges": [...]}}`, or the inner object.
            context: A task with `intent` and `sites`, and `budget` in dollars where known; or what
                `build_context` gives.

        Raises:
            ConfigurationError: The context has no task.
        """
        rules = self._rules(context)
        parsed = parse_plan(dict(dag_json))
        findings = find_flaws(parsed, rules) if isinstance(parsed, Plan) else parsed
        return not findings, [f"{finding.flaw}: {finding.message}" for finding in findings]

    def repair(
        self, dag_json: Mapping[str, JsonValue], context: Context
    ) -> tuple[dict[str, JsonValue], list[str], list[str]]:
        """Returns the plan after repair of what has one clear meaning, the repairs, what is left.

        Raises:
            ConfigurationError: The context has no task.
        """
        rules = self._rules(context)
        parsed = parse_plan(dict(dag_json))
        if not isinstance(parsed, Plan):
            return dict(dag_json), [], [f"{one.flaw}: {one.message}" for one in parsed]
        mended = mend(parsed, rules)
        left = [f"{finding.flaw}: {finding.message}" for finding in mended.findings]
        return {"dag": mended.plan.model_dump(mode="json")}, list(mended.repairs), left

    def _rules(self, context: Context) -> PlanContext:
        rules = PlanContext.of(request_of(context, self.agents, self.max_nodes))
        return replace(rules, total=rules.budget)
