"""The money of one attempt: at most one reservation is open, and what is settled adds up."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import InvariantError
from core.pages import Action
from policies.subtask_signals import Refund, Reserve, Settle

__all__ = ["Held", "SubtaskPurse"]


@dataclass(frozen=True, slots=True)
class Held:
    """The one reservation that may be open."""

    id: str
    amount: int
    """Micro-dollars."""
    purpose: Action | None
    """What it pays for; `None`: opening the first page."""


class SubtaskPurse:
    """Reserves, settles and refunds; says so in instructions, and keeps count."""

    def __init__(self) -> None:
        self.held: Held | None = None
        self.spent = 0
        """Micro-dollars settled."""
        self._num_reservations = 0

    def reserve(self, subtask: str, amount: int, *, purpose: Action | None, cause: str) -> Reserve:
        """Asks for money; the reservation's id is the subtask's with a number."""
        reservation = f"{subtask}:{self._num_reservations}"
        self._num_reservations += 1
        self.held = Held(reservation, amount, purpose)
        return Reserve(reservation=reservation, amount=amount, cause=cause)

    def holding(self, reservation: str) -> Held:
        """Returns the open reservation.

        Raises:
            InvariantError: It is another one, or none is open.
        """
        if self.held is None or self.held.id != reservation:
            raise InvariantError(f"{reservation!r} was not asked for; held is {self.held}")
        return self.held

    def settle(self, amount: int, *, cause: str) -> Settle:
        """Pays from the open reservation.

        Raises:
            InvariantError: The amount is above what was reserved.
        """
        held = self.held
        assert held is not None, "only what was reserved is settled"
        if amount > held.amount:
            raise InvariantError(f"the tariff charges {amount}, its upper bound was {held.amount}")
        self.held = None
        self.spent += amount
        return Settle(reservation=held.id, amount=amount, cause=cause)

    def close(self, *, is_under_way: bool, cause: str) -> tuple[Settle | Refund, ...]:
        """Gives back what was not used; what may have gone out counts in full."""
        held = self.held
        if held is None:
            return ()
        if is_under_way:
            return (self.settle(held.amount, cause=cause),)
        self.held = None
        return (Refund(reservation=held.id, cause=cause),)
