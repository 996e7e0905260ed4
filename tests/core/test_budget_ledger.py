import random
import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from core.budget import BudgetTracker, Enforcement, Refused, Reservation, UnknownReservationError
from core.errors import CallerError, ConfigurationError, InvariantError
from core.events import SpendRefunded, SpendSettled

CAP = 1_000
DOLLARS = CAP / 1_000_000


def ledger(**more):
    return BudgetTracker(DOLLARS, **more)


class LedgerMachine(RuleBasedStateMachine):
    """Any interleaving of calls by any holders, with a fold of the events beside it."""

    open_ids = Bundle("open_ids")

    def __init__(self):
        super().__init__()
        self.events = []
        self.ledger = ledger(on_event=self.events.append)
        self.ledger.cap_scope(("node",), 400)
        self.now = 0
        self.count = 0

    @rule(
        target=open_ids,
        amount=st.integers(0, 700),
        scope=st.sampled_from([(), ("node",), ("node", "agent"), ("other",)]),
        holder=st.sampled_from(["a", "b"]),
        lease=st.integers(1, 5),
    )
    def reserve(self, amount, scope, holder, lease):
        self.count += 1
        name = f"r{self.count}"
        free = self.ledger.available
        answer = self.ledger.reserve(
            name, amount, holder=holder, scope=scope, now_ms=self.now, lease_ms=lease
        )
        assert isinstance(answer, Reservation) or amount > free or "node" in scope
        return name

    @rule(name=open_ids)
    def ask_again(self, name):
        before = (self.ledger.spent, self.ledger.reserved)
        held = self.ledger.open_reservations.get(name)
        answer = self.ledger.reserve(name, held.amount if held else CAP + 1, holder="a")
        assert isinstance(answer, Reservation) is (held is not None)
        assert (self.ledger.spent, self.ledger.reserved) == before

    @rule(name=consumes(open_ids), share=st.floats(0, 1))
    def settle(self, name, share):
        held = self.ledger.open_reservations.get(name)
        if held is None:
            return
        actual = int(held.amount * share)
        before = self.ledger.spent
        self.ledger.settle(name, actual)
        self.ledger.settle(name, actual)
        assert self.ledger.spent == before + actual

    @rule(name=consumes(open_ids))
    def refund(self, name):
        if name in self.ledger.open_reservations:
            before = self.ledger.spent
            self.ledger.refund(name)
            self.ledger.refund(name)
            assert self.ledger.spent == before

    @rule(step=st.integers(0, 4))
    def time_passes(self, step):
        self.now += step
        for lost in self.ledger.expire(self.now):
            assert lost.expires_ms <= self.now

    @rule(holder=st.sampled_from(["a", "b"]))
    def holder_dies(self, holder):
        owed = sum(
            held.amount for held in self.ledger.open_reservations.values() if held.holder == holder
        )
        before = self.ledger.spent
        self.ledger.holder_lost(holder)
        assert self.ledger.spent == before + owed

    @invariant()
    def the_cap_holds(self):
        self.ledger.check_invariants()
        assert self.ledger.spent + self.ledger.reserved <= CAP
        in_node = [e for e in self.ledger.open_reservations.values() if e.scope[:1] == ("node",)]
        assert self.ledger.spent_in("node") + sum(e.amount for e in in_node) <= 400

    @invariant()
    def folding_the_events_gives_the_ledger_back(self):
        copy = ledger()
        copy.replay(self.events)
        assert copy.spent == self.ledger.spent
        assert copy.open_reservations == self.ledger.open_reservations


TestAnyInterleaving = LedgerMachine.TestCase
TestAnyInterleaving.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_settlement_above_its_reservation_is_refused_and_changes_nothing():
    book = ledger()
    book.reserve("a", 100, holder="x")
    with pytest.raises(CallerError, match="reserved 100"):
        book.settle("a", 101)
    assert (book.spent, book.reserved) == (0, 100)


def test_a_settlement_after_the_lease_changes_nothing():
    book = ledger()
    book.reserve("a", 100, holder="x", now_ms=0, lease_ms=10)
    assert [lost.id for lost in book.expire(10)] == ["a"]
    book.settle("a", 7)
    assert book.spent == 100


