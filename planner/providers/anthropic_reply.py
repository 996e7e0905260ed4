"""How a message of Anthropic is read.

stop_reason   end_turn, stop_sequence, max_tokens and a full context window (length), refusal,
              everything else (other); there is no content filter apart from the refusal
usage         input_tokens exclude what was read from and written to the cache;
              output_tokens include thinking
"""

from __future__ import annotations

from pydantic import BaseModel, JsonValue, ValidationError

from planner.providers.contract import BrokenReplyError, FinishReason, ModelReply, Usage
from planner.providers.endpoints import Endpoint
from planner.providers.wire import count, first_problem

__all__ = ["reply_of"]

_FINISH = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "refusal": FinishReason.REFUSAL,
}


class _Block(BaseModel):
    type: str
    text: str = ""
    """Of a block of type `text`; thinking stands elsewhere."""


class _Message(BaseModel):
    content: list[_Block]
    stop_reason: str | None = None
    model: str | None = None
    usage: JsonValue = None


def reply_of(body: bytes, endpoint: Endpoint, latency_ms: int) -> ModelReply:
    """Returns what a message says.

    Raises:
        BrokenReplyError: The body is none.
    """
    try:
        message = _Message.model_validate_json(body)
    except ValidationError as error:
        raise BrokenReplyError(
            f"{endpoint.label}: the answer is not a message: {first_problem(error)}",
            provider=endpoint.provider,
        ) from None
    return ModelReply(
        text="".join(block.text for block in message.content if block.type == "text"),
        finish=_FINISH.get(message.stop_reason or "", FinishReason.OTHER),
        usage=_usage(message.usage),
        provider=endpoint.provider,
        model=message.model or endpoint.model,
        latency_ms=latency_ms,
    )


def _usage(usage: JsonValue) -> Usage | None:
    fresh = count(usage, "input_tokens")
    output = count(usage, "output_tokens")
    if fresh is None or output is None:
        return None
    return Usage(
        input_tokens=fresh,
        cache_read_tokens=count(usage, "cache_read_input_tokens") or 0,
        cache_write_tokens=count(usage, "cache_creation_input_tokens") or 0,
        output_tokens=output,
        reasoning_tokens=count(usage, "output_tokens_details", "thinking_tokens") or 0,
    )
