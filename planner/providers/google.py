"""Google's Gemini.

The one file that imports the `google-genai` package; importing this module costs what the package
costs.

    response_json_schema   the schema as it is (`response_schema` would lose its references), or
                           only the mime type with the schema in words
    time-out               in milliseconds

How a reply is read stands in `google_reply`.
"""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Callable

import httpx
from google import genai
from google.genai import errors, types
from pydantic import JsonValue

from planner.providers.bounded import HEADERS, MAX_REPLY_BYTES, BoundedBody, refuse_compressed
from planner.providers.capabilities import Capabilities, SchemaMode
from planner.providers.capability_book import CapabilityBook
from planner.providers.contract import (
    ModelReply,
    ModelRequest,
    ProviderError,
)
from planner.providers.endpoints import Endpoint
from planner.providers.failures import HttpFailure, connection_error, provider_error
from planner.providers.google_reply import reply_of, wait_asked_for
from planner.providers.schemas import spoken, strict
from planner.providers.wire import said_in, sent_features, temperature_of, top_logprobs_of

__all__ = ["GoogleGemini"]

_NO_CALLS = types.AutomaticFunctionCallingConfig(disable=True)


class GoogleGemini:
    """Generated content of one model at one server."""

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
        self._http = httpx.Client(
            headers=HEADERS,
            event_hooks={"response": [lambda response: _bound(response, max_reply_bytes)]},
        )
        self.close = weakref.finalize(self, self._http.close)
        """Closes the connections; closing twice is allowed."""
        self._client = genai.Client(
            vertexai=False,
            api_key=endpoint.api_key.get_secret_value(),
            http_options=types.HttpOptions(
                base_url=endpoint.base_url, httpx_client=self._http, retry_options=None
            ),
        )

    def __repr__(self) -> str:
        return f"GoogleGemini({self.model})"

    @property
    def name(self) -> str:
        """`google`."""
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
        except errors.APIError as error:
            failure = self._refusal(error, sent_features(request, record))
        except httpx.HTTPError as error:
            late = isinstance(error, httpx.TimeoutException)
            failure = connection_error(error, self._endpoint, late=late)
        else:
            latency_ms = round((self._clock() - start_s) * 1000)
            return reply_of(body, self._endpoint, latency_ms)
        failure.provider = self.name
        raise failure

    def _send(self, request: ModelRequest, record: Capabilities) -> str:
        system, messages = spoken(request, record)
        turns: list[types.ContentUnionDict] = [
            types.Content(
                role="user" if message.role == "user" else "model",
                parts=[types.Part(text=message.text)],
            )
            for message in messages
        ]
        asks_json = request.schema is not None and record.schema_mode is not SchemaMode.TEXT
        top = top_logprobs_of(request, record)
        config = types.GenerateContentConfig(
            system_instruction=system or None,
            max_output_tokens=request.max_output_tokens,
            temperature=temperature_of(request, record),
            response_logprobs=True if top else None,
            logprobs=top or None,
            response_mime_type="application/json" if asks_json else None,
            response_json_schema=_schema(request, record),
            automatic_function_calling=_NO_CALLS,
            should_return_http_response=True,
            http_options=types.HttpOptions(timeout=max(1, round(request.timeout_s * 1000))),
        )
        model = self._endpoint.model
        reply = self._client.models.generate_content(model=model, contents=turns, config=config)
        return (reply.sdk_http_response and reply.sdk_http_response.body) or ""

    def _refusal(self, error: errors.APIError, sent: frozenset[str]) -> ProviderError:
        message, code = said_in(error.details, "status")
        response = error.response
        http = HttpFailure(
            status=error.code,
            message=message or str(error.message or error.details),
            code=code,
            headers=response.headers if isinstance(response, httpx.Response) else {},
        )
        failure = provider_error(http, self._endpoint, sent)
        if failure.retry_after_s is None:
            failure.retry_after_s = wait_asked_for(error.details)
        return failure


def _schema(request: ModelRequest, record: Capabilities) -> dict[str, JsonValue] | None:
    if request.schema is None or record.schema_mode is not SchemaMode.JSON_SCHEMA:
        return None
    return strict(request.schema)


class _Body(BoundedBody, httpx.SyncByteStream):
    timeouts = (httpx.TimeoutException,)
    breaks = (httpx.TransportError,)


def _bound(response: httpx.Response, limit: int) -> None:
    refuse_compressed(response.headers.get("content-encoding", ""))
    stream = response.stream
    if isinstance(stream, httpx.SyncByteStream):
        read_s = response.request.extensions.get("timeout", {}).get("read") or math.inf
        deadline_s = time.monotonic() + read_s
        response.stream = _Body(stream, stream.close, deadline_s=deadline_s, limit=limit)
