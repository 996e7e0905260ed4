"""The JSON schema of a plan as a language model writes it.

It keeps to what every provider takes: everything is required, nothing has a default, bounds are
checked afterwards, no maps, three levels of objects.
"""

from __future__ import annotations

from pydantic import JsonValue

from core.plans import EffortTier, ValueType, Verb
from planner.requests import PlanRequest

__all__ = ["NO_CONDITION", "SCHEMA_NAME", "open_schema", "plan_schema"]

SCHEMA_NAME = "plan"
NO_CONDITION = "none"
_CONDITIONS: tuple[JsonValue, ...] = (
    NO_CONDITION,
    "url_contains",
    "text_present",
    "text_absent",
    "pressed",
)


def plan_schema(request: PlanRequest) -> dict[str, JsonValue]:
    """Returns the JSON schema of a plan for this task: its agents and its sites and no others."""
    agents: list[JsonValue] = [agent.id for agent in request.agents]
    return open_schema(
        request,
        agent={"type": "string", "enum": agents},
        site={"type": "string", "enum": [*request.task.sites, ""]},
    )


def open_schema(request: PlanRequest, *, agent: JsonValue, site: JsonValue) -> dict[str, JsonValue]:
    """Returns the schema of a plan with these schemas for a node's agent and site."""
    tiers = [tier for tier in EffortTier if any(tier in agent.tiers for agent in request.agents)]
    types: list[JsonValue] = [kind.value for kind in ValueType]
    argument = _record(
        name={"type": "string"},
        type={"type": "string", "enum": types},
        value={"type": ["string", "null"]},
        from_node={"type": ["integer", "null"]},
        from_output={"type": ["string", "null"]},
    )
    output = _record(name={"type": "string"}, type={"type": "string", "enum": types})
    node = _record(
        id={"type": "integer"},
        verb={"type": "string", "enum": [verb.value for verb in Verb]},
        object={"type": "string"},
        agent=agent,
        tier={"type": "string", "enum": [tier.value for tier in tiers]},
        site=site,
        inputs={"type": "array", "items": argument},
        outputs={"type": "array", "items": output},
        after={"type": "array", "items": {"type": "integer"}},
        step_cap={"type": "integer"},
        expect_kind={"type": "string", "enum": list(_CONDITIONS)},
        expect={"type": ["string", "null"]},
    )
    return _record(sketch={"type": "string"}, nodes={"type": "array", "items": node})


def _record(**properties: JsonValue) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
