"""Sixteen planners on one budget, in any order, with kills: who overspends?

Real wrappers and a real ledger run in threads, of which one at a time is let through: at each gate
(before a reservation, while a request is out, before a settlement) a seeded scheduler chooses who
goes on, or kills. A killed planner never runs again: what it does while its thread unwinds reaches
nobody, and the ledger is told that its holder is lost, as a supervisor would.

What counts as overspending is what the *provider* bills: it bills every request that reached it,
whether or not anybody lived to see the reply.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from core.budget import BudgetTracker
from core.errors import InvariantError
from planner.prices import ModelPrices, PriceBook, parse_price
from planner.providers.contract import (
    ChatMessage,
    FinishReason,
    ModelReply,
    ModelRequest,
    Provider,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
    SpendRefusedError,
    Usage,
)
from planner.wrappers.budget import Budgeted
from planner.wrappers.purses import LedgerPurse

__all__ = ["PLANNERS", "MoneyRun", "check_then_record", "reserve_then_settle"]

PLANNERS = 16
_CALLS = 2
"""Calls that each planner makes."""
_KILL = 0.02
"""Chance that the planner that is chosen at a gate is killed there."""
_PRICES: ModelPrices = parse_price("3,15")
_BOOK = PriceBook(overrides={"gpt-4o": _PRICES})
_REQUEST = ModelRequest(
    id="", system="", messages=(ChatMessage(role="user", text="x" * 800),), max_output_tokens=400
)
_BOUND = _PRICES.bound(_REQUEST)
CAP = _BOUND * PLANNERS * _CALLS // 4
"""Micro-dollars: a quarter of what all calls could cost, so that money runs out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRun:
    """One run."""

    billed: int
    """Micro-dollars that the provider asks for."""
    booked: int
    """Micro-dollars that our books say were spent."""
    cap: int
    kills: int


class _KilledError(BaseException):
    """This planner is gone; not an `Exception`, so that nothing of ours catches it."""


