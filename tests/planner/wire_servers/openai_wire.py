"""OpenAI's chat completions, and the little in which a compatible server differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from planner.providers.contract import FinishReason, Usage
from tests.planner.wire_servers.wire_formats import SOME_USAGE, Tokens
from tests.planner.wire_servers.wire_server import Answer, Received, json_answer

_FINISH = {
    FinishReason.STOP: "stop",
    FinishReason.LENGTH: "length",
    FinishReason.FILTERED: "content_filter",
    FinishReason.REFUSAL: "stop",
    FinishReason.OTHER: "tool_calls",
}
_TYPES = {401: "invalid_request_error", 429: "requests", 500: "server_error"}
_PARAMETERS = {
    "schema": ("response_format", "'response_format' of type 'json_schema' is not supported"),
    "temperature": ("temperature", "'temperature' does not support 0.2 with this model."),
    "logprobs": (None, "You are not allowed to request logprobs from this model."),
}


class OpenAIWire:
    provider = "openai"
    typed_name = "gpt-4o"
    served_name = "gpt-4o-2024-08-06"
    base_path = "/v1"
    features = frozenset({"schema", "temperature", "logprobs"})
    limit_name = "max_completion_tokens"
    shown: ClassVar[dict[FinishReason, FinishReason]] = {}
    never_told: ClassVar[frozenset[str]] = frozenset()
    no_money = "insufficient_quota: check your plan and billing details."

    def reply(
        self,
        text: str,
        *,
        finish: FinishReason = FinishReason.STOP,
        usage: Usage | None = SOME_USAGE,
    ) -> dict[str, Any]:
        refused = finish is FinishReason.REFUSAL
        message = {
            "role": "assistant",
            "content": None if refused else text,
            "refusal": text if refused else None,
        }
        body: dict[str, Any] = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": self.served_name,
            "choices": [{"index": 0, "message": message, "finish_reason": _FINISH[finish]}],
        }
        if usage:
            prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
            body["usage"] = {
                "prompt_tokens": prompt,
                "completion_tokens": usage.output_tokens,
                "total_tokens": prompt + usage.output_tokens,
                "prompt_tokens_details": {
                    "cached_tokens": usage.cache_read_tokens,
                    "cache_write_tokens": usage.cache_write_tokens,
                },
                "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
            }
        return body

    def set_input_tokens(self, body: dict[str, Any], value: object) -> None:
        body["usage"]["prompt_tokens"] = value

    def add_logprobs(self, body: dict[str, Any], tokens: Tokens) -> None:
        content = [
            {
                "token": token,
                "logprob": logprob,
                "bytes": None,
                "top_logprobs": [{"token": each, "logprob": value} for each, value in top],
            }
            for token, logprob, top in tokens
        ]
        body["choices"][0]["logprobs"] = {"content": content, "refusal": None}

    def malformed(self) -> Iterator[dict[str, Any]]:
        yield {"choices": []}
        yield {"choices": "text"}
        yield {"choices": [{"message": None}]}
        yield {"choices": [{"message": {"content": {"no": "text"}}}]}
        yield {"error": {"message": "upstream broke", "code": 502}}

    def failure(self, status: int, message: str, *, parameter: str = "", **headers: str) -> Answer:
        error = {
            "message": message,
            "type": _TYPES.get(status, "invalid_request_error"),
            "param": parameter or None,
            "code": None,
        }
        return json_answer({"error": error}, status=status, **headers)

    def refused_parameter(self, feature: str) -> Answer:
        parameter, message = _PARAMETERS[feature]
        return self.failure(400, message, parameter=parameter or "")

    def sent(self, received: Received) -> dict[str, Any]:
        body = received.body
        wanted = body.get("response_format", {})
        turns = body["messages"]
        return {
            "key": received.headers.get("authorization", "").removeprefix("Bearer "),
            "model": body["model"],
            "system": "".join(turn["content"] for turn in turns if turn["role"] == "system"),
            "texts": [turn["content"] for turn in turns if turn["role"] != "system"],
            "limit": body.get(self.limit_name),
            "temperature": body.get("temperature"),
            "logprobs": body.get("top_logprobs") if body.get("logprobs") else None,
            "schema": wanted.get("json_schema", {}).get("schema"),
            "json": bool(wanted),
        }


class LocalWire(OpenAIWire):
    """A compatible server: no usage details, another name for the limit."""

    provider = "local"
    typed_name = "local:qwen2.5"
    served_name = "qwen2.5"
    limit_name = "max_tokens"
