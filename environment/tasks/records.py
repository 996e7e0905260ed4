"""A task record in WebArena-Verified's schema, checked without importing the benchmark.

Importing the benchmark costs seconds; a task file is read in milliseconds. The judge hands the
record to the benchmark's own models later, which check the evaluators once more and in full.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from core.tasks import ResponseStatus, TaskType

__all__ = ["EVALUATORS", "SITES", "VerifiedRecord"]

SITES = ("gitlab", "map", "reddit", "shopping_admin", "shopping", "wikipedia", "homepage")
"""The sites that the benchmark knows."""

EVALUATORS = ("AgentResponseEvaluator", "NetworkEventEvaluator")
"""The evaluators that the benchmark knows."""

_KINDS = ", ".join(kind.lower() for kind in TaskType)
_Text = Annotated[str, Field(min_length=1)]


class VerifiedRecord(BaseModel):
    """One record of the benchmark's data file.

    Example:
        >>> VerifiedRecord.model_validate({
        ...     "sites": ["reddit"], "task_id": 404, "intent_template_id": 22,
        ...     "start_urls": ["__REDDIT__"], "intent": "Upvote the newest post in books forum",
        ...     "eval": [{"evaluator": "AgentResponseEvaluator", "results_schema": {"type": "null"},
        ...               "expected": {"task_type": "mutate", "status": "SUCCESS"}}],
        ...     "intent_template": "Upvote the newest post in {{forum}} forum",
        ...     "instantiation_dict": {"forum": "books"}, "revision": 2}).sites
        ('reddit',)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sites: Annotated[tuple[str, ...], Field(min_length=1)]
    task_id: Annotated[int, Field(ge=0)]
    intent_template_id: int
    start_urls: Annotated[tuple[_Text, ...], Field(min_length=1)]
    intent: _Text
    eval: Annotated[tuple[dict[str, JsonValue], ...], Field(min_length=1)]
    intent_template: _Text
    instantiation_dict: dict[str, JsonValue]
    revision: Annotated[int, Field(ge=1)]

    @field_validator("sites")
    @classmethod
    def _known_sites(cls, sites: tuple[str, ...]) -> tuple[str, ...]:
        for site in sites:
            if site not in SITES:
                raise ValueError(f"site {site!r} is not one of {', '.join(SITES)}")
        return sites

    @field_validator("eval")
    @classmethod
    def _known_evaluators(
        cls, evaluators: tuple[dict[str, JsonValue], ...]
    ) -> tuple[dict[str, JsonValue], ...]:
        kinds = [evaluator.get("evaluator") for evaluator in evaluators]
        for kind in kinds:
            if kind not in EVALUATORS:
                raise ValueError(f"evaluator {kind!r} is not one of {', '.join(EVALUATORS)}")
        if "AgentResponseEvaluator" not in kinds:
            raise ValueError("an AgentResponseEvaluator is needed: it says what kind of task it is")
        for evaluator in evaluators:
            expected = evaluator.get("expected")
            if not isinstance(expected, dict):
                raise ValueError(f"{evaluator.get('evaluator')} has no object `expected`")
            if evaluator["evaluator"] == "AgentResponseEvaluator":
                _check_answer(expected)
        return evaluators


def _check_answer(expected: dict[str, JsonValue]) -> None:
    kind, status = str(expected.get("task_type")).upper(), expected.get("status")
    if kind not in TaskType.__members__:
        raise ValueError(f"task_type {expected.get('task_type')!r} is not one of {_KINDS}")
    if status not in ResponseStatus.__members__:
        raise ValueError(f"status {status!r} is not one of {', '.join(ResponseStatus)}")
