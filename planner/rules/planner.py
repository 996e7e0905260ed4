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
from collections.abc import Sequence
from itertools import pairwise

from core.events import FailureKind
from core.plans import Plan, PlanNode, Verb
from core.tasks import ResponseStatus, TaskType
from planner.requests import NodeReport, PlanRequest, ReplanRequest
from planner.rules.changes import change
from planner.rules.clauses import Clause, is_change, split_clauses
from planner.rules.draft import Draft
from planner.rules.frames import Frame, read_frame
from planner.rules.masking import mask
from planner.rules.mentions import is_certain
from planner.rules.questions import ask
from planner.rules.recipes import Recipe
from planner.rules.visits import visit

__all__ = ["RulesPlanner", "task_type_of"]

_FINAL = frozenset({FailureKind.NOT_FOUND, FailureKind.NOT_ALLOWED})
_ANOTHERS = frozenset({Verb.EDIT, Verb.DELETE})


class RulesPlanner:
    """Implements `planner.requests.Planner` with rules over words; needs no model."""

    def plan(self, request: PlanRequest) -> Plan:
        """Returns a plan for a task.

        Raises:
            PlanError: The pool cannot do what any plan needs.
        """
        return _drawn(request)

    def replan(self, request: ReplanRequest) -> Plan | None:
        """Returns a plan that keeps completed nodes, or `None`: give up."""
        failed = _failed_node(request)
        if failed is None:
            return None
        node, report = failed
        other = _misread_name(request, node, report)
        if other:
            return _drawn(
                request.request,
                revision=request.plan.revision + 1,
                swapped=frozenset({other}),
                first_id=max(one.id for one in request.plan.nodes) + 1,
            )
        unseen = report.failure is FailureKind.OUTPUT and "does not show" in report.reason
        if report.failure in _FINAL or unseen:
            return _refusal(request, node, report)
        if report.failure is FailureKind.STEP_CAP and request.plan.revision < 2:
            return _redrawn(request, report, cap_factor=2)
        if request.plan.revision == 0:
            return _redrawn(request, report, cap_factor=1)
        return None


def task_type_of(clauses: Sequence[Clause]) -> TaskType:
    """Returns what a task asks for: a change, a page, or data."""
    predicates = {clause.predicate for clause in clauses}
    if any(is_change(predicate) for predicate in predicates):
        return TaskType.MUTATE
    return TaskType.NAVIGATE if predicates & {"navigate", "search"} else TaskType.RETRIEVE


def _drawn(
    request: PlanRequest,
    *,
    avoid: frozenset[str] = frozenset(),
    cap_factor: int = 1,
    revision: int = 0,
    swapped: frozenset[str] = frozenset(),
    first_id: int = 0,
) -> Plan:
    task = request.task
    clauses = split_clauses(mask(task.intent))
    task_type = task_type_of(clauses)
    frames = [read_frame(clause, swapped) for clause in clauses]
    _share_context(frames)
    site = task.sites[0]
    draft = Draft(request=request, site=site, avoid=avoid, cap_factor=cap_factor, first_id=first_id)
    recipe = Recipe(draft, task.start_urls[0], task.base_urls[site] + "/")
    if task_type is TaskType.MUTATE:
        for frame in frames:
            if is_change(frame.predicate):
                change(recipe, _without_borrowed(recipe, frame))
        return draft.finish(task_type, revision=revision)
    if task_type is TaskType.NAVIGATE:
        visit(recipe, frames[-1])
        return draft.finish(task_type, revision=revision)
    answering = ask(recipe, frames[-1])
    return draft.finish(
        task_type,
        shape=answering.shape,
        keys=answering.keys,
        revision=revision,
        values=answering.values,
    )


_BORROWED = re.compile(
    r"\b(?:with|saying|that says|containing|consisting of|namely|whose text is|of"
    r"|the text)\s+((?:the )?"
    r"(?:title|author(?:'s name)?|username|name|score|number of comments|text|body|url"
    r"|subscriber count"
    r"|number of subscribers)\b.*)",
    re.IGNORECASE,
)
"""A text described by where it stands on the site."""


def _without_borrowed(recipe: Recipe, frame: Frame) -> Frame:
    """Draws where a text that is not quoted comes from, and returns the rest of the request."""
    recipe.borrowed = None
    if frame.predicate not in ("comment", "message") or frame.said.get("text"):
        return frame
    match = _BORROWED.search(frame.masked.text)
    if match is None:
        return frame
    question = read_frame(Clause("retrieve", frame.masked.part(match[1])))
    values = ask(recipe, question).values
    recipe.borrowed = next(iter(values.values()), None)
    rest = frame.masked.text[: match.start()] + frame.masked.text[match.end() :]
    return read_frame(Clause(frame.predicate, frame.masked.part(rest)))


def _share_context(frames: Sequence[Frame]) -> None:
    """Gives a request without a place or a person those of the request before it."""
    for before, frame in pairwise(frames):
        refers = frame.speaks_of(
            r"\b(?:there|it|its|that forum|this forum|that post|that user|the same|them|him|her)\b"
        )
        if refers and not frame.places and frame.predicate != "create_forum":
            frame.places = list(before.places)
        if refers and not frame.users and frame.predicate in ("message", "block", "subscribe"):
            frame.users = list(before.users)


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


def _redrawn(request: ReplanRequest, report: NodeReport, *, cap_factor: int) -> Plan | None:
    """Returns the plan drawn again for other agents; finished nodes stay as they are."""
    fresh = _drawn(
        request.request,
        avoid=frozenset(report.agents),
        cap_factor=cap_factor,
        revision=request.plan.revision + 1,
    )
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
