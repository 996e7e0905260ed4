"""How a running plan stands, in a planner's prompt, and the part of it that is finished."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

from core.plans import Plan
from planner.plan_dialect import as_said
from planner.requests import ReplanRequest

__all__ = ["completed_part", "standing_of"]


def completed_part(request: ReplanRequest) -> Plan:
    """Returns the completed part of a plan."""
    done = {node_id for node_id, report in request.nodes.items() if report.outputs is not None} & {
        node.id for node in request.plan.nodes
    }
    return request.plan.model_copy(
        update={
            "nodes": tuple(node for node in request.plan.nodes if node.id in done),
            "edges": tuple(
                edge for edge in request.plan.edges if {edge.source, edge.target} <= done
            ),
        }
    )


def standing_of(request: ReplanRequest) -> Mapping[str, object]:
    """Returns what a prompt says about a running plan."""
    lines = []
    for node in request.plan.nodes:
        report = request.nodes.get(node.id)
        if report is None:
            lines.append(f"node {node.id}: not begun")
        elif report.outputs is not None:
            lines.append(f"node {node.id}: finished with {_short(dict(report.outputs))}")
        elif report.failure is not None:
            lines.append(
                f"node {node.id}: failed ({report.failure}) after {report.attempts} attempts by "
                f"{', '.join(report.agents) or 'nobody'}: {report.reason[:300]}"
            )
        else:
            lines.append(f"node {node.id}: open, {report.attempts} attempts")
    return {
        "plan": json.dumps(as_said(request.plan)["nodes"], ensure_ascii=False),
        "standing": lines,
        "trigger": request.trigger.value,
        "failed_node": request.node,
        "reason": request.reason[:1_000],
    }


def _short(values: dict[str, JsonValue]) -> str:
    return json.dumps(values, ensure_ascii=False)[:800]
