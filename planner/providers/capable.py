"""Asks again without what a server does not take.

    Retry( Capable( Budget( Adapter )))

`Capable` stands outside of the budget, so each of its tries is reserved and settled on its own; it
stands inside of the retry, so a rate limit between two tries keeps what was learned. A refused try
is one request that the provider does not bill. What was learned stays when the request comes
through in the end, or fails for another reason; a server that refuses every form teaches nothing.
The adapter reads the same record, and leaves out
what is not in it, so what one call learns every later one knows.
"""

from __future__ import annotations

from dataclasses import replace

from planner.providers.capabilities import FEATURES
from planner.providers.capability_book import CapabilityBook
from planner.providers.contract import (
    ModelReply,
    ModelRequest,
    Provider,
    RequestRefusedError,
    UnsupportedError,
)
from planner.providers.endpoints import Endpoint

__all__ = ["MAX_TRIES", "Capable"]

MAX_TRIES = len(FEATURES) + 2
"""One, one more per feature, and schemas have two steps: a record has no more to give up."""


class Capable:
    """A provider whose `UnsupportedError` never gets out: it is a reply or a refusal."""

    def __init__(self, inner: Provider, book: CapabilityBook, endpoint: Endpoint) -> None:
        """`book` and `endpoint` are those of the adapter inside."""
        self._inner = inner
        self._book = book
        self._endpoint = endpoint

    @property
    def name(self) -> str:
        """The inner name."""
        return self._inner.name

    @property
    def model(self) -> str:
        """The inner model."""
        return self._inner.model

    def complete(self, request: ModelRequest) -> ModelReply:
        """Returns the reply to the strongest form of the request that the server takes.

        Try number n > 1 has the id `<id>~n`. `attempts` of the reply counts the refused tries.

        Raises:
            RequestRefusedError: Nothing is left to give up.
            ProviderError: As the inner provider raises it.
        """
        refusal: UnsupportedError | None = None
        before = self._book.record(self._endpoint)
        for number in range(1, MAX_TRIES + 1):
            used = self._book.record(self._endpoint)
            tried = request if number == 1 else replace(request, id=f"{request.id}~{number}")
            try:
                reply = self._inner.complete(tried)
            except UnsupportedError as error:
                refusal = error
                if not self._book.downgrade(self._endpoint, error.parameter, used):
                    break
            else:
                return replace(reply, attempts=reply.attempts + number - 1)
        self._book.know(self._endpoint, before)
        raise RequestRefusedError(str(refusal), provider=self.name) from refusal
