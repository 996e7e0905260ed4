"""Anthropic's messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from planner.providers.contract import FinishReason, Usage
from tests.planner.wire_servers.wire_formats import SOME_USAGE, Tokens
from tests.planner.wire_servers.wire_server import Answer, Received, json_answer

_FINISH = {
    FinishReason.STOP: "end_turn",
    FinishReason.LENGTH: "max_tokens",
    FinishReason.REFUSAL: "refusal",
    FinishReason.FILTERED: "refusal",
    FinishReason.OTHER: "pause_turn",
}
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
_REFUSED = {
    "schema": "output_config.format: Extra inputs are not permitted",
    "temperature": "`temperature` is not supported by this model",
}


class AnthropicWire:
    provider = "anthropic"
    typed_name = "claude-sonnet-4-5"
    served_name = "claude-sonnet-4-5-20250929"
    base_path = ""
    features = frozenset({"schema", "temperature"})
    shown: ClassVar[dict[FinishReason, FinishReason]] = {
        FinishReason.FILTERED: FinishReason.REFUSAL
    }
    never_told: ClassVar[frozenset[str]] = frozenset()
    no_money = "Your credit balance is too low to access the Anthropic API."

    def reply(
        self,
        text: str,
        *,
        finish: FinishReason = FinishReason.STOP,
        usage: Usage | None = SOME_USAGE,
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": self.served_name,
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
                {"type": "text", "text": text},
            ],
            "stop_reason": _FINISH[finish],
            "stop_sequence": None,
        }
        if usage:
            body["usage"] = {
                "input_tokens": usage.input_tokens,
                "cache_read_input_tokens": usage.cache_read_tokens,
                "cache_creation_input_tokens": usage.cache_write_tokens,
                "output_tokens": usage.output_tokens,
                "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
                "service_tier": "standard",
            }
        return body

    def set_input_tokens(self, body: dict[str, Any], value: object) -> None:
        body["usage"]["input_tokens"] = value

    def add_logprobs(self, body: dict[str, Any], tokens: Tokens) -> None:
        raise NotImplementedError("Anthropic gives none")

    def malformed(self) -> Iterator[dict[str, Any]]:
        yield {"content": "text"}
        yield {"content": [{"text": "a block without a type"}]}
        yield {"content": [{"type": "text", "text": {"no": "text"}}]}
        yield {"type": "error", "error": {"type": "api_error", "message": "broke"}}

    def failure(self, status: int, message: str, *, parameter: str = "", **headers: str) -> Answer:  # noqa: ARG002
        kind = _TYPES.get(status, "invalid_request_error")
        body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req"}
        return json_answer(body, status=status, **headers)

    def refused_parameter(self, feature: str) -> Answer:
        return self.failure(400, _REFUSED[feature])

    def sent(self, received: Received) -> dict[str, Any]:
        body = received.body
        wanted = body.get("output_config", {}).get("format", {})
        return {
            "key": received.headers.get("authorization", "").removeprefix("Bearer "),
            "model": body["model"],
            "system": body.get("system", ""),
            "texts": [turn["content"] for turn in body["messages"]],
            "limit": body["max_tokens"],
            "temperature": body.get("temperature"),
            "logprobs": None,
            "schema": wanted.get("schema"),
            "json": bool(wanted),
        }
