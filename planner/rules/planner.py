"""The rules planner: intent -> requests -> nodes -> plan; and from a failure to a better plan.

REPLAN      what failed                                    then
not found   a named thing, after list and search           answer NOT_FOUND_ERROR
not allowed editing or deleting what is another's, a 403    answer PERMISSION_DENIED_ERROR
            anything else that the site does not offer     answer ACTION_NOT_ALLOWED_ERROR
step cap    a longer list than thought                     the same with twice the steps
else        nothing fits, agent lost, wrong output         another agent, once; then give up
"""

from __future__ import annotations

import re
from dataclasses import replace

from core.events import FailureKind
from core.plans import Plan, PlanNode, Verb
from core.tasks import ResponseStatus
from planner.requests import NodeReport, PlanRequest, ReplanRequest
from planner.rules.clauses import split_clauses
from planner.rules.draft import Draft
from planner.rules.drawing import Drawing, drawn, task_type_of
from planner.rules.masking import mask
from planner.rules.mentions import is_certain

__all__ = ["RulesPlanner"]

_FINAL = frozenset({FailureKind.NOT_FOUND, FailureKind.NOT_ALLOWED})
_ANOTHERS = frozenset({Verb.EDIT, Verb.DELETE})


class RulesPlanner:
    """Implements `planner.requests.Planner` with rules over words; needs no model."""

    def __init__(self, *, is_cautious: bool = True) -> None:
        """Makes a planner.

        Args:
            is_cautious: Whether a change is declined that the rules only guess at. Off only for
                plans that nobody carries out, such as those that intents are compared by.
        """
        self._is_cautious = is_cautious

    def plan(self, request: PlanRequest) -> Plan:
        """Returns a plan for a task.

        Raises:
            PlanError: The pool cannot do what any plan needs.
        """
        return drawn(request, self._drawing())

    def replan(self, request: ReplanRequest) -> Plan | None:
        """Returns a plan that keeps completed nodes, or `None`: give up."""
        failed = _failed_node(request)
        if failed is None:
            return None
        node, report = failed
        other = _misread_name(request, node, report)
        if other:
            again = replace(
                self._drawing(request),
                swapped=frozenset({other}),
                first_id=max(one.id for one in request.plan.nodes) + 1,
            )
            return drawn(request.request, again)
        unseen = report.failure is FailureKind.OUTPUT and "does not show" in report.reason
        if report.failure in _FINAL or unseen:
            return _refusal(request, node, report)
        if report.failure is FailureKind.STEP_CAP and request.plan.revision < 2:
            return self._redrawn(request, report, cap_factor=2)
        if request.plan.revision == 0:
            return self._redrawn(request, report, cap_factor=1)
        return None

    def _drawing(self, request: ReplanRequest | None = None) -> Drawing:
        revision = 0 if request is None else request.plan.revision + 1
        return Drawing(revision=revision, is_cautious=self._is_cautious)

    def _redrawn(
        self, request: ReplanRequest, report: NodeReport, *, cap_factor: int
    ) -> Plan | None:
        """Returns the plan drawn again for other agents; finished nodes stay as they are."""
        again = replace(
            self._drawing(request), avoid=frozenset(report.agents), cap_factor=cap_factor
        )
        fresh = drawn(request.request, again)
        return _continued(request, fresh)


def _failed_node(request: ReplanRequest) -> tuple[PlanNode, NodeReport] | None:
    wanted = [request.node] if request.node is not None else sorted(request.nodes)
    for node_id in wanted:
        report = request.nodes.get(node_id)
        if report is not None and report.failure is not None and report.outputs is None:
            return request.plan.node(node_id), report
    return None


def _misread_name(request: ReplanRequest, node: PlanNode, report: NodeReport) -> str:
    """Returns the name that may name a user instead of a forum, or the other way round.

    Only when nothing was done yet, the words leave it open, and no plan before tried it.
    """
    if report.failure is not FailureKind.NOT_FOUND or node.subgoal.verb is not Verb.FIND:
        return ""
    if request.plan.revision or node.subgoal.object not in ("forum", "user"):
        return ""
    if any(_is_done(request, one.id) for one in request.plan.nodes):
        return ""
    name = next((one.const for one in node.inputs if one.name == "name"), None)
    masked = mask(request.request.task.intent)
    if not isinstance(name, str) or " " in name or is_certain(masked, name):
        return ""
    return name if name in masked.text else ""


def _refusal(request: ReplanRequest, node: PlanNode, report: NodeReport) -> Plan:
    """Returns a plan that keeps what is done and answers why the rest cannot be."""
    status = ResponseStatus.NOT_FOUND_ERROR
    if report.failure is FailureKind.NOT_ALLOWED:
        forbidden = node.subgoal.verb in _ANOTHERS or re.search(r"answered 40[13]", report.reason)
        status = ResponseStatus.ACTION_NOT_ALLOWED_ERROR
        if "rejected:" in report.reason:
            status = ResponseStatus.DATA_VALIDATION_ERROR
        elif forbidden:
            status = ResponseStatus.PERMISSION_DENIED_ERROR
    plan = request.plan
    done = [one for one in plan.nodes if request.nodes.get(one.id) and _is_done(request, one.id)]
    ids = {one.id for one in done}
    draft = Draft(
        request=request.request,
        site=node.site,
        first_id=max(one.id for one in plan.nodes) + 1,
    )
    edges = [edge for edge in plan.edges if edge.source in ids and edge.target in ids]
    task_type = task_type_of(split_clauses(mask(request.request.task.intent)))
    return draft.finish(
        task_type,
        status=status,
        revision=plan.revision + 1,
        kept=done,
        kept_edges=edges,
    )


def _is_done(request: ReplanRequest, node_id: int) -> bool:
    report = request.nodes.get(node_id)
    return report is not None and report.outputs is not None


def _continued(request: ReplanRequest, fresh: Plan) -> Plan | None:
    """Returns a fresh plan with what is done of the running one; `None` when it has no place."""
    nodes = []
    for node in fresh.nodes:
        old = next((one for one in request.plan.nodes if one.id == node.id), None)
        same = old is not None and old.subgoal == node.subgoal and _is_done(request, node.id)
        nodes.append(old if same and old is not None else node)
    kept = {node.id for node in request.plan.nodes if _is_done(request, node.id)}
    if not kept <= {node.id for node in nodes}:
        return None
    bounded = [
        node
        if node.id in kept or not node.cost_bound
        else node.model_copy(update={"cost_bound": min(node.cost_bound, request.request.budget)})
        for node in nodes
    ]
    return fresh.model_copy(update={"nodes": tuple(bounded)})
