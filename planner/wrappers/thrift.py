"""Asks for a shorter answer when there is no money for a long one.

A reservation is made for the whole output limit, and most answers are far shorter. So when the
budget refuses the limit that was asked for, half of it is tried, and so on down to the least that
is of use. A refused reservation sends nothing and costs nothing. An answer that the lower limit
cuts off comes back as cut off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.errors import ConfigurationError
from planner.prices import UnpricedModelError
from planner.providers.contract import (
    ModelReply,
    ModelRequest,
    Provider,
    ProviderError,
    SpendRefusedError,
)
from planner.wrappers.fall_back import AllProvidersFailedError
from planner.wrappers.wrapped import Wrapped

__all__ = ["Thrifty"]


@dataclass(frozen=True, slots=True)
class Thrifty(Wrapped):
    """A provider that makes do with less; stands around a list of providers."""

    inner: Provider
    least_output_tokens: int = 1_000
    """No shorter answer is asked for; a request for less is never touched."""

    def __post_init__(self) -> None:
        if self.least_output_tokens < 1:
            raise ConfigurationError(f"an answer has tokens, not {self.least_output_tokens}")

    def complete(self, request: ModelRequest) -> ModelReply:
        """Returns the inner reply to the longest answer that there is money for.

        Raises:
            ProviderError: The inner provider's, for the shortest answer that was asked for.
        """
        asked = request
        halvings = 0
        while True:
            try:
                return self.inner.complete(asked)
            except ProviderError as error:
                shorter = asked.max_output_tokens // 2
                if not _is_about_money(error) or shorter < self.least_output_tokens:
                    raise
                halvings += 1
                asked = replace(request, id=f"{request.id}%{halvings}", max_output_tokens=shorter)


def _is_about_money(error: ProviderError) -> bool:
    """Returns whether a smaller request may be granted: money was refused, and a price is known."""
    if isinstance(error, AllProvidersFailedError):
        return any(_is_about_money(one) for one in error.errors)
    return isinstance(error, SpendRefusedError) and not isinstance(error, UnpricedModelError)
