"""From a user's plain context to a typed planning request."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from core.errors import CallerError, ConfigurationError
from core.money import MICROS_PER_DOLLAR
from core.plans import Plan
from planner.asked_context import read_context
from planner.context import PlanningContext
from planner.requests import PlanRequest
from planner.validator import parse_plan
from policies.profiles import DEFAULT_POOL, AgentProfile

__all__ = ["Context", "drawn_agents", "micros_of", "plan_of", "request_of"]

Context = PlanningContext | Mapping[str, JsonValue]

_BUDGET = 20_000
"""Micro-dollars where a context tells none."""


def drawn_agents(num_agents: int) -> tuple[AgentProfile, ...]:
    """Returns so many agents of the default pool, those with most skills first.

    Raises:
        ConfigurationError: There are no or not so many agents.
    """
    if not 1 <= num_agents <= len(DEFAULT_POOL):
        raise ConfigurationError(f"num_agents is 1 to {len(DEFAULT_POOL)}, not {num_agents!r}")
    able = sorted(DEFAULT_POOL, key=lambda agent: -len(agent.skills))[:num_agents]
    return tuple(agent for agent in DEFAULT_POOL if agent in able)


def request_of(
    context: Context,
    agents: tuple[AgentProfile, ...] = DEFAULT_POOL,
    max_nodes: int = 12,
    budget: int = _BUDGET,
) -> PlanRequest:
    """Returns the planning request that a context stands for.

    Args:
        context: A task with `intent` and `sites`, or what `build_context` gives.
        agents: The pool.
        max_nodes: Nodes that a plan may have.
        budget: Micro-dollars, where the context does not tell.

    Raises:
        ConfigurationError: The context has no task, or says something that cannot be.
    """
    asked = read_context(context, budget)
    return PlanRequest(
        task=asked.task,
        agents=agents,
        budget=max(0, asked.left - asked.held) or asked.left,
        max_nodes=max_nodes,
        start_page=asked.page,
    )


def plan_of(dag_json: Mapping[str, JsonValue]) -> Plan:
    """Returns the plan of a `dag_json`, with or without its envelope.

    Raises:
        CallerError: It is not a plan; the message names the first fields that are wrong.
    """
    parsed = parse_plan(dict(dag_json))
    if isinstance(parsed, Plan):
        return parsed
    raise CallerError("not a plan: " + "; ".join(finding.message for finding in parsed[:3]))


def micros_of(record: Mapping[str, JsonValue], name: str, default: int = 0) -> int:
    """Returns a dollar amount of a record in micro-dollars.

    Raises:
        ConfigurationError: It is not a number >= 0.
    """
    value = record.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ConfigurationError(f"{name} is dollars >= 0, not {value!r}")
    return round(value * MICROS_PER_DOLLAR)
