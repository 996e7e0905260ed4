"""OpenAI's chat completions, and every server that speaks them.

The one file that imports the `openai` package; importing this module costs what the package costs.

    response_format    json_schema (strict), or json_object with the schema in words
    output limit       max_completion_tokens, or max_tokens for servers that know only that

A compatible server (vLLM, llama.cpp, Ollama, a gateway) needs a base URL and nothing else. What it
cannot do, its capability record says or its refusals tell. How a reply is read: `openai_reply`.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable

import openai
from openai import omit
from openai.types.chat import ChatCompletionMessageParam
from pydantic import JsonValue

from planner.providers.bounded import MAX_REPLY_BYTES
from planner.providers.capabilities import Capabilities, SchemaMode
from planner.providers.capability_book import CapabilityBook
from planner.providers.contract import (
    ModelReply,
    ModelRequest,
    ProviderError,
)
from planner.providers.endpoints import Endpoint
from planner.providers.failures import HttpFailure, connection_error, provider_error
from planner.providers.http_client import bounded_client
from planner.providers.openai_reply import reply_of
from planner.providers.schemas import spoken, strict
from planner.providers.wire import said_in, sent_features, temperature_of, top_logprobs_of

__all__ = ["OpenAIChat"]


class OpenAIChat:
    """Chat completions of one model at one server."""

    def __init__(
        self,
        endpoint: Endpoint,
        book: CapabilityBook,
        *,
        max_reply_bytes: int = MAX_REPLY_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Opens no connection yet; `clock` gives seconds."""
        self._endpoint = endpoint
        self._book = book
        self._clock = clock
        self._http = bounded_client(max_reply_bytes)
        self.close = weakref.finalize(self, self._http.close)
        """Closes the connections; closing twice is allowed."""
        self._client = openai.OpenAI(
            api_key=endpoint.api_key.get_secret_value(),
            base_url=endpoint.base_url,
            max_retries=0,
            http_client=self._http,
        )
        if endpoint.provider != "openai":  # the package reads these two from the environment
            self._client.organization = None
            self._client.project = None

    def __repr__(self) -> str:
        return f"OpenAIChat({self.name}, {self.model})"

    @property
    def name(self) -> str:
        """`openai`, or `local` for a server of the same wire format."""
        return self._endpoint.provider

    @property
    def model(self) -> str:
        """The model's name as the user typed it."""
        return self._endpoint.label

    def complete(self, request: ModelRequest) -> ModelReply:
        """Returns the model's reply.

        Raises:
            ProviderError: There is none. It has no cause: the package's own errors may show the
                key when a server repeats it.
        """
        record = self._book.record(self._endpoint)
        start_s = self._clock()
        try:
            body = self._send(request, record)
        except ProviderError as error:
            failure = error
        except openai.OpenAIError as error:
            failure = self._failure(error, sent_features(request, record))
        else:
            latency_ms = round((self._clock() - start_s) * 1000)
            return reply_of(body, self._endpoint, latency_ms)
        failure.provider = self.name
        raise failure

    def _send(self, request: ModelRequest, record: Capabilities) -> bytes:
        system, messages = spoken(request, record)
        turns: list[ChatCompletionMessageParam] = []
        if system:
            turns.append({"role": "system", "content": system})
        for message in messages:
            if message.role == "user":
                turns.append({"role": "user", "content": message.text})
            else:
                turns.append({"role": "assistant", "content": message.text})
        temperature = temperature_of(request, record)
        top = top_logprobs_of(request, record)
        limit = request.max_output_tokens
        raw = self._client.chat.completions.with_raw_response.create(
            model=self._endpoint.model,
            messages=turns,
            max_completion_tokens=limit if record.max_completion_tokens else omit,
            max_tokens=omit if record.max_completion_tokens else limit,
            temperature=omit if temperature is None else temperature,
            logprobs=True if top else omit,
            top_logprobs=top or omit,
            extra_body=self._response_format(request, record),
            timeout=request.timeout_s,
        )
        return raw.content

    def _response_format(
        self, request: ModelRequest, record: Capabilities
    ) -> dict[str, JsonValue] | None:
        if request.schema is None or record.schema_mode is SchemaMode.TEXT:
            return None
        if record.schema_mode is SchemaMode.JSON_SCHEMA:
            named: dict[str, JsonValue] = {
                "name": request.schema_name or "answer",
                "strict": True,
                "schema": strict(request.schema),
            }
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        wanted: dict[str, JsonValue] = {"type": "json_object"}
        if self.name == "local":  # llama.cpp makes a grammar of it; OpenAI would refuse it
            wanted["schema"] = strict(request.schema)
        return {"response_format": wanted}

    def _failure(self, error: openai.OpenAIError, sent: frozenset[str]) -> ProviderError:
        if isinstance(error, openai.APIStatusError):
            message, code = said_in(error.body, "type", "code", "param")
            http = HttpFailure(
                status=error.status_code,
                message=message or str(error),
                code=code,
                headers=error.response.headers,
            )
            return provider_error(http, self._endpoint, sent)
        late = isinstance(error, openai.APITimeoutError)
        return connection_error(error, self._endpoint, late=late)
