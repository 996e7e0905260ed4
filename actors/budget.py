"""The budget tracker as an actor."""

from __future__ import annotations

import os
from pathlib import Path

import ray

from actors.event_log import EventLog, read_log
from actors.journal import EventEnvelope, Journal, MachineClock
from actors.ledgers import Ledgers, rebuilt_ledgers
from actors.messages import (
    AskLedger,
    CloseHolder,
    CloseLedger,
    Done,
    MoveMoney,
    OpenLedger,
    pack,
    unpack,
)

__all__ = ["BudgetActor", "RemoteBudgetActor"]


class BudgetActor:
    """Authorises every spend of every episode.

    Owns: the ledgers and the log file `budget.msgpack`.
    Accepts: `OpenLedger MoveMoney CloseHolder AskLedger CloseLedger`, as bytes.
    Emits: `SpendReserved SpendSettled SpendRefunded SpendRefused`, written before the reply.
    In flight when it stops: the caller gets an error and asks again with the same ids.
    Restarts: without end; its constructor folds the log: no money is lost or counted twice.
    Under pressure: one request after the other, about a millisecond each; callers wait.
    """

    def __init__(self, folder: str) -> None:
        """Opens the ledgers that the run's folder tells of."""
        run = Path(folder)
        clock = MachineClock()
        self._log = EventLog(run, "budget")
        journal = Journal("budget", self._write, clock=clock, first=self._log.count)
        self._ledgers = Ledgers(journal, clock)
        rebuilt_ledgers(self._ledgers, read_log(run, "orchestrator"), read_log(run, "budget"))

    @ray.method
    def open_ledger(self, message: bytes) -> bytes:
        """Opens an episode's ledger."""
        self._ledgers.open(unpack(message, OpenLedger))
        return _DONE

    @ray.method
    def move_money(self, message: bytes) -> bytes:
        """Settles, gives back, reserves."""
        return pack(self._ledgers.move(unpack(message, MoveMoney)))

    @ray.method
    def close_holder(self, message: bytes) -> bytes:
        """Closes what a lost holder had open."""
        return pack(self._ledgers.close_holder(unpack(message, CloseHolder)))

    @ray.method
    def ask_ledger(self, message: bytes) -> bytes:
        """Says how a ledger stands."""
        return pack(self._ledgers.state(unpack(message, AskLedger).episode))

    @ray.method
    def close_ledger(self, message: bytes) -> bytes:
        """Forgets a ledger, and waits until its events are on the disk."""
        self._ledgers.close(unpack(message, CloseLedger).episode)
        self._log.sync()
        return _DONE

    @ray.method
    def pid(self) -> int:
        """Returns the process id: the answer that says it is alive."""
        return os.getpid()

    def _write(self, envelope: EventEnvelope) -> None:
        self._log.append([envelope])


_DONE = pack(Done())

RemoteBudgetActor = ray.remote(BudgetActor)
