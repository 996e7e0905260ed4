"""A provider that says what a script says: for tests, examples and demonstrations.

    ScriptedProvider(["first reply", RateLimitedError("slow down"), "second reply"])
    ScriptedProvider(lambda request: f"you said: {request.messages[-1].text}")

It needs no key and no network, and keeps every request it was asked. Text becomes a reply that
stopped by itself, with a token per four bytes of text on each side.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from core.errors import InvariantError
from planner.providers.contract import (
    FinishReason,
    ModelReply,
    ModelRequest,
    ProviderError,
    Usage,
)
from planner.providers.schemas import longest_form

__all__ = ["ScriptedAnswer", "ScriptedProvider"]

ScriptedAnswer = str | ModelReply | ProviderError
"""Text, a whole reply, or an error to raise."""


class ScriptedProvider:
    """Answers in order, or by a function; safe to call from several threads."""

    def __init__(
        self,
        script: Iterable[ScriptedAnswer] | Callable[[ModelRequest], ScriptedAnswer],
        *,
        name: str = "scripted",
        model: str = "scripted",
    ) -> None:
        """A function is called outside of any lock, once per request."""
        self.requests: list[ModelRequest] = []
        """What was asked, in order of arrival."""
        self._name = name
        self._model = model
        self._by_function = script if callable(script) else None
        self._in_order = deque[ScriptedAnswer]() if callable(script) else deque(script)
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """As given."""
        return self._name

    @property
    def model(self) -> str:
        """As given."""
        return self._model

    def complete(self, request: ModelRequest) -> ModelReply:
        """Returns the next answer.

        Raises:
            ProviderError: The script says so.
            InvariantError: The script is used up: the caller asked more often than it should.
        """
        with self._lock:
            self.requests.append(request)
            if self._by_function is None and not self._in_order:
                raise InvariantError(f"the script has no answer to request {len(self.requests)}")
            answer = None if self._by_function else self._in_order.popleft()
        if self._by_function:
            answer = self._by_function(request)
        if isinstance(answer, ProviderError):
            raise answer
        return answer if isinstance(answer, ModelReply) else self._spoken(request, answer or "")

    def _spoken(self, request: ModelRequest, text: str) -> ModelReply:
        return ModelReply(
            text=text,
            finish=FinishReason.STOP,
            usage=Usage(input_tokens=_tokens(longest_form(request)), output_tokens=_tokens(text)),
            provider=self._name,
            model=self._model,
        )


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // 4)
