"""Puts the wrappers around adapters, in the one order that keeps the books true.

    Thrifty( FallingBack( Retrying( Capable( Limited( Budgeted( adapter )))), ...the next... ))

A stack is made once and shared; a purse makes it a provider for one episode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from planner.credentials import Credentials
from planner.prices import PriceBook
from planner.providers.capability_book import CapabilityBook
from planner.providers.capable import Capable
from planner.providers.contract import CredentialsError, Provider, Purse
from planner.providers.naming import RULES, endpoint_of, open_adapter
from planner.wrappers.budget import Budgeted
from planner.wrappers.fall_back import FallingBack
from planner.wrappers.limits import LimitConfig, Limited, Limiter
from planner.wrappers.retry import RetryConfig, Retrying
from planner.wrappers.thrift import Thrifty

__all__ = ["ProviderStack", "StackedAdapter", "open_stack"]


def _as_it_is(provider: Provider) -> Provider:
    return provider


def _nobody_listens(who: str, problem: str) -> None:
    del who, problem


@dataclass(frozen=True, slots=True)
class StackedAdapter:
    """An adapter and what belongs between its retries and its budget."""

    adapter: Provider
    """Bare, recording or replaying."""
    lessened: Callable[[Provider], Provider] = _as_it_is
    """Wraps it in a `Capable`, which asks again without what a server does not take."""


class ProviderStack:
    """Adapters, best first, with everything around them but a purse; shared by all episodes."""

    def __init__(
        self,
        adapters: Sequence[StackedAdapter],
        book: PriceBook,
        *,
        retry: RetryConfig | None = None,
        limits: LimitConfig | None = None,
        on_fall: Callable[[str, str], None] = _nobody_listens,
    ) -> None:
        """Makes one limiter for each adapter.

        Args:
            adapters: Best first.
            book: Prices; a model without one is passed over, never called for nothing.
            retry: How often each adapter is tried.
            limits: What each adapter may be asked per minute by this process.
            on_fall: Told the model that was given up, and why.
        """
        self._parts = [(part, Limiter(limits)) for part in adapters]
        self._book = book
        self._retry = retry or RetryConfig()
        self._on_fall = on_fall

    @property
    def model(self) -> str:
        """The first adapter's model, empty when there is none."""
        return self._parts[0][0].adapter.model if self._parts else ""

    def for_purse(self, purse: Purse) -> Provider | None:
        """Returns the whole stack, paying from this purse; `None` when there is no adapter."""
        stacked = tuple(self._stacked(part, limiter, purse) for part, limiter in self._parts)
        return Thrifty(FallingBack(stacked, self._on_fall)) if stacked else None

    def _stacked(self, part: StackedAdapter, limiter: Limiter, purse: Purse) -> Provider:
        paid = Limited(Budgeted(part.adapter, purse, self._book), limiter)
        return Retrying(part.lessened(paid), self._retry)


def open_stack(
    models: Sequence[str],
    credentials: Credentials,
    book: PriceBook,
    *,
    capabilities: CapabilityBook | None = None,
    retry: RetryConfig | None = None,
    limits: LimitConfig | None = None,
    on_fall: Callable[[str, str], None] = _nobody_listens,
) -> ProviderStack:
    """Opens models by the names that people type, best first; imports their packages.

    A model without a usable key is passed over and told to `on_fall`; `rules` and what stands
    after it are never asked, since rules always answer.

    Raises:
        ConfigurationError: A name or an address is wrong.
    """
    known = capabilities or CapabilityBook()
    adapters = []
    for typed in models:
        if typed.strip() == RULES:
            break
        try:
            adapters.append(_opened(typed, credentials, known))
        except CredentialsError as error:
            on_fall(typed, f"CredentialsError: {error}")
    return ProviderStack(adapters, book, retry=retry, limits=limits, on_fall=on_fall)


def _opened(typed: str, credentials: Credentials, known: CapabilityBook) -> StackedAdapter:
    endpoint = endpoint_of(typed, credentials)
    return StackedAdapter(
        open_adapter(endpoint, known), lambda inner: Capable(inner, known, endpoint)
    )
