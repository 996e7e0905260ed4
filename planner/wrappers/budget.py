"""No call without money: reserve the most it can cost, then settle what it did cost.

    before    reserve(bound)     refused, or no price known -> SpendRefusedError, nothing is sent
    reply     settle(cost of the usage), at the bound where the provider does not tell the usage
    error     cannot be billed   refund
              may be billed      settle at the bound
    anything else (a signal, a bug) while the request was out: settle at the bound

What can be billed, unless the error itself says (`ProviderError.may_be_billed`):

    429, 401, 403, 4xx, refused spend   no
    overload                            yes: a connection may have been reset after the request
    time-out, broken reply              yes

A provider that bills more than the bound breaks its own limits. The bound is settled, and the rest
is reserved and settled by itself where there is money, so that the books stay true; where there is
none, `unpaid` tells how much nobody paid.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from core.errors import ConfigurationError
from planner.prices import ModelPrices, PriceBook
from planner.providers.contract import (
    BrokenReplyError,
    ModelReply,
    ModelRequest,
    OverloadedError,
    Provider,
    ProviderError,
    ProviderTimeoutError,
    Purse,
    SpendRefusedError,
)
from planner.wrappers.wrapped import Wrapped

__all__ = ["Budgeted", "may_be_billed"]

_BILLED = (OverloadedError, ProviderTimeoutError, BrokenReplyError)


def may_be_billed(error: ProviderError) -> bool:
    """Returns whether the provider may ask money for a request that ended so."""
    if error.may_be_billed is not None:
        return error.may_be_billed
    return isinstance(error, _BILLED)


@dataclass(slots=True)
class Budgeted(Wrapped):
    """A provider that asks a purse before it calls; safe where its purse is."""

    inner: Provider
    purse: Purse
    book: PriceBook
    unpaid: int = 0
    """Micro-dollars billed beyond a bound for which there was no money left."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def complete(self, request: ModelRequest) -> ModelReply:
        """Returns the inner reply, paid for.

        Raises:
            SpendRefusedError: The budget does not allow it or nobody knows the price.
            ProviderError: The inner provider's.
        """
        if request.max_output_tokens < 1:
            raise ConfigurationError(f"{request.max_output_tokens} output tokens cannot be priced")
        prices = self.book.prices(self.name, self.model)
        bound = prices.bound(request)
        refused = self.purse.reserve(request.id, bound)
        if refused:
            raise SpendRefusedError(
                f"{self.model} may cost {bound} micro-dollars for this call: {refused}",
                provider=self.name,
            )
        try:
            reply = self.inner.complete(request)
        except ProviderError as error:
            if may_be_billed(error):
                self.purse.settle(request.id, bound)
            else:
                self.purse.refund(request.id)
            raise
        except BaseException:
            self.purse.settle(request.id, bound)
            raise
        self._pay(request, reply, prices, bound)
        return reply

    def _pay(
        self, request: ModelRequest, reply: ModelReply, prices: ModelPrices, bound: int
    ) -> None:
        cost = bound if reply.usage is None else prices.cost(reply.usage)
        self.purse.settle(request.id, min(cost, bound))
        excess = cost - bound
        if excess <= 0:
            return
        extra = f"{request.id}/beyond-bound"
        if self.purse.reserve(extra, excess):
            with self._lock:
                self.unpaid += excess
        else:
            self.purse.settle(extra, excess)
