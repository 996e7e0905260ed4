"""Tells whoever listens of each call, with what it has cost: the outermost wrapper.

    Telling( FallingBack( Retrying( ... )))

It stands around one purse of one spender, so what was settled between a request and its reply was
settled for that request.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from core.model_calls import CallListener, ModelCall, Purse
from planner.providers.contract import (
    FinishReason,
    ModelReply,
    ModelRequest,
    Provider,
    ProviderError,
)
from planner.wrappers.purses import MeteredPurse
from planner.wrappers.wrapped import Wrapped

__all__ = ["Telling", "telling"]

_MAX_PROBLEM = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling(Wrapped):
    """A provider whose calls are heard of; for one thread at a time."""

    inner: Provider
    purse: MeteredPurse
    """What `inner` pays from."""
    listener: CallListener
    clock: Callable[[], float] = time.monotonic
    """Seconds."""

    def complete(self, request: ModelRequest) -> ModelReply:
        """Returns the inner reply.

        Raises:
            ProviderError: The inner provider's; it is told too.
        """
        before, started = self.purse.spent, self.clock()
        reply, problem = None, "broke off"
        try:
            reply = self.inner.complete(request)
            problem = "" if reply.finish is FinishReason.STOP else f"ended with {reply.finish}"
            return reply
        except ProviderError as error:
            problem = f"{type(error).__name__}: {error}"[:_MAX_PROBLEM]
            raise
        finally:
            took_ms = round((self.clock() - started) * 1_000)
            spent = self.purse.spent - before
            self.listener.hear(self._call(request, reply, spent, took_ms, problem))

    def _call(
        self, request: ModelRequest, reply: ModelReply | None, spent: int, took_ms: int, why: str
    ) -> ModelCall:
        usage = None if reply is None else reply.usage
        return ModelCall(
            request=request.id,
            purpose=request.schema_name,
            prompt=request.prompt,
            model=self.model if reply is None else reply.model or self.model,
            input_tokens=0
            if usage is None
            else usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
            output_tokens=0 if usage is None else usage.output_tokens,
            attempts=1 if reply is None else reply.attempts,
            spent=spent,
            latency_ms=took_ms,
            problem=why,
        )


def telling(
    stack: Callable[[Purse], Provider | None],
) -> Callable[[Purse], Provider | None]:
    """Returns a stack that tells each purse of the calls it pays for, where the purse listens.

    Args:
        stack: Makes a provider that pays from a purse, as `ProviderStack.for_purse`.
    """

    def for_purse(purse: Purse) -> Provider | None:
        listener = _listener(purse)
        if listener is None:
            return stack(purse)
        metered = MeteredPurse(purse)
        provider = stack(metered)
        if provider is None:
            return None
        return Telling(inner=provider, purse=metered, listener=listener)

    return for_purse


def _listener(purse: Purse) -> CallListener | None:
    while isinstance(purse, MeteredPurse):
        purse = purse.inner
    return purse if isinstance(purse, CallListener) else None