class _Gates:
    """Lets one thread at a time run, in an order drawn from a seed."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._changed = threading.Condition()
        self._waiting: set[int] = set()
        self._turn: int | None = None
        self._doomed: set[int] = set()
        self.killed: set[int] = set()

    def arrive(self, who: int) -> None:
        """Waits for this planner's turn.

        Raises:
            _KilledError: It was killed here.
        """
        if who in self.killed:
            raise _KilledError
        with self._changed:
            self._waiting.add(who)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._turn == who)
            self._turn = None
            self._waiting.discard(who)
        if who in self._doomed:
            self.killed.add(who)
            raise _KilledError

    def drive(self, alive: Callable[[], int], on_kill: Callable[[int], None]) -> None:
        """Chooses until nobody is left; `alive` counts planners that have not ended.

        Raises:
            InvariantError: A planner hangs.
        """
        told: set[int] = set()
        while True:
            with self._changed:
                # Everybody alive stands at a gate: nobody runs while the choice is made.
                if not self._changed.wait_for(
                    lambda: self._turn is None and len(self._waiting) == alive(), timeout=60
                ):
                    raise InvariantError("a planner neither ended nor came to a gate in 60 s")
                for who in self.killed - told:
                    told.add(who)
                    on_kill(who)
                if not self._waiting:
                    return
                chosen = self._rng.choice(sorted(self._waiting))
                if self._rng.random() < _KILL:
                    self._doomed.add(chosen)
                self._turn = chosen
                self._changed.notify_all()

    def ended(self) -> None:
        """A planner has ended."""
        with self._changed:
            self._changed.notify_all()


@dataclass(slots=True)
class _Biller:
    """A provider that bills what it is asked, and sometimes fails afterwards."""

    rng: random.Random
    gates: _Gates
    billed: int = 0
    name: str = "openai"
    model: str = "gpt-4o"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def asked_by(self, who: int) -> Provider:
        """Returns the provider as one planner calls it."""
        return _Line(self, who)

    def serve(self, who: int) -> ModelReply:
        """Bills, waits at a gate while the request is out, and answers."""
        fate = self.rng.random()
        if fate < 0.1:
            raise RateLimitedError("busy")
        usage = Usage(
            input_tokens=self.rng.randint(100, 260), output_tokens=self.rng.randint(50, 400)
        )
        self.billed += _PRICES.cost(usage)
        self.gates.arrive(who)
        if fate < 0.2:
            raise ProviderTimeoutError("no answer, but billed")
        return ModelReply(
            text="{}",
            finish=FinishReason.STOP,
            usage=None if fate < 0.3 else usage,
            provider=self.name,
            model=self.model,
        )


@dataclass(frozen=True, slots=True)
class _Line:
    biller: _Biller
    who: int

    @property
    def name(self) -> str:
        return self.biller.name

    @property
    def model(self) -> str:
        return self.biller.model

    def complete(self, request: ModelRequest) -> ModelReply:
        del request
        return self.biller.serve(self.who)


@dataclass(slots=True)
class _GatedPurse:
    """A purse with a gate before each movement of money; dead when its planner is."""

    purse: LedgerPurse
    gates: _Gates
    who: int

    def reserve(self, request: str, upper_bound: int) -> str:
        self.gates.arrive(self.who)
        return self.purse.reserve(request, upper_bound)

    def settle(self, request: str, actual: int) -> None:
        self.gates.arrive(self.who)
        self.purse.settle(request, actual)

    def refund(self, request: str) -> None:
        self.gates.arrive(self.who)
        self.purse.refund(request)


@dataclass(slots=True)
class _Recorder:
    """What others do: look whether there is money, call, then write down what it cost."""

    gates: _Gates
    spent: int = 0

    def call(self, provider: Provider, who: int) -> None:
        self.gates.arrive(who)
        if self.spent >= CAP:
            raise SpendRefusedError("no money left")
        reply = provider.complete(_REQUEST)
        self.gates.arrive(who)
        self.spent += _BOUND if reply.usage is None else _PRICES.cost(reply.usage)


def reserve_then_settle(seed: int) -> MoneyRun:
    """Returns one run of ours.

    Raises:
        InvariantError: The ledger broke its own rule.
    """
    rng = random.Random(seed)
    gates = _Gates(rng)
    biller = _Biller(rng, gates)
    ledger = BudgetTracker(CAP / 1_000_000)
    purse = LedgerPurse(tracker=ledger, holder="nobody")

    def call(who: int, number: int) -> None:
        mine = _GatedPurse(purse.for_holder(f"planner {who}"), gates, who)
        request = ModelRequest(
            id=f"{who}/{number}",
            system=_REQUEST.system,
            messages=_REQUEST.messages,
            max_output_tokens=_REQUEST.max_output_tokens,
        )
        Budgeted(biller.asked_by(who), mine, _BOOK).complete(request)

    def lost(who: int) -> None:
        ledger.holder_lost(f"planner {who}")
        ledger.check_invariants()

    _run(gates, call, lost)
    ledger.check_invariants()
    if ledger.reserved:
        raise InvariantError(f"{ledger.reserved} micro-dollars are still reserved after the end")
    return MoneyRun(billed=biller.billed, booked=ledger.spent, cap=CAP, kills=len(gates.killed))


def check_then_record(seed: int) -> MoneyRun:
    """Returns the same load on a meter that is read before and written after each call."""
    rng = random.Random(seed)
    gates = _Gates(rng)
    biller = _Biller(rng, gates)
    recorder = _Recorder(gates)

    def call(who: int, number: int) -> None:
        del number
        recorder.call(biller.asked_by(who), who)

    _run(gates, call, lambda _: None)
    return MoneyRun(billed=biller.billed, booked=recorder.spent, cap=CAP, kills=len(gates.killed))


def _run(gates: _Gates, call: Callable[[int, int], None], on_kill: Callable[[int], None]) -> None:
    left = [PLANNERS]
    lock = threading.Lock()

    def live(who: int) -> None:
        try:
            for number in range(_CALLS):
                try:
                    call(who, number)
                except ProviderError:
                    continue
        except _KilledError:
            return
        finally:
            with lock:
                left[0] -= 1
            gates.ended()

    threads = [threading.Thread(target=live, args=(who,), daemon=True) for who in range(PLANNERS)]
    for thread in threads:
        thread.start()
    gates.drive(lambda: left[0], on_kill)
    for thread in threads:
        thread.join()
