"""Tries again what may pass: exponential back-off with full jitter.

    wait before attempt n + 1 = uniform(0, min(longest, first · 2^(n-1))), n = 1, 2, ...
    with `Retry-After`          that long, plus uniform(0, first)

Tried again: too many requests, overload, no answer in time, a broken reply. Everything else fails
at once, and so does a wait that would end after the time allowed. Each attempt has an id of its own
(`request#2`), so that money is reserved and settled for each attempt by itself.

Full jitter: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.errors import ConfigurationError
from planner.providers.contract import (
    BrokenReplyError,
    ModelReply,
    ModelRequest,
    OverloadedError,
    Provider,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
)
from planner.wrappers.wrapped import Wrapped

__all__ = ["MAY_PASS", "RetryConfig", "Retrying"]

MAY_PASS = (RateLimitedError, OverloadedError, ProviderTimeoutError, BrokenReplyError)
"""Errors after which the same request may succeed."""
_LEAST_TIMEOUT_S = 1.0
"""An attempt that gets less than this is not worth its money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryConfig:
    """How often and how long; a call costs at most `max_attempts` upper bounds."""

    max_attempts: int = 4
    """Attempts in all, the first one included."""
    first_wait_s: float = 0.5
    longest_wait_s: float = 20.0
    """Longest wait of our own choice; a provider may ask for more."""
    max_total_s: float = 120.0
    """From the first attempt on; none starts later, and its time-out is cut to what is left."""

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ConfigurationError(f"max_attempts is at least 1, not {self.max_attempts}")
        if not 0 <= self.first_wait_s <= self.longest_wait_s:
            raise ConfigurationError(
                f"waits are 0 <= first <= longest, not {self.first_wait_s}, {self.longest_wait_s}"
            )
        if self.max_total_s <= 0:
            raise ConfigurationError(f"max_total_s is positive, not {self.max_total_s}")


@dataclass(frozen=True, slots=True)
class Retrying(Wrapped):
    """A provider that does not give up at once."""

    inner: Provider
    config: RetryConfig = RetryConfig()
    clock: Callable[[], float] = time.monotonic
    """Seconds."""
    sleep: Callable[[float], None] = time.sleep
    rng: random.Random = field(default_factory=random.Random)

    def complete(self, request: ModelRequest) -> ModelReply:
        """Returns the first reply that an attempt gives; `attempts` also counts those that failed.

        Raises:
            ProviderError: The last attempt's.
        """
        started = self.clock()
        attempt = 1
        while True:
            left = self.config.max_total_s - (self.clock() - started)
            tried = replace(
                request,
                id=request.id if attempt == 1 else f"{request.id}#{attempt}",
                timeout_s=min(request.timeout_s, max(left, _LEAST_TIMEOUT_S)),
            )
            try:
                reply = self.inner.complete(tried)
            except MAY_PASS as error:
                wait = self._wait(attempt, error)
                left = self.config.max_total_s - (self.clock() - started)
                if attempt >= self.config.max_attempts or wait + _LEAST_TIMEOUT_S > left:
                    raise
                self.sleep(wait)
                attempt += 1
            else:
                return replace(reply, attempts=reply.attempts + attempt - 1)

    def _wait(self, attempt: int, error: ProviderError) -> float:
        if error.retry_after_s is not None:
            return error.retry_after_s + self.rng.uniform(0, self.config.first_wait_s)
        ceiling = min(self.config.longest_wait_s, self.config.first_wait_s * 2.0 ** (attempt - 1))
        return self.rng.uniform(0, ceiling)
