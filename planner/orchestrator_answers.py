"""From the end of a plan to the one answer that the benchmark wants."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue, ValidationError

from core.events import FailureKind
from core.plans import Plan, Verb
from core.tasks import AgentResponse, ResponseStatus, TaskType
from planner.decisions import Failure

__all__ = ["answer_of", "failing_answer"]

_WRITES = frozenset({Verb.SUBMIT, Verb.TOGGLE, Verb.EDIT, Verb.DELETE})
_READS = frozenset({Verb.READ, Verb.COUNT, Verb.COLLECT, Verb.COMPUTE})
_STATUS = {FailureKind.NOT_FOUND: ResponseStatus.NOT_FOUND_ERROR}
_DENIED = ("permission", "denied", "403", "401")


def answer_of(outputs: Mapping[str, JsonValue], plan: Plan) -> AgentResponse:
    """Returns the answer that a `respond` node delivered.

    Args:
        outputs: Of the node: a record `response` with the fields of `AgentResponse`.
        plan: Says what the task asks for when the record is no answer.
    """
    record = outputs.get("response")
    try:
        return AgentResponse.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "response"
        return AgentResponse(
            task_type=_task_type(plan),
            status=ResponseStatus.UNKNOWN_ERROR,
            error_details=f"the respond node gave no answer: {where}: {first['msg']}",
        )


def failing_answer(plan: Plan | None, failure: Failure | None, reason: str) -> AgentResponse:
    """Returns the answer of an episode that ended without one.

    Args:
        plan: The last plan, if there was any.
        failure: The last failed subtask, if there was any: it decides the status.
        reason: Why the episode ended, for people.
    """
    status = ResponseStatus.UNKNOWN_ERROR
    if failure is not None and failure.kind is FailureKind.NOT_ALLOWED:
        denied = any(word in failure.reason.lower() for word in _DENIED)
        status = (
            ResponseStatus.PERMISSION_DENIED_ERROR
            if denied
            else ResponseStatus.ACTION_NOT_ALLOWED_ERROR
        )
    elif failure is not None:
        status = _STATUS.get(failure.kind, status)
    return AgentResponse(task_type=_task_type(plan), status=status, error_details=reason)


def _task_type(plan: Plan | None) -> TaskType:
    """What the task asks for: as the respond node's constant says, else by what the plan does."""
    nodes = () if plan is None else plan.nodes
    for node in nodes:
        for argument in node.inputs:
            if argument.name == "task_type" and argument.const in list(TaskType):
                return TaskType(str(argument.const))
    verbs = {node.subgoal.verb for node in nodes}
    if verbs & _WRITES:
        return TaskType.MUTATE
    if verbs & _READS or not verbs:
        return TaskType.RETRIEVE
    return TaskType.NAVIGATE
