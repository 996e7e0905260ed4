"""The ledgers of all episodes that run now, and how they come back from the log.

before a reply:  the change is an event, and the event is in the log
after a crash:   EpisodeStarted gives the caps, the ledger's own events give the rest;
                 a request that is repeated because its answer was lost changes nothing
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from actors.journal import EventEnvelope, Journal
from actors.messages import (
    Claim,
    CloseHolder,
    HolderClosed,
    LedgerState,
    MoneyMoved,
    MoveMoney,
    OpenLedger,
)
from core.budget import MICROS_PER_DOLLAR, BudgetTracker, Enforcement, Refused
from core.errors import LedgerUnavailableError
from core.events import (
    EpisodeFailed,
    EpisodeFinished,
    EpisodeStarted,
    Event,
    SpendRefunded,
    SpendReserved,
    SpendSettled,
)
from core.ports import Clock

__all__ = ["Ledgers", "rebuilt_ledgers"]


@dataclass(slots=True)
class _Ledger:
    """One episode's ledger, with what each holder has cost."""

    tracker: BudgetTracker
    holder_of: dict[str, str] = field(default_factory=dict)
    spent_by: dict[str, int] = field(default_factory=dict)

    def note(self, event: Event) -> None:
        """Keeps the sums of the holders."""
        if isinstance(event, SpendReserved):
            self.holder_of[event.reservation] = event.holder
        elif isinstance(event, SpendSettled):
            holder = self.holder_of.get(event.reservation, "")
            self.spent_by[holder] = self.spent_by.get(holder, 0) + event.amount


class Ledgers:
    """Opens, asks and closes the ledgers of episodes."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        """Starts without a ledger.

        Args:
            journal: Must have written an event durably when its `write` returns.
            clock: Says when leases are overdue.
        """
        self._journal = journal
        self._clock = clock
        self._ledgers: dict[str, _Ledger] = {}

    def open(self, asked: OpenLedger) -> None:
        """Opens an episode's ledger; one that is open stays as it is."""
        if asked.episode not in self._ledgers:
            self._ledgers[asked.episode] = self._fresh(
                asked.episode, asked.budget, asked.hard_cap, asked.enforcement
            )

    def move(self, asked: MoveMoney) -> MoneyMoved:
        """Settles and gives back, then reserves.

        Raises:
            LedgerUnavailableError: The episode has no ledger here: nothing may be spent.
        """
        tracker = self._of(asked.episode).tracker
        for settlement in asked.settle:
            if settlement.is_refund:
                tracker.refund(settlement.reservation)
            else:
                tracker.settle(settlement.reservation, settlement.amount)
        if asked.reserve is None:
            return MoneyMoved(granted=True)
        return self._reserve(tracker, asked.reserve)

    def close_holder(self, asked: CloseHolder) -> HolderClosed:
        """Settles what a lost holder had open at its bound; returns what it cost in all."""
        ledger = self._of(asked.episode)
        ledger.tracker.holder_lost(asked.holder)
        return HolderClosed(spent=ledger.spent_by.get(asked.holder, 0))

    def state(self, episode: str) -> LedgerState:
        """Returns how a ledger stands."""
        tracker = self._of(episode).tracker
        return LedgerState(
            spent=tracker.spent, reserved=tracker.reserved, hard_cap=tracker.hard_cap
        )

    def close(self, episode: str) -> None:
        """Settles what is open at its bound and forgets the ledger; unknown ones are ignored."""
        ledger = self._ledgers.pop(episode, None)
        if ledger is not None:
            for reservation in ledger.tracker.open_reservations.values():
                ledger.tracker.settle(reservation.id, reservation.amount)

    def check_invariants(self) -> None:
        """Checks every ledger.

        Raises:
            InvariantError: One is broken.
        """
        for ledger in self._ledgers.values():
            ledger.tracker.check_invariants()

    def replay(self, started: EpisodeStarted, events: Iterable[Event]) -> None:
        """Brings back a ledger from its events; emits nothing."""
        ledger = self._fresh(
            started.episode, started.budget, started.hard_cap, Enforcement(started.enforcement)
        )
        known = list(events)
        ledger.tracker.replay(known)
        for event in known:
            ledger.note(event)
        self._ledgers[started.episode] = ledger

    def _reserve(self, tracker: BudgetTracker, claim: Claim) -> MoneyMoved:
        now = self._clock.now_ms()
        tracker.expire(now)
        if claim.outer_cap is not None and claim.scope:
            tracker.cap_scope(claim.scope[:1], claim.outer_cap)
        answer = tracker.reserve(
            claim.reservation,
            claim.amount,
            holder=claim.holder,
            scope=claim.scope,
            now_ms=now,
            lease_ms=claim.lease_ms,
        )
        if isinstance(answer, Refused):
            return MoneyMoved(granted=False, reason=answer.reason)
        return MoneyMoved(granted=True)

    def _fresh(self, episode: str, budget: int, hard_cap: int, enforcement: Enforcement) -> _Ledger:
        told: list[Callable[[Event], None]] = []

        def tell(event: Event) -> None:
            self._journal.write(event)
            for listener in told:
                listener(event)

        tracker = BudgetTracker(
            budget / MICROS_PER_DOLLAR,
            hard_cap=hard_cap / MICROS_PER_DOLLAR,
            enforcement=enforcement,
            episode=episode,
            on_event=tell,
        )
        ledger = _Ledger(tracker)
        told.append(ledger.note)
        return ledger

    def _of(self, episode: str) -> _Ledger:
        try:
            return self._ledgers[episode]
        except KeyError:
            raise LedgerUnavailableError(f"no ledger of episode {episode!r} is open") from None


def rebuilt_ledgers(
    ledgers: Ledgers, starts: Iterable[EventEnvelope], own: Iterable[EventEnvelope]
) -> None:
    """Brings back the ledgers of episodes that were running when the process ended.

    What an episode that has ended since then had open is settled at its bound.

    Args:
        ledgers: Fresh.
        starts: The orchestrator's log: which episodes began, and which ended.
        own: The budget's log.
    """
    began: dict[str, EpisodeStarted] = {}
    ended: set[str] = set()
    for envelope in starts:
        match envelope.body:
            case EpisodeStarted() as started:
                began[started.episode] = started
            case EpisodeFinished() | EpisodeFailed():
                ended.add(envelope.body.episode)
            case _:
                continue
    events: dict[str, list[Event]] = {episode: [] for episode in began}
    for envelope in own:
        body = envelope.body
        if body.episode in events and isinstance(
            body, SpendReserved | SpendSettled | SpendRefunded
        ):
            events[body.episode].append(body)
    for episode, started in began.items():
        if episode not in ended:
            ledgers.replay(started, events[episode])
        elif _has_open(events[episode]):
            ledgers.replay(started, events[episode])
            ledgers.close(episode)


def _has_open(events: Iterable[Event]) -> bool:
    reserved = {event.reservation for event in events if isinstance(event, SpendReserved)}
    closed = {e.reservation for e in events if isinstance(e, SpendSettled | SpendRefunded)}
    return not reserved <= closed
