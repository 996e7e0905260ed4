"""Keeps a provider's limits: requests in flight, requests and tokens per minute.

    rate     a place in time is taken under a lock, the wait for it happens outside (GCRA): a caller
             that comes when all is quiet goes at once, bursts up to `burst` requests go together,
             the rest are spread evenly
    tokens   the same, weighted by the tokens that the request is expected to use; what it really
             used is corrected afterwards, so that a poor guess is paid for by the next caller
    flight   a semaphore

A wait longer than allowed raises, and nothing has been sent or reserved. One `Limiter` holds for
all callers of this process that share it; processes divide the provider's limits among them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import ConfigurationError
from planner.prices import input_token_bound
from planner.providers.contract import ModelReply, ModelRequest, Provider, RateLimitedError
from planner.wrappers.wrapped import Wrapped

__all__ = ["LimitConfig", "Limited", "Limiter"]

_BYTES_PER_TOKEN = 4
"""Typical of prose; only a guess until the usage is known."""
_TOKEN_BURST_S = 15.0
"""Seconds of the token rate that may go at once after a quiet time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitConfig:
    """A provider's limits as this process may use them."""

    in_flight: int = 8
    requests_per_minute: float = 600.0
    tokens_per_minute: float = 2_000_000.0
    """Input and output together."""
    burst: int = 8
    """Requests that may go at once after a quiet time."""
    max_wait_s: float = 60.0

    def __post_init__(self) -> None:
        for name in ("in_flight", "requests_per_minute", "tokens_per_minute", "burst"):
            if getattr(self, name) <= 0:
                raise ConfigurationError(f"{name} is positive, not {getattr(self, name)!r}")


class Limiter:
    """The shared state of one provider's limits; safe for many threads."""

    def __init__(
        self,
        config: LimitConfig | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Starts with nothing in flight and the full burst free."""
        self.config = config or LimitConfig()
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._flight = threading.BoundedSemaphore(self.config.in_flight)
        self._requests_until = 0.0
        self._tokens_until = 0.0

    def enter(self, tokens: int) -> None:
        """Waits for a turn.

        Args:
            tokens: What the request is expected to use.

        Raises:
            RateLimitedError: The turn would come later than `max_wait_s`.
        """
        wait = self._take_turn(tokens)
        if wait > 0:
            self._sleep(wait)
        if not self._flight.acquire(timeout=self.config.max_wait_s):
            raise RateLimitedError(
                f"{self.config.in_flight} requests have been in flight for "
                f"{self.config.max_wait_s:g} s",
                may_be_billed=False,
            )

    def leave(self, expected: int, used: int) -> None:
        """Ends a request and corrects what was expected of it by what it used, in tokens."""
        with self._lock:
            self._tokens_until += (used - expected) * 60.0 / self.config.tokens_per_minute
        self._flight.release()

    def _take_turn(self, tokens: int) -> float:
        """Returns seconds to wait, having taken the turn."""
        per_request = 60.0 / self.config.requests_per_minute
        per_token = 60.0 / self.config.tokens_per_minute
        slack = per_request * (self.config.burst - 1)
        with self._lock:
            now = self._clock()
            requests_at = max(self._requests_until, now)
            tokens_at = max(self._tokens_until, now)
            # Within its burst a bucket may run ahead of the clock; beyond it, callers wait.
            wait = max(requests_at - slack - now, tokens_at - _TOKEN_BURST_S - now, 0.0)
            if wait > self.config.max_wait_s:
                raise RateLimitedError(
                    f"the next turn comes in {wait:.1f} s, at most {self.config.max_wait_s:g} s "
                    "are waited for",
                    retry_after_s=wait,
                    may_be_billed=False,
                )
            self._requests_until = requests_at + per_request
            self._tokens_until = tokens_at + tokens * per_token
            return wait


@dataclass(frozen=True, slots=True)
class Limited(Wrapped):
    """A provider whose callers take turns."""

    inner: Provider
    limiter: Limiter

    def complete(self, request: ModelRequest) -> ModelReply:
        """Returns the inner reply, when it is this caller's turn.

        Raises:
            RateLimitedError: The turn would come too late; nothing was sent.
            ProviderError: The inner provider's.
        """
        expected = input_token_bound(request) // _BYTES_PER_TOKEN + request.max_output_tokens // 2
        self.limiter.enter(expected)
        used = expected
        try:
            reply = self.inner.complete(request)
            if reply.usage is not None:
                usage = reply.usage
                used = usage.input_tokens + usage.cache_write_tokens + usage.output_tokens
            return reply
        finally:
            self.limiter.leave(expected, used)
