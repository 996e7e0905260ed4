"""What one attempt at a subtask, or one plan, pays its model with.

    reserve ──> the ledger, before the call          hear ──> kept, until the shell tells of it
    settle, refund ──> the ledger, after it          close ──> what is still out counts in full

A thread that asks a model may outlive the attempt it asks for: the attempt timed out or was
cancelled. After `close` nothing more can be spent through this purse, what was out is settled at
its upper bound, and a settlement that still arrives changes nothing: the sum that the attempt
reports and the sum of the ledger stay the same.
"""

from __future__ import annotations

import threading

from core.errors import LedgerUnavailableError
from core.events import ModelCalled
from core.model_calls import ModelCall, Purse

__all__ = ["CallPurse", "called"]

_GONE = "whoever asked is gone"


class CallPurse:
    """Implements `Purse` and `CallListener` around a purse; safe for many threads."""

    def __init__(self, inner: Purse) -> None:
        """Opens a purse that pays from another one."""
        self._inner = inner
        self._lock = threading.Lock()
        self._open: dict[str, int] = {}
        self._calls: list[ModelCall] = []
        self._is_closed = False
        self.spent = 0
        """Micro-dollars settled through this purse."""
        self.is_used = False
        """Whether anything was ever asked of it."""

    def reserve(self, request: str, upper_bound: int) -> str:
        """Sets micro-dollars aside; returns why it was refused, empty when it was granted."""
        self.is_used = True
        refused = _GONE if self._is_closed else self._inner.reserve(request, upper_bound)
        if refused or self._keeps(request, upper_bound):
            return refused
        self._inner.refund(request)
        return _GONE

    def settle(self, request: str, actual: int) -> None:
        """Turns what was reserved into a spend; after `close` it was settled already."""
        with self._lock:
            if request in self._open:
                self._settle(request, actual)

    def refund(self, request: str) -> None:
        """Gives a reservation back; after `close` it was settled already."""
        with self._lock:
            if request not in self._open:
                return
            bound = self._open.pop(request)
            try:
                self._inner.refund(request)
            except LedgerUnavailableError:
                self.spent += bound  # the lease settles it so

    def hear(self, call: ModelCall) -> None:
        """Keeps a call until it is taken."""
        with self._lock:
            self._calls.append(call)

    def take_calls(self) -> list[ModelCall]:
        """Returns the calls heard of since the last time."""
        with self._lock:
            taken, self._calls = self._calls, []
            return taken

    def close(self) -> None:
        """Settles what is out at its upper bound; closing twice is allowed.

        Of a used purse it waits for the ledger, so it is not called on the loop that the ledger's
        answer comes by.
        """
        with self._lock:
            self._is_closed = True
            for request, bound in tuple(self._open.items()):
                self._settle(request, bound)

    def _keeps(self, request: str, upper_bound: int) -> bool:
        with self._lock:
            if not self._is_closed:
                self._open[request] = upper_bound
            return not self._is_closed

    def _settle(self, request: str, actual: int) -> None:
        bound = self._open.pop(request)
        try:
            self._inner.settle(request, actual)
        except LedgerUnavailableError:
            actual = bound  # the lease settles it so
        self.spent += actual


def called(
    call: ModelCall, episode: str, *, node: int | None = None, agent: str = ""
) -> ModelCalled:
    """Returns the event of a call."""
    return ModelCalled(
        episode=episode,
        node=node,
        agent=agent,
        request=call.request,
        purpose=call.purpose,
        prompt=call.prompt,
        model=call.model,
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        attempts=call.attempts,
        spent=call.spent,
        latency_ms=call.latency_ms,
        problem=call.problem,
    )
