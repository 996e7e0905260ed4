"""Recording a provider's answers on a cassette, and playing them instead of asking again.

    Recording             asks, writes down reply or error, hands it on
    Replaying strict      plays; a request that was never recorded is refused
    Replaying, else asks  plays; a request that was never recorded is asked and recorded

`Replaying` stands where the adapter would stand, so money is reserved and settled for a played
answer as for a real one.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.providers.contract import (
    ModelReply,
    ModelRequest,
    Provider,
    ProviderError,
    RequestRefusedError,
)
from planner.wrappers.cassette import Cassette, copied, request_key
from planner.wrappers.wrapped import Wrapped

__all__ = ["Recording", "Replaying"]


@dataclass(frozen=True, slots=True)
class Recording(Wrapped):
    """A provider whose answers are written down."""

    inner: Provider
    cassette: Cassette

    def complete(self, request: ModelRequest) -> ModelReply:
        """Returns the inner reply.

        Raises:
            ProviderError: The inner provider's; it is recorded too.
        """
        try:
            reply = self.inner.complete(request)
        except ProviderError as error:
            self.cassette.add(self.name, self.model, request, error)
            raise
        self.cassette.add(self.name, self.model, request, reply)
        return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaying:
    """A provider that answers from a cassette."""

    cassette: Cassette
    name: str
    """The provider that was recorded."""
    model: str
    otherwise: Provider | None = None
    """Asked, and recorded, for requests that the cassette does not have; `None`: strict."""

    def complete(self, request: ModelRequest) -> ModelReply:
        """Returns the recorded reply.

        Raises:
            RequestRefusedError: Strict, and the request was never recorded.
            ProviderError: What was recorded.
        """
        outcome = self.cassette.play(request_key(self.name, self.model, request))
        if isinstance(outcome, ProviderError):
            raise copied(outcome)
        if outcome is not None:
            return outcome
        if self.otherwise is not None:
            return Recording(self.otherwise, self.cassette).complete(request)
        raise RequestRefusedError(
            f"{self.cassette.path} has no answer of {self.model} to request {request.id!r} "
            f"(key {request_key(self.name, self.model, request)}); record it again",
            provider=self.name,
        )