def test_a_renewed_lease_does_not_expire():
    book = ledger()
    book.reserve("a", 100, holder="x", now_ms=0, lease_ms=10)
    book.renew("a", now_ms=9, lease_ms=10)
    assert book.expire(10) == ()


def test_two_different_settlements_of_one_reservation_are_a_callers_mistake():
    book = ledger()
    book.reserve("a", 100, holder="x")
    book.settle("a", 7)
    with pytest.raises(CallerError, match="closed with 7"):
        book.settle("a", 8)


def test_what_was_never_reserved_cannot_be_settled():
    with pytest.raises(UnknownReservationError):
        ledger().settle("nothing", 1)


@pytest.mark.parametrize("amount", [-1, 1.5, True, "3"])
def test_an_upper_bound_is_a_whole_number(amount):
    with pytest.raises(CallerError, match="upper bound"):
        ledger().reserve("a", amount, holder="x")


@pytest.mark.parametrize("limit", [-0.1, float("nan"), float("inf")])
def test_a_budget_is_a_number_of_dollars(limit):
    with pytest.raises(ConfigurationError, match="budget"):
        BudgetTracker(limit)


def test_a_budget_of_zero_refuses_every_spend_and_allows_what_is_free():
    book = BudgetTracker(0)
    assert isinstance(book.reserve("a", 1, holder="x"), Refused)
    assert isinstance(book.reserve("b", 0, holder="x"), Reservation)


def test_the_hard_cap_may_leave_room_above_the_budget_but_not_below():
    book = BudgetTracker(DOLLARS, hard_cap=2 * DOLLARS)
    assert isinstance(book.reserve("a", 2 * CAP, holder="x"), Reservation)
    with pytest.raises(ConfigurationError, match="below the budget"):
        BudgetTracker(DOLLARS, hard_cap=DOLLARS / 2)


def test_observing_meters_and_never_refuses():
    book = ledger(enforcement=Enforcement.OBSERVE)
    book.reserve("a", 5 * CAP, holder="x")
    book.settle("a", 4 * CAP)
    assert book.spent == 4 * CAP
    book.check_invariants()


def test_a_log_that_refuses_an_event_stops_the_change():
    def full(_):
        raise OSError(28, "no space left")

    book = ledger(on_event=full)
    with pytest.raises(OSError, match="no space"):
        book.reserve("a", 100, holder="x")
    assert book.reserved == 0


def test_a_log_that_closes_what_is_not_open_is_our_bug():
    with pytest.raises(InvariantError, match="not open"):
        ledger().replay([SpendRefunded(episode="", reservation="ghost")])


def test_a_log_that_opens_a_reservation_twice_is_our_bug():
    events = []
    ledger(on_event=events.append).reserve("a", 100, holder="x")
    book = ledger()
    book.replay(events)
    assert book.reserved == 100
    with pytest.raises(InvariantError, match="opened twice"):
        book.replay(events)
    assert book.reserved == 100
    closed = [*events, SpendSettled(episode="", reservation="a", amount=40)]
    book = ledger()
    book.replay(closed)
    with pytest.raises(InvariantError, match="opened twice"):
        book.replay(events)
    assert (book.spent, book.reserved) == (40, 0)


def test_events_of_expiry_say_so():
    events = []
    book = ledger(on_event=events.append)
    book.reserve("a", 100, holder="x")
    book.holder_lost("x")
    assert events[-1] == SpendSettled(episode="", reservation="a", amount=100, expired=True)


def test_sixteen_spenders_behind_one_lock_never_overspend():
    """The ledger itself has no lock: its owner serialises calls, as an actor does."""
    for seed in range(20):
        book, lock = ledger(), threading.Lock()

        def spend(worker, book=book, lock=lock, seed=seed):
            rng = random.Random(f"{seed}/{worker}")
            for step in range(20):
                cost = rng.randrange(10, 60)
                name = f"{worker}-{step}"
                with lock:
                    granted = book.reserve(name, cost, holder=str(worker))
                if isinstance(granted, Reservation):
                    with lock:
                        book.settle(name, rng.randrange(cost + 1))

        threads = [threading.Thread(target=spend, args=(worker,)) for worker in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        book.check_invariants()
        assert book.spent <= CAP
