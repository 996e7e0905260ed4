"""Google's generateContent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from planner.providers.contract import FinishReason, Usage
from tests.planner.wire_servers.wire_formats import SOME_USAGE, Tokens
from tests.planner.wire_servers.wire_server import Answer, Received, json_answer

_FINISH = {
    FinishReason.STOP: "STOP",
    FinishReason.LENGTH: "MAX_TOKENS",
    FinishReason.FILTERED: "SAFETY",
    FinishReason.REFUSAL: "PROHIBITED_CONTENT",
    FinishReason.OTHER: "LANGUAGE",
}
_STATUS = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_REFUSED = {
    "schema": "Json mode is not enabled for this model",
    "temperature": "temperature is not supported",
    "logprobs": "Logprobs is not enabled for models/gemini-2.5-flash",
}


class GoogleWire:
    provider = "google"
    typed_name = "gemini-2.5-flash"
    served_name = "gemini-2.5-flash"
    base_path = ""
    features = frozenset({"schema", "temperature", "logprobs"})
    shown: ClassVar[dict[FinishReason, FinishReason]] = {
        FinishReason.REFUSAL: FinishReason.FILTERED
    }
    never_told: ClassVar[frozenset[str]] = frozenset({"cache_write_tokens"})
    no_money = None
    """An account without money gets the same 429 as a busy one."""

    def reply(
        self,
        text: str,
        *,
        finish: FinishReason = FinishReason.STOP,
        usage: Usage | None = SOME_USAGE,
    ) -> dict[str, Any]:
        parts = [{"text": "Hm.", "thought": True}, {"text": text}]
        candidate = {"content": {"role": "model", "parts": parts}, "finishReason": _FINISH[finish]}
        body: dict[str, Any] = {"candidates": [candidate], "modelVersion": self.served_name}
        if usage:
            prompt = usage.input_tokens + usage.cache_read_tokens
            counts = {
                "promptTokenCount": prompt,
                "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
                "thoughtsTokenCount": usage.reasoning_tokens,
                "cachedContentTokenCount": usage.cache_read_tokens,
                "totalTokenCount": prompt + usage.output_tokens,
            }
            body["usageMetadata"] = {name: n for name, n in counts.items() if n}
        return body

    def set_input_tokens(self, body: dict[str, Any], value: object) -> None:
        body["usageMetadata"]["promptTokenCount"] = value

    def add_logprobs(self, body: dict[str, Any], tokens: Tokens) -> None:
        def said(token: str, logprob: float) -> dict[str, Any]:
            return {"token": token, "tokenId": 7, "logProbability": logprob}

        body["candidates"][0]["logprobsResult"] = {
            "chosenCandidates": [said(token, logprob) for token, logprob, _ in tokens],
            "topCandidates": [{"candidates": [said(*each) for each in top]} for *_, top in tokens],
        }

    def malformed(self) -> Iterator[dict[str, Any]]:
        yield {"candidates": []}
        yield {"candidates": "text"}
        yield {"candidates": [{"content": {"parts": [{"text": {"no": "text"}}]}}]}
        yield {"promptFeedback": {}}
        yield {"error": {"code": 500, "message": "broke"}}

    def failure(self, status: int, message: str, *, parameter: str = "", **headers: str) -> Answer:  # noqa: ARG002
        kind = _STATUS.get(status, "INVALID_ARGUMENT")
        error = {"code": status, "message": message, "status": kind}
        return json_answer({"error": error}, status=status, **headers)

    def refused_parameter(self, feature: str) -> Answer:
        return self.failure(400, _REFUSED[feature])

    def sent(self, received: Received) -> dict[str, Any]:
        body = received.body
        config = body.get("generationConfig", {})
        system = body.get("systemInstruction", {}).get("parts", [])
        return {
            "key": received.headers.get("x-goog-api-key"),
            "model": received.path.rpartition("/")[2].removesuffix(":generateContent"),
            "system": "".join(part["text"] for part in system),
            "texts": [turn["parts"][0]["text"] for turn in body["contents"]],
            "limit": config["maxOutputTokens"],
            "temperature": config.get("temperature"),
            "logprobs": config.get("logprobs") if config.get("responseLogprobs") else None,
            "schema": config.get("responseJsonSchema"),
            "json": config.get("responseMimeType") == "application/json",
        }
