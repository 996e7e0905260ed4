"""Anthropic's messages.

The one file that imports the `anthropic` package; importing this module costs what the package
costs.

    output_config    a JSON schema; there is no `json_object`, so that step is taken in words
    temperature      no parameter of the package; it goes into the body, for models that take it
    log-probabilities are never given

How a reply is read stands in `anthropic_reply`.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable

import anthropic
from anthropic import omit
from anthropic.types import MessageParam, OutputConfigParam

from planner.providers.anthropic_reply import reply_of
from planner.providers.bounded import MAX_REPLY_BYTES
from planner.providers.capabilities import Capabilities, SchemaMode
from planner.providers.capability_book import CapabilityBook
from planner.providers.contract import (
    ChatMessage,
    ModelReply,
    ModelRequest,
    ProviderError,
)
from planner.providers.endpoints import Endpoint
from planner.providers.failures import HttpFailure, connection_error, provider_error
from planner.providers.http_client import bounded_client
from planner.providers.schemas import spoken, strict
from planner.providers.wire import said_in, sent_features, temperature_of

__all__ = ["AnthropicMessages"]


class AnthropicMessages:
    """Messages of one model at one server."""

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
        self._client = anthropic.Anthropic(
            api_key=endpoint.api_key.get_secret_value(),
            base_url=endpoint.base_url,
            max_retries=0,
            http_client=self._http,
        )

    def __repr__(self) -> str:
        return f"AnthropicMessages({self.model})"

    @property
    def name(self) -> str:
        """`anthropic`."""
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
        except anthropic.AnthropicError as error:
            failure = self._failure(error, sent_features(request, record))
        else:
            latency_ms = round((self._clock() - start_s) * 1000)
            return reply_of(body, self._endpoint, latency_ms)
        failure.provider = self.name
        raise failure

    def _send(self, request: ModelRequest, record: Capabilities) -> bytes:
        system, messages = spoken(request, record)
        turns = [_turn(message) for message in messages]
        output: OutputConfigParam = {}
        if request.schema is not None and record.schema_mode is SchemaMode.JSON_SCHEMA:
            schema: dict[str, object] = {**strict(request.schema)}
            output["format"] = {"type": "json_schema", "schema": schema}
        # The package warns about an old model at each call, and a warning can be an error: the name
        # goes into the body, where it does not look.
        body: dict[str, object] = {"model": self._endpoint.model}
        temperature = temperature_of(request, record)
        if temperature is not None:
            body["temperature"] = temperature
        raw = self._client.messages.with_raw_response.create(
            model="",
            max_tokens=request.max_output_tokens,
            system=system or omit,
            messages=turns,
            output_config=output or omit,
            extra_body=body,
            timeout=request.timeout_s,
        )
        return raw.read()

    def _failure(self, error: anthropic.AnthropicError, sent: frozenset[str]) -> ProviderError:
        if isinstance(error, anthropic.APIStatusError):
            message, code = said_in(error.body, "type")
            http = HttpFailure(
                status=error.status_code,
                message=message or str(error),
                code=code,
                headers=error.response.headers,
            )
            return provider_error(http, self._endpoint, sent)
        late = isinstance(error, anthropic.APITimeoutError)
        return connection_error(error, self._endpoint, late=late)


def _turn(message: ChatMessage) -> MessageParam:
    if message.role == "user":
        return {"role": "user", "content": message.text}
    return {"role": "assistant", "content": message.text}
