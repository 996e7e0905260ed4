"""What a call of a language model costs, who pays for it, and who is told.

A purse belongs to one spender of one episode. Whoever owns an episode gives purses out; whoever
asks a model reserves from a purse before each call. A purse that is also a `CallListener` hears of
each call, so that the event log has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

__all__ = ["CallListener", "ModelCall", "Purse"]


class Purse(Protocol):
    """Money of one episode, as whoever asks a model wants it; calls may wait for the ledger."""

    def reserve(self, request: str, upper_bound: int) -> str:
        """Sets micro-dollars aside; returns why it was refused, empty when it was granted."""
        ...

    def settle(self, request: str, actual: int) -> None:
        """Turns what was reserved into a spend and frees the rest."""
        ...

    def refund(self, request: str) -> None:
        """Gives a reservation back: nothing was sent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One request to a language model, with all attempts that it took."""

    request: str
    """The caller's id of it; reservations of its attempts begin with it."""
    purpose: str
    """Name of the form that was asked for: `plan`, `action`, ..."""
    prompt: str
    """Versions of the prompt files, as `act@2+p3o@1`."""
    model: str
    """As the reply names it; as the user typed it where there was none."""
    input_tokens: int = 0
    """All input, whether a cache had it or not; 0 when the provider did not tell."""
    output_tokens: int = 0
    attempts: int = 1
    """Requests that the reply took; 1 also where none came."""
    spent: int = 0
    """Micro-dollars settled for all attempts."""
    latency_ms: int = 0
    problem: str = ""
    """Why there was no reply, or why it ended early; empty for a whole one."""


@runtime_checkable
class CallListener(Protocol):
    """Is told of calls, after they were settled."""

    def hear(self, call: ModelCall) -> None:
        """Takes one call."""
        ...
