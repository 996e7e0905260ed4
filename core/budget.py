"""The ledger: money is reserved before it is spent, then settled or refunded.

    reserve(upper bound) -> Reservation -> settle(actual <= bound) | refund | expire (settles bound)
                         -> Refused

    settled + reserved <= hard cap      always, in every scope, under any interleaving

A pure object: no clock, no lock, no process. Calls carry the caller's id, so a call that is made
again (its answer was lost) changes nothing and gets the same answer. Every change is an event in
`core.events`; folding those events gives the ledger back (`BudgetTracker.replay`).

What it does not do: it cannot know of money that somebody spends without asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from core.accounts import Accounts
from core.errors import CallerError, ConfigurationError, InvariantError
from core.events import Event, SpendRefunded, SpendRefused, SpendReserved, SpendSettled
from core.money import (
    DEFAULT_LEASE_MS,
    MICROS_PER_DOLLAR,
    Enforcement,
    Refused,
    Reservation,
    dollars,
    micros,
)

__all__ = [
    "DEFAULT_LEASE_MS",
    "MICROS_PER_DOLLAR",
    "BudgetTracker",
    "Enforcement",
    "Refused",
    "Reservation",
    "UnknownReservationError",
    "dollars",
    "micros",
]


class UnknownReservationError(CallerError):
    """No reservation has this id."""


@dataclass(frozen=True, slots=True)
class _Closed:
    """How a reservation ended, kept so that a repeated call gets the same answer."""

    amount: int
    expired: bool = False


class BudgetTracker:
    """One episode's money, with nested sub-budgets.

    Example:
        >>> ledger = BudgetTracker(0.01)
        >>> bool(isinstance(ledger.reserve("a", 8_000, holder="agent"), Reservation))
        True
        >>> ledger.reserve("b", 8_000, holder="agent").available
        2000
        >>> ledger.settle("a", 1_500)
        >>> ledger.spent, ledger.reserved
        (1500, 0)
    """

    def __init__(
        self,
        limit: float,
        *,
        hard_cap: float | None = None,
        enforcement: Enforcement = Enforcement.ENFORCE,
        episode: str = "",
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        """Opens a ledger.

        Args:
            limit: Dollars: the budget B that policies are to keep.
            hard_cap: Dollars that are never exceeded; `None` means `limit`.
            enforcement: Whether spends beyond the cap are refused or only metered.
            episode: Named in the events.
            on_event: Receives each event before the call that made it returns.

        Raises:
            ConfigurationError: A limit is negative or not a number, or the cap is below the limit.
        """
        self.limit = micros(limit)
        self.hard_cap = self.limit if hard_cap is None else micros(hard_cap)
        if self.hard_cap < self.limit:
            raise ConfigurationError(
                f"hard cap {dollars(self.hard_cap)} is below the budget {dollars(self.limit)}"
            )
        self.enforcement = enforcement
        self._episode = episode
        self._on_event = on_event
        self._accounts = Accounts(self.hard_cap)
        self._open: dict[str, Reservation] = {}
        self._closed: dict[str, _Closed] = {}

    @property
    def spent(self) -> int:
        """Micro-dollars settled."""
        return self._accounts.settled()

    @property
    def reserved(self) -> int:
        """Micro-dollars set aside and not yet settled."""
        return self._accounts.reserved()

    @property
    def available(self) -> int:
        """Micro-dollars free under the hard cap; negative when only observed."""
        return self.hard_cap - self.spent - self.reserved

    @property
    def open_reservations(self) -> Mapping[str, Reservation]:
        """Reservations that are neither settled nor refunded, by id."""
        return dict(self._open)

    def spent_in(self, *scope: str) -> int:
        """Micro-dollars settled in a sub-budget; 0 when nothing was ever reserved in it."""
        return self._accounts.settled(scope)

    def cap_scope(self, scope: tuple[str, ...], cap: int | None) -> None:
        """Sets the cap of a sub-budget; a cap below what it holds only stops further spends.

        Args:
            scope: Path of the sub-budget, outermost first.
            cap: Micro-dollars; `None` means that only the budgets above bind.

        Raises:
            ConfigurationError: The cap is negative or the path is empty.
        """
        if not scope or (cap is not None and cap < 0):
            raise ConfigurationError(f"sub-budget {scope!r} cannot have the cap {cap!r}")
        self._accounts.set_cap(scope, cap)

    def reserve(
        self,
        request: str,
        upper_bound: int,
        *,
        holder: str,
        scope: tuple[str, ...] = (),
        now_ms: int = 0,
        lease_ms: int = DEFAULT_LEASE_MS,
    ) -> Reservation | Refused:
        """Sets money aside for one spend.

        Args:
            request: The caller's id of this spend; asking again with it changes nothing.
            upper_bound: Micro-dollars that the spend cannot exceed.
            holder: Who will spend.
            scope: Sub-budgets it counts in.
            now_ms: The caller's clock.
            lease_ms: After this long without settling, `expire` settles the bound.

        Returns:
            The reservation, or why it was refused. A reservation that is already closed is
            returned as refused: its money is gone or given back.

        Raises:
            CallerError: The bound is negative or not an integer.
        """
        if isinstance(upper_bound, bool) or not isinstance(upper_bound, int) or upper_bound < 0:
            raise CallerError(f"an upper bound is an integer >= 0, not {upper_bound!r}")
        if request in self._open:
            return self._open[request]
        if request in self._closed:
            return Refused(id=request, asked=upper_bound, available=0, reason="already closed")
        refused = self._refusal(request, upper_bound, scope)
        if refused is not None:
            self._tell(
                SpendRefused(
                    episode=self._episode,
                    holder=holder,
                    scope=scope,
                    amount=upper_bound,
                    available=refused.available,
                    reason=refused.reason,
                )
            )
            return refused
        granted = Reservation(
            id=request,
            holder=holder,
            scope=scope,
            amount=upper_bound,
            expires_ms=now_ms + lease_ms,
        )
        self._open_reservation(granted)
        return granted

    def settle(self, request: str, actual: int) -> None:
        """Turns a reservation into a spend and frees the rest.

        Args:
            request: The id given to `reserve`.
            actual: Micro-dollars really spent.

        Raises:
            UnknownReservationError: No reservation has this id.
            CallerError: The amount is negative, above the reservation, or another one than before.
        """
        if request in self._closed:
            self._check_repeat(request, actual)
            return
        reservation = self._held(request)
        if isinstance(actual, bool) or not isinstance(actual, int) or actual < 0:
            raise CallerError(f"a settlement is an integer >= 0, not {actual!r}")
        if actual > reservation.amount:
            raise CallerError(f"{request!r} reserved {reservation.amount}, cannot settle {actual}")
        self._tell(SpendSettled(episode=self._episode, reservation=request, amount=actual))
        self._close(reservation, actual)

    def refund(self, request: str) -> None:
        """Gives a reservation back unused; after it was settled this changes nothing.

        Raises:
            UnknownReservationError: No reservation has this id.
        """
        if request in self._closed:
            return
        held = self._held(request)
        self._tell(SpendRefunded(episode=self._episode, reservation=request))
        self._close(held, 0)

    def renew(self, request: str, *, now_ms: int, lease_ms: int = DEFAULT_LEASE_MS) -> None:
        """Prolongs the lease of an open reservation; not an event, since money does not move.

        Raises:
            UnknownReservationError: No open reservation has this id.
        """
        held = self._held(request)
        self._open[request] = Reservation(
            id=held.id,
            holder=held.holder,
            scope=held.scope,
            amount=held.amount,
            expires_ms=now_ms + lease_ms,
        )

    def expire(self, now_ms: int) -> tuple[Reservation, ...]:
        """Settles overdue reservations at their upper bound, and returns them."""
        return self._settle_lost(lambda held: held.expires_ms <= now_ms)

    def holder_lost(self, holder: str) -> tuple[Reservation, ...]:
        """Settles what a dead holder had open at its upper bound, and returns it.

        What was sent before it died may be billed, so it counts in full.
        """
        return self._settle_lost(lambda held: held.holder == holder)

    def replay(self, events: Iterable[Event]) -> None:
        """Brings a fresh ledger to the state that these events describe; emits nothing.

        Raises:
            InvariantError: The events do not describe one ledger's life.
        """
        for event in events:
            match event:
                case SpendReserved():
                    self._account_open(
                        Reservation(
                            id=event.reservation,
                            holder=event.holder,
                            scope=event.scope,
                            amount=event.amount,
                            expires_ms=event.expires_ms,
                        )
                    )
                case SpendSettled():
                    held = self._replayed(event.reservation)
                    self._close(held, event.amount, expired=event.expired)
                case SpendRefunded():
                    self._close(self._replayed(event.reservation), 0)
                case _:
                    continue
        self.check_invariants()

    def check_invariants(self) -> None:
        """Checks what must hold after every call.

        Raises:
            InvariantError: It does not hold.
        """
        held = sum(reservation.amount for reservation in self._open.values())
        if held != self.reserved:
            raise InvariantError(f"reserved {self.reserved}, open reservations sum to {held}")
        gone = sum(closed.amount for closed in self._closed.values())
        if gone != self.spent:
            raise InvariantError(f"settled {self.spent}, closed ones sum to {gone}")
        if self.enforcement is Enforcement.ENFORCE and self.available < 0:
            raise InvariantError(f"{self.spent} + {self.reserved} > cap {self.hard_cap}")

    def _refusal(self, request: str, asked: int, scope: tuple[str, ...]) -> Refused | None:
        short = self._accounts.shortage(scope, asked)
        if short is None or self.enforcement is Enforcement.OBSERVE:
            return None
        name = "/".join(short.scope) or "episode"
        return Refused(
            id=request,
            asked=asked,
            available=short.free,
            reason=f"{name} has {short.free} of {short.cap} micro-dollars left",
        )

    def _open_reservation(self, granted: Reservation) -> None:
        self._tell(
            SpendReserved(
                episode=self._episode,
                reservation=granted.id,
                holder=granted.holder,
                scope=granted.scope,
                amount=granted.amount,
                expires_ms=granted.expires_ms,
            )
        )
        self._account_open(granted)

    def _account_open(self, granted: Reservation) -> None:
        if granted.id in self._open or granted.id in self._closed:
            raise InvariantError(f"reservation {granted.id!r} opened twice")
        self._open[granted.id] = granted
        self._accounts.hold(granted.scope, granted.amount)

    def _close(self, reservation: Reservation, actual: int, *, expired: bool = False) -> None:
        del self._open[reservation.id]
        self._closed[reservation.id] = _Closed(actual, expired)
        self._accounts.release(reservation.scope, reservation.amount, actual)

    def _settle_lost(self, lost: Callable[[Reservation], bool]) -> tuple[Reservation, ...]:
        found = tuple(held for held in self._open.values() if lost(held))
        for held in found:
            self._tell(
                SpendSettled(
                    episode=self._episode, reservation=held.id, amount=held.amount, expired=True
                )
            )
            self._close(held, held.amount, expired=True)
        return found

    def _held(self, request: str) -> Reservation:
        try:
            return self._open[request]
        except KeyError:
            raise UnknownReservationError(f"no open reservation {request!r}") from None

    def _replayed(self, request: str) -> Reservation:
        try:
            return self._open[request]
        except KeyError:
            raise InvariantError(f"the log closes {request!r}, which is not open") from None

    def _check_repeat(self, request: str, actual: int) -> None:
        before = self._closed[request]
        if before.amount != actual and not before.expired:
            raise CallerError(f"{request!r} was closed with {before.amount}, not {actual}")

    def _tell(self, event: Event) -> None:
        if self._on_event is not None:
            self._on_event(event)
