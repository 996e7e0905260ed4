"""From a model's reply to a plan that keeps all rules, or to findings that say why not.

Completed nodes of a running plan are never touched: neither by what the model wrote under their
ids nor by a repair, and rules about agents and money do not bind them any more.
"""

from __future__ import annotations

from typing import NamedTuple

from pydantic import JsonValue

from core.plans import Plan
from planner.findings import Finding, Flaw
from planner.lenient_json import Cut
from planner.parsing import find_json
from planner.plan_dialect import read_plan
from planner.providers.contract import FinishReason, ModelReply
from planner.repairs import mend
from planner.requests import PlanRequest
from planner.validator import PlanContext

__all__ = ["PlanRead", "read_reply"]

_PLAN_KEYS = frozenset({"nodes", "sketch", "dag"})
_NODE_KEYS = frozenset({"id", "verb", "inputs"})
_NOT_OURS = frozenset({Flaw.OVER_BUDGET, Flaw.UNKNOWN_AGENT, Flaw.UNFIT_AGENT, Flaw.FOREIGN_SITE})
"""Rules that a completed node need not keep any more."""


class PlanRead(NamedTuple):
    """What a reply says."""

    plan: Plan | None
    put_right: tuple[str, ...]
    findings: tuple[Finding, ...]
    """Empty: the plan keeps all rules."""
    gave_up: bool = False
    """The model says that nothing is left to be planned."""


def read_reply(
    reply: ModelReply, request: PlanRequest, *, kept: Plan | None = None, revision: int = 0
) -> PlanRead:
    """Returns what a reply says, mended where the meaning is clear.

    Args:
        reply: Of a model.
        request: Whose rules the plan must keep.
        kept: Completed nodes that stand in the plan as they are; `None` for a first plan.
        revision: How many plans came before.
    """
    found = find_json(reply.text, _PLAN_KEYS, _NODE_KEYS)
    if isinstance(found, Finding):
        return PlanRead(None, (), (found,))
    was_cut = found.cut is Cut.LOST or (
        found.cut is Cut.CLOSED and reply.finish is FinishReason.LENGTH
    )
    if was_cut:
        cut = Finding(flaw=Flaw.UNREADABLE, message="the reply ended before the plan did")
        return PlanRead(None, found.forgiven, (cut,))
    if kept is not None and _is_empty(found.value):
        said = Finding(flaw=Flaw.EMPTY, message="the model gives the task up")
        return PlanRead(None, found.forgiven, (said,), gave_up=True)
    plan, fitted = read_plan(
        found.value,
        request,
        origin=reply.model or "model",
        kept=kept,
        revision=revision,
    )
    put_right = (*found.forgiven, *fitted.changes)
    if plan is None or fitted.findings:
        return PlanRead(None, put_right, tuple(fitted.findings))
    return _mended(plan, request, kept, put_right)


def _mended(
    plan: Plan, request: PlanRequest, kept_plan: Plan | None, put_right: tuple[str, ...]
) -> PlanRead:
    """Mends what has one clear meaning, but nothing of what is completed."""
    mended = mend(plan, PlanContext.of(request))
    kept = {} if kept_plan is None else {node.id: node for node in kept_plan.nodes}
    whole = mended.plan.model_copy(
        update={"nodes": tuple(kept.get(node.id, node) for node in mended.plan.nodes)}
    )
    findings = tuple(
        finding
        for finding in mended.findings
        if finding.node not in kept or finding.flaw not in _NOT_OURS
    )
    return PlanRead(whole, (*put_right, *mended.repairs), findings)


def _is_empty(said: JsonValue) -> bool:
    return isinstance(said, dict) and said.get("nodes") == []
