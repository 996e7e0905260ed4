"""What the planner's imports cost, and what an adapter adds to a call of a provider's package."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from pydantic import SecretStr

from planner.providers.capability_book import CapabilityBook
from planner.providers.capable import Capable
from planner.providers.contract import ChatMessage, ModelRequest, Provider
from planner.providers.endpoints import Endpoint
from planner.providers.naming import open_adapter, read_name
from scripts.bench.figures import Figure, spread

__all__ = ["measure"]

_IMPORTS = {
    "planner": "<= 0.2",
    "planner.providers.naming": "<= 0.2",
    "planner.wrappers.stack": "",
    "planner.providers.openai": "",
    "planner.providers.anthropic": "",
    "planner.providers.google": "",
}
"""Module, target in CPU-seconds; the last three are the packages of the providers."""
_STARTS = 7
_CALLS = 150
_WARM_UP = 20
_PLAN_BYTES = 6_000
_REQUEST = ModelRequest(
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


def measure() -> list[Figure]:
    """Measures in processes of its own and against a server on loopback; about 90 CPU-seconds."""
    return [*_import_costs(), *_call_overheads()]


def _import_costs() -> list[Figure]:
    figures: list[Figure] = []
    for module, target in _IMPORTS.items():
        costs = [_import_cpu_s(module) for _ in range(_STARTS)]
        figures.append(
            {
                "name": f"import {module}",
                "value": statistics.median(costs),
                "unit": "CPU-s",
                "target": target,
                "n": len(costs),
                "spread": spread(costs),
            }
        )
    return figures


def _import_cpu_s(module: str) -> float:
    code = f"import time; a = time.process_time(); import {module}; print(time.process_time() - a)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(run.stdout)


class _Bare(NamedTuple):
    """The shortest program that a user of a package would write."""

    typed: str
    path: str
    reply: dict[str, object]
    open: Callable[[str], Callable[[], str | None]]


def _call_overheads() -> list[Figure]:
    figures: list[Figure] = []
    for bare in _BARE_CALLS:
        with _serving(bare.reply) as address:
            without = bare.open(address + bare.path)
            provider = _provider(bare.typed, address + bare.path)
            times = _side_by_side(without, partial(_text, provider))
        added = [ours - theirs for theirs, ours in times]
        figures.append(
            {
                "name": f"{bare.typed}: bare call of the package, {_PLAN_BYTES:,} bytes of reply",
                "value": statistics.median(theirs for theirs, _ in times),
                "unit": "CPU-ms/call",
                "target": "",
                "n": len(times),
                "spread": spread([theirs for theirs, _ in times]),
            }
        )
        figures.append(
            {
                "name": f"{bare.typed}: what adapter, record and contract add to it",
                "value": statistics.median(added),
                "unit": "CPU-ms/call",
                "target": "<= 0.5",
                "n": len(added),
                "spread": spread(added),
            }
        )
    return figures


def _side_by_side(
    theirs: Callable[[], str | None], ours: Callable[[], str | None]
) -> list[tuple[float, float]]:
    def cpu_ms(call: Callable[[], str | None]) -> float:
        start = time.thread_time()
        text = call()
        spent = (time.thread_time() - start) * 1000
        assert text is not None
        assert len(text) == _PLAN_BYTES
        return spent

    return [(cpu_ms(theirs), cpu_ms(ours)) for _ in range(_CALLS + _WARM_UP)][_WARM_UP:]


def _provider(typed: str, base_url: str) -> Provider:
    name = read_name(typed)
    endpoint = Endpoint(
        provider=name.provider,
        label=name.label,
        model=name.model,
        base_url=base_url,
        api_key=SecretStr("bench"),
    )
    book = CapabilityBook()
    return Capable(open_adapter(endpoint, book), book, endpoint)


def _text(provider: Provider) -> str:
    return provider.complete(_REQUEST).text


def _openai(base_url: str) -> Callable[[], str | None]:
    import openai

    client = openai.OpenAI(api_key="bench", base_url=base_url, max_retries=0)

    def call() -> str | None:
        completion = client.chat.completions.create(
            model="gpt-4o",
            messages=[
                {"role": "system", "content": _REQUEST.system},
                {"role": "user", "content": _REQUEST.messages[0].text},
            ],
            extra_body={
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "plan", "strict": True, "schema": _REQUEST.schema},
                }
            },
            max_completion_tokens=_REQUEST.max_output_tokens,
        )
        return completion.choices[0].message.content

    return call


def _anthropic(base_url: str) -> Callable[[], str | None]:
    import anthropic

    client = anthropic.Anthropic(api_key="bench", base_url=base_url, max_retries=0)

    def call() -> str | None:
        message = client.messages.create(
            model="claude-opus-5",
            system=_REQUEST.system,
            messages=[{"role": "user", "content": _REQUEST.messages[0].text}],
            extra_body={
                "output_config": {"format": {"type": "json_schema", "schema": _REQUEST.schema}}
            },
            max_tokens=_REQUEST.max_output_tokens,
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
            contents=_REQUEST.messages[0].text,
            config=types.GenerateContentConfig(
                system_instruction=_REQUEST.system,
                response_mime_type="application/json",
                response_json_schema=_REQUEST.schema,
                max_output_tokens=_REQUEST.max_output_tokens,
            ),
        )
        return reply.text

    return call


_SAID = "x" * _PLAN_BYTES
_BARE_CALLS = (
    _Bare(
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
    _Bare(
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
    _Bare(
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

_SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY = sys.stdin.buffer.readline()

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)
    def log_message(self, *args):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@contextmanager
def _serving(reply: dict[str, object]) -> Iterator[str]:
    """Serves one reply from a process of its own, so that its time is not counted."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("the server has no pipes")
            process.stdin.write(json.dumps(reply) + "\n")
            process.stdin.flush()
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()
