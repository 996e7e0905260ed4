"""Puts the wrappers around adapters, in the one order that keeps the books true."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.prices import PriceBook
from planner.providers.contract import Provider, Purse
from planner.wrappers.budget import Budgeted
from planner.wrappers.fall_back import FallingBack
from planner.wrappers.limits import LimitConfig, Limited, Limiter
from planner.wrappers.retry import RetryConfig, Retrying

__all__ = ["ProviderStack"]


class ProviderStack:
    """Adapters, best first, with everything around them but a purse; shared by all episodes."""

    def __init__(
        self,
        adapters: Sequence[Provider],
        book: PriceBook,
        *,
        retry: RetryConfig | None = None,
        limits: LimitConfig | None = None,
        on_fall: Callable[[Provider, str], None] | None = None,
    ) -> None:
        """Makes one limiter for each adapter.

        Args:
            adapters: Best first, bare or recording.
            book: Prices; a model without one is passed over, never called for nothing.
            retry: How often each adapter is tried.
            limits: What each adapter may be asked per minute by this process.
            on_fall: Told which provider was given up and why.
        """
        self._parts = [(adapter, Limiter(limits)) for adapter in adapters]
        self._book = book
        self._retry = retry or RetryConfig()
        self._on_fall = on_fall

    @property
    def model(self) -> str:
        """The first adapter's model, empty when there is none."""
        return self._parts[0][0].model if self._parts else ""

    def for_purse(self, purse: Purse) -> Provider | None:
        """Returns the whole stack, paying from this purse; `None` when there is no adapter."""
        stacked = tuple(
            Retrying(Limited(Budgeted(adapter, purse, self._book), limiter), self._retry)
            for adapter, limiter in self._parts
        )
        if not stacked:
            return None
        if self._on_fall is None:
            return FallingBack(stacked)
        return FallingBack(stacked, self._on_fall)
