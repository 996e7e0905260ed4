"""One request to each provider's package, as the shortest program that a user of it would write.

The other side of the comparison in `scripts.bench.planner`: what our adapters add is measured
against these. Each has the reply that a server on loopback gives to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from planner.providers.contract import ChatMessage, ModelRequest

__all__ = ["BARE_CALLS", "PLAN_BYTES", "REQUEST", "BareCall"]

PLAN_BYTES = 6_000
"""Length of the text in each reply."""
REQUEST = ModelRequest(
    id="bench",
    system="You plan. " * 400,
    messages=(ChatMessage(role="user", text="A task and its observation. " * 300),),
    schema_name="plan",
    schema={
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
        "additionalProperties": False,
    },
    timeout_s=30.0,
)


class BareCall(NamedTuple):
    """The shortest program that a user of a package would write."""

    typed: str
    path: str
    reply: dict[str, object]
    open: Callable[[str], Callable[[], str | None]]


def _openai(base_url: str) -> Callable[[], str | None]:
    import openai

    client = openai.OpenAI(api_key="bench", base_url=base_url, max_retries=0)

    def call() -> str | None:
        completion = client.chat.completions.create(
            model="gpt-4o",
            messages=[
                {"role": "system", "content": REQUEST.system},
                {"role": "user", "content": REQUEST.messages[0].text},
            ],
            extra_body={
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "plan", "strict": True, "schema": REQUEST.schema},
                }
            },
            max_completion_tokens=REQUEST.max_output_tokens,
        )
        return completion.choices[0].message.content

    return call


def _anthropic(base_url: str) -> Callable[[], str | None]:
    import anthropic

    client = anthropic.Anthropic(api_key="bench", base_url=base_url, max_retries=0)

    def call() -> str | None:
        message = client.messages.create(
            model="claude-opus-5",
            system=REQUEST.system,
            messages=[{"role": "user", "content": REQUEST.messages[0].text}],
            extra_body={
                "output_config": {"format": {"type": "json_schema", "schema": REQUEST.schema}}
            },
            max_tokens=REQUEST.max_output_tokens,
        )
        block = message.content[0]
        return block.text if block.type == "text" else None

    return call


def _google(base_url: str) -> Callable[[], str | None]:
    from google import genai
    from google.genai import types

    client = genai.Client(
        vertexai=False, api_key="bench", http_options=types.HttpOptions(base_url=base_url)
    )

    def call() -> str | None:
        reply = client.models.generate_content(
            model="gemini-2.5-flash",
            contents=REQUEST.messages[0].text,
            config=types.GenerateContentConfig(
                system_instruction=REQUEST.system,
                response_mime_type="application/json",
                response_json_schema=REQUEST.schema,
                max_output_tokens=REQUEST.max_output_tokens,
            ),
        )
        return reply.text

    return call


_SAID = "x" * PLAN_BYTES
BARE_CALLS = (
    BareCall(
        "gpt-4o",
        "/v1",
        {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": _SAID},
                }
            ],
            "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
        },
        _openai,
    ),
    BareCall(
        "claude-opus-5",
        "",
        {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-5",
            "content": [{"type": "text", "text": _SAID}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 9, "output_tokens": 9},
        },
        _anthropic,
    ),
    BareCall(
        "gemini-2.5-flash",
        "",
        {
            "candidates": [
                {"content": {"role": "model", "parts": [{"text": _SAID}]}, "finishReason": "STOP"}
            ],
            "usageMetadata": {
                "promptTokenCount": 9,
                "candidatesTokenCount": 9,
                "totalTokenCount": 18,
            },
        },
        _google,
    ),
)
