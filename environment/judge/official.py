"""WebArena-Verified's own evaluators on our trace and answer.

The benchmark is imported on first use: that costs seconds once, an evaluation 1-2 ms. It never
raises; a bug of its own or a trace it cannot read comes back as status `error`, which is no
failure of the agent. The one exception is an answer that is itself too malformed for the
evaluators: where the same episode with no answer is judged without an error, the answer is at
fault.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from pydantic import JsonValue

from core.errors import TaskFileError
from core.tasks import AgentResponse, Task, TaskType, placeholder
from environment.judge.patterns import disarmed, disarmed_fields

if TYPE_CHECKING:
    from webarena_verified.api.internal.evaluator import WebArenaVerifiedEvaluator
    from webarena_verified.types.config import WebArenaVerifiedConfig
    from webarena_verified.types.eval import TaskEvalResult
    from webarena_verified.types.task import WebArenaVerifiedTask

__all__ = [
    "HarEntry",
    "OfficialScore",
    "Recorded",
    "expected_type",
    "official_score",
]

_FILTERS = Lock()

HarEntry = dict[str, JsonValue]
"""One request and its response in HAR's words, as far as the evaluators read it."""


class Recorded(Protocol):
    """One exchange of an episode's trace."""

    def as_har(self) -> HarEntry:
        """Returns the exchange in HAR's words."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialScore:
    """What the benchmark's evaluators say."""

    score: float | None
    """0 or 1; `None` when they could not decide."""
    answer_right: bool
    """Whether the evaluators of the answer alone are satisfied."""
    status: str
    """`success`, `failure` or `error`."""
    reasons: tuple[str, ...] = ()
    error: str = ""


def expected_type(task: Task) -> TaskType:
    """Returns what kind of answer the benchmark expects of a task.

    Raises:
        TaskFileError: The record does not say it.
    """
    evaluators = task.verified.get("eval")
    for evaluator in evaluators if isinstance(evaluators, list) else []:
        if isinstance(evaluator, dict) and evaluator.get("evaluator") == "AgentResponseEvaluator":
            expected = evaluator.get("expected")
            word = expected.get("task_type") if isinstance(expected, dict) else None
            if str(word).upper() in TaskType.__members__:
                return TaskType(str(word).upper())
    raise TaskFileError(f"task {task.key!r} does not say what kind of answer it expects")


def official_score(
    task: Task,
    *,
    base_urls: Mapping[str, str],
    trace: Sequence[Recorded],
    response: AgentResponse | None,
) -> OfficialScore:
    """Scores an episode with the benchmark's evaluators.

    Args:
        task: The task, evaluators included.
        base_urls: Site name to scheme and host in this episode, no trailing slash.
        trace: Every exchange in the order in which the world served it.
        response: The agent's answer; `None` when it gave none, which is a failure.

    Without a single exchange the evaluators cannot judge. An agent that answers all the same has
    looked at nothing, which is its failure; where there is no answer either, nothing has run, which
    is an error.
    """
    if not trace:
        return _unseen(response)
    try:
        record = _verified_task(task)
    except ValueError as error:  # pydantic's ValidationError is one
        return _no_score(f"the benchmark cannot read the task's record: {error}")
    entries = [_disarmed_entry(entry.as_har()) for entry in trace]
    answer = None if response is None else _answer(response)
    urls = tuple((site, base_urls[site]) for site in task.sites)
    result = _evaluate(record, urls, entries, answer)
    if _word(result.status) != "error":
        return _score(result)
    if answer is not None and _word(_evaluate(record, urls, entries, None).status) != "error":
        return OfficialScore(
            score=0.0,
            answer_right=False,
            status="failure",
            reasons=(f"the evaluators cannot read the answer: {_error(result)}",),
        )
    return _no_score(_error(result) or "unknown error")


