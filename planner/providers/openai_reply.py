"""How a chat completion is read.

    finish_reason  stop, length, content_filter (filtered), everything else (other);
                   a message with a `refusal` is a refusal
    usage          prompt_tokens include what was read from and written to the cache;
                   completion_tokens include reasoning

The package builds its own types without looking at the values, so the bytes are read here.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, JsonValue, TypeAdapter, ValidationError

from planner.providers.contract import (
    BrokenReplyError,
    FinishReason,
    ModelReply,
    TokenLogprob,
    Usage,
)
from planner.providers.endpoints import Endpoint
from planner.providers.wire import count, first_problem

__all__ = ["reply_of"]

_FINISH = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "content_filter": FinishReason.FILTERED,
}


class _Part(BaseModel):
    type: str
    text: str = ""


class _Message(BaseModel):
    content: str | list[_Part] | None = None
    """Some compatible servers send parts, thinking among them."""
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    logprobs: JsonValue = None


class _Completion(BaseModel):
    choices: Annotated[list[_Choice], Field(min_length=1)]
    model: str | None = None
    usage: JsonValue = None


class _Alternative(BaseModel):
    token: str
    logprob: float


class _Token(_Alternative):
    top_logprobs: list[_Alternative] | None = None


class _Logprobs(BaseModel):
    content: list[_Token]


def reply_of(body: bytes, endpoint: Endpoint, latency_ms: int) -> ModelReply:
    """Returns what a chat completion says.

    Raises:
        BrokenReplyError: The body is none.
    """
    try:
        completion = _COMPLETION.validate_json(body)
    except ValidationError as error:
        problem = first_problem(error)
        raise BrokenReplyError(
            f"{endpoint.label}: the answer is not a chat completion: {problem}",
            provider=endpoint.provider,
        ) from None
    choice = completion.choices[0]
    refusal = choice.message.refusal
    finish = _FINISH.get(choice.finish_reason or "", FinishReason.OTHER)
    return ModelReply(
        text=refusal or _text(choice.message.content),
        finish=FinishReason.REFUSAL if refusal else finish,
        usage=_usage(completion.usage),
        provider=endpoint.provider,
        model=completion.model or endpoint.model,
        logprobs=_logprobs(choice.logprobs),
        latency_ms=latency_ms,
    )


_COMPLETION = TypeAdapter(_Completion)


def _text(content: str | list[_Part] | None) -> str:
    if isinstance(content, list):
        return "".join(part.text for part in content if part.type == "text")
    return content or ""


def _usage(usage: JsonValue) -> Usage | None:
    prompt = count(usage, "prompt_tokens")
    output = count(usage, "completion_tokens")
    if prompt is None or output is None:
        return None
    read = count(usage, "prompt_tokens_details", "cached_tokens") or 0
    written = count(usage, "prompt_tokens_details", "cache_write_tokens") or 0
    if read + written > prompt:
        return None  # sums that contradict one another: billed at the upper bound
    return Usage(
        input_tokens=prompt - read - written,
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=output,
        reasoning_tokens=count(usage, "completion_tokens_details", "reasoning_tokens") or 0,
    )


def _logprobs(found: JsonValue) -> tuple[TokenLogprob, ...] | None:
    try:
        tokens = _Logprobs.model_validate(found).content
    except ValidationError:
        return None
    return tuple(
        TokenLogprob(
            token=each.token,
            logprob=each.logprob,
            top=tuple((other.token, other.logprob) for other in each.top_logprobs or ()),
        )
        for each in tokens
    )
