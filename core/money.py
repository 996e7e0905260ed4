"""Amounts of money, and what a ledger answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.errors import ConfigurationError

__all__ = [
    "DEFAULT_LEASE_MS",
    "MICROS_PER_DOLLAR",
    "Enforcement",
    "Refused",
    "Reservation",
    "dollars",
    "micros",
]

MICROS_PER_DOLLAR = 1_000_000
DEFAULT_LEASE_MS = 60_000
"""How long a holder may stay silent before its reservation is settled at its upper bound."""


class Enforcement(StrEnum):
    """What happens to a spend beyond the cap."""

    ENFORCE = "enforce"
    OBSERVE = "observe"
    """Metered and never refused: what claims about learning use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Money set aside for one spend."""

    id: str
    holder: str
    scope: tuple[str, ...]
    """Path of sub-budgets it counts in, outermost first; the episode itself is not named."""
    amount: int
    """Upper bound in micro-dollars."""
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not granted: an ordinary answer, since running out of budget is normal life."""

    id: str
    asked: int
    available: int
    """Micro-dollars that were free in the tightest scope."""
    reason: str


def micros(amount: float) -> int:
    """Returns dollars as whole micro-dollars, rounded to the nearest.

    Raises:
        ConfigurationError: The amount is negative, infinite or not a number.
    """
    if not 0 <= amount < 1e12:
        raise ConfigurationError(f"a budget is a number of dollars >= 0, not {amount!r}")
    return round(amount * MICROS_PER_DOLLAR)


def dollars(amount: int) -> str:
    """Returns micro-dollars as text, to the micro-dollar, for instance `$0.004200`."""
    return f"${amount / MICROS_PER_DOLLAR:.6f}"