def _answer(response: AgentResponse) -> dict[str, JsonValue]:
    fields: dict[str, JsonValue] = response.model_dump(mode="json")
    return {name: disarmed(value) for name, value in fields.items()}


def _disarmed_entry(entry: HarEntry) -> HarEntry:
    """Takes patterns that could run for ever out of what the agent has typed."""
    request = entry.get("request")
    if not isinstance(request, dict):
        return entry
    url, question, query = str(request.get("url", "")).partition("?")
    safe: dict[str, JsonValue] = {**request, "url": url + question + disarmed_fields(query)}
    sent = request.get("postData")
    if isinstance(sent, dict) and "urlencoded" in str(sent.get("mimeType")):
        safe["postData"] = {**sent, "text": disarmed_fields(str(sent.get("text", "")))}
    return {**entry, "request": safe}


def _unseen(response: AgentResponse | None) -> OfficialScore:
    if response is None:
        return _no_score("the network trace is empty")
    reasons = ("the network trace is empty: the answer was given without opening a page",)
    return OfficialScore(score=0.0, answer_right=False, status="failure", reasons=reasons)


def _no_score(error: str) -> OfficialScore:
    return OfficialScore(score=None, answer_right=False, status="error", error=error)


def _score(result: TaskEvalResult) -> OfficialScore:
    answers = [e for e in result.evaluators_results if e.evaluator_name == "AgentResponseEvaluator"]
    reasons = tuple(
        f"{evaluator.evaluator_name}: {message}"
        for evaluator in result.evaluators_results
        for assertion in evaluator.assertions or ()
        for message in assertion.assertion_msgs or (assertion.assertion_name,)
    )
    return OfficialScore(
        score=float(result.score),
        answer_right=bool(answers) and all(e.score == 1.0 for e in answers),
        status=_word(result.status),
        reasons=reasons,
    )


def _error(result: TaskEvalResult) -> str:
    messages = [result.error_msg, *(e.error_msg for e in result.evaluators_results)]
    return "; ".join(message for message in messages if message)


def _word(status: object) -> str:
    return str(getattr(status, "value", status))


def _evaluate(
    record: WebArenaVerifiedTask,
    urls: tuple[tuple[str, str], ...],
    entries: Sequence[HarEntry],
    answer: dict[str, JsonValue] | None,
) -> TaskEvalResult:
    from webarena_verified.types.eval import TaskEvalContext
    from webarena_verified.types.tracing import NetworkTrace

    evaluator = _evaluator()
    context = TaskEvalContext(
        task=record,
        agent_response_raw=answer,
        network_trace=NetworkTrace.from_content(list(entries)),
        config=_config(urls),
    )
    # Its dependencies warn about each other; as errors these would count as errors of ours. The
    # filters belong to the whole process, hence the lock.
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return evaluator.evaluate_task(context=context)


@cache
def _evaluator() -> WebArenaVerifiedEvaluator:
    from webarena_verified.api.internal.data_reader import WebArenaVerifiedDataReader
    from webarena_verified.api.internal.evaluator import WebArenaVerifiedEvaluator
    from webarena_verified.types.config import WebArenaVerifiedConfig

    # Everything that the evaluators log is also in their result.
    for name in ("webarena_verified", "WebArena-Verified"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    config = WebArenaVerifiedConfig()
    return WebArenaVerifiedEvaluator(config=config, reader=WebArenaVerifiedDataReader(config))


@cache
def _config(urls: tuple[tuple[str, str], ...]) -> WebArenaVerifiedConfig:
    from webarena_verified.types.config import WebArenaVerifiedConfig

    environments = {placeholder(site): {"urls": [url]} for site, url in urls}
    return WebArenaVerifiedConfig.model_validate({"environments": environments})


def _verified_task(task: Task) -> WebArenaVerifiedTask:
    from webarena_verified.types.task import WebArenaVerifiedTask

    # Its validators write into the record that they are given.
    return WebArenaVerifiedTask.model_validate(deepcopy(task.verified))
