"""How generated content of Gemini is read.

finishReason   STOP, MAX_TOKENS (length), SAFETY and its kin (filtered), everything else
               (other); a prompt that is blocked has no candidate at all and is filtered, too
usage          promptTokenCount includes what was read from the cache; thoughts are billed as
               output and are not in candidatesTokenCount; a count of zero is left out
"""

from __future__ import annotations

import re

from pydantic import BaseModel, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from planner.providers.contract import (
    BrokenReplyError,
    FinishReason,
    ModelReply,
    TokenLogprob,
    Usage,
)
from planner.providers.endpoints import Endpoint
from planner.providers.wire import count, first_problem

__all__ = ["reply_of", "wait_asked_for"]

_FILTERS = (
    "SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT"
)
_FINISH = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    **dict.fromkeys(_FILTERS.split(), FinishReason.FILTERED),
}


class _Wire(BaseModel, alias_generator=to_camel):
    pass


class _Part(_Wire):
    text: str = ""
    thought: bool = False


class _Content(_Wire):
    parts: list[_Part] = Field(default_factory=list)


class _Alternative(_Wire):
    token: str
    log_probability: float


class _Alternatives(_Wire):
    candidates: list[_Alternative] = Field(default_factory=list)


class _Logprobs(_Wire):
    chosen_candidates: list[_Alternative]
    top_candidates: list[_Alternatives] = Field(default_factory=list)


class _Candidate(_Wire):
    content: _Content | None = None
    finish_reason: str | None = None
    logprobs_result: JsonValue = None


class _Feedback(_Wire):
    block_reason: str


class _Generated(_Wire):
    candidates: list[_Candidate] = Field(default_factory=list)
    prompt_feedback: JsonValue = None
    usage_metadata: JsonValue = None
    model_version: str | None = None


def reply_of(body: str, endpoint: Endpoint, latency_ms: int) -> ModelReply:
    """Returns what generated content says.

    Raises:
        BrokenReplyError: The body is none.
    """
    try:
        generated = _Generated.model_validate_json(body)
        if generated.candidates:
            first = generated.candidates[0]
        else:
            _Feedback.model_validate(generated.prompt_feedback)
            first = _Candidate.model_validate({"finishReason": "SAFETY"})
    except ValidationError as error:
        raise BrokenReplyError(
            f"{endpoint.label}: the answer is not generated content: {first_problem(error)}",
            provider=endpoint.provider,
        ) from None
    parts = first.content.parts if first.content else []
    return ModelReply(
        text="".join(part.text for part in parts if not part.thought),
        finish=_FINISH.get(first.finish_reason or "", FinishReason.OTHER),
        usage=_usage(generated.usage_metadata),
        provider=endpoint.provider,
        model=generated.model_version or endpoint.model,
        logprobs=_logprobs(first.logprobs_result),
        latency_ms=latency_ms,
    )


def wait_asked_for(details: JsonValue) -> float | None:
    """Returns the seconds of a `RetryInfo` in the body of an error; `None`: there is none."""
    error = details.get("error") if isinstance(details, dict) else None
    notes = error.get("details") if isinstance(error, dict) else None
    for note in notes if isinstance(notes, list) else []:
        delay = note.get("retryDelay") if isinstance(note, dict) else None
        if isinstance(delay, str) and re.fullmatch(r"\d{1,9}(\.\d+)?s", delay):
            return float(delay[:-1])
    return None


def _usage(usage: JsonValue) -> Usage | None:
    prompt = count(usage, "promptTokenCount")
    if prompt is None or not isinstance(usage, dict):
        return None
    named = ("candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount")
    if not any(name in usage for name in named):
        return None
    thoughts = count(usage, "thoughtsTokenCount") or 0
    tools = count(usage, "toolUsePromptTokenCount") or 0
    read = count(usage, "cachedContentTokenCount") or 0
    total = count(usage, "totalTokenCount") or 0
    spoken = count(usage, "candidatesTokenCount") or 0
    if read > prompt:
        return None  # sums that contradict one another: billed at the upper bound
    return Usage(
        input_tokens=prompt - read + tools,
        cache_read_tokens=read,
        output_tokens=max(spoken + thoughts, total - prompt - tools),
        reasoning_tokens=thoughts,
    )


def _logprobs(found: JsonValue) -> tuple[TokenLogprob, ...] | None:
    try:
        result = _Logprobs.model_validate(found)
    except ValidationError:
        return None
    tops = [each.candidates for each in result.top_candidates]
    tops += [[] for _ in result.chosen_candidates[len(tops) :]]
    return tuple(
        TokenLogprob(
            token=chosen.token,
            logprob=chosen.log_probability,
            top=tuple((each.token, each.log_probability) for each in top),
        )
        for chosen, top in zip(result.chosen_candidates, tops, strict=False)
    )
