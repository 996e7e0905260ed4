import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.budget import BudgetTracker
from core.errors import ConfigurationError
from planner.prices import PriceBook, parse_price
from planner.providers.contract import (
    BrokenReplyError,
    CredentialsError,
    OverloadedError,
    ProviderTimeoutError,
    RateLimitedError,
    RequestRefusedError,
    SpendRefusedError,
    UnsupportedError,
    Usage,
)
from planner.wrappers.budget import Budgeted
from planner.wrappers.purses import LedgerPurse
from planner.wrappers.retry import RetryConfig, Retrying
from tests.planner.voices_for_tests import Voice, asking, saying

PRICES = parse_price("2,10")
BOOK = PriceBook(overrides={"gpt-4o": PRICES})
BOUND = PRICES.bound(asking())


def paying(voice, dollars=1.0):
    ledger = BudgetTracker(dollars)
    return ledger, Budgeted(voice, LedgerPurse(tracker=ledger, holder="planner"), BOOK)


def test_a_reply_costs_what_it_used():
    ledger, provider = paying(Voice(saying(usage=Usage(input_tokens=10, output_tokens=5))))
    provider.complete(asking())
    assert (ledger.spent, ledger.reserved) == (70, 0)


def test_a_reply_without_usage_costs_its_upper_bound():
    ledger, provider = paying(Voice(saying(usage=None)))
    provider.complete(asking())
    assert (ledger.spent, ledger.reserved) == (BOUND, 0)


@pytest.mark.parametrize(
    "kind",
    [RateLimitedError, CredentialsError, RequestRefusedError, UnsupportedError, SpendRefusedError],
)
def test_what_is_never_billed_is_given_back(kind):
    ledger, provider = paying(Voice(kind("no")))
    with pytest.raises(kind):
        provider.complete(asking())
    assert (ledger.spent, ledger.reserved) == (0, 0)


@pytest.mark.parametrize("kind", [ProviderTimeoutError, BrokenReplyError, OverloadedError])
def test_what_may_have_been_billed_costs_its_upper_bound(kind):
    ledger, provider = paying(Voice(kind("cut off")))
    with pytest.raises(kind):
        provider.complete(asking())
    assert (ledger.spent, ledger.reserved) == (BOUND, 0)


def test_an_adapter_that_knows_better_is_believed():
    ledger, provider = paying(Voice(OverloadedError("503", may_be_billed=False)))
    with pytest.raises(OverloadedError):
        provider.complete(asking())
    assert (ledger.spent, ledger.reserved) == (0, 0)


def test_an_interrupt_while_the_request_was_out_costs_its_upper_bound():
    ledger, provider = paying(Voice(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        provider.complete(asking())
    assert (ledger.spent, ledger.reserved) == (BOUND, 0)


def test_without_money_nothing_is_sent():
    voice = Voice(saying())
    ledger, provider = paying(voice, dollars=(BOUND - 1) / 1e6)
    with pytest.raises(SpendRefusedError, match=f"may cost {BOUND} micro-dollars"):
        provider.complete(asking())
    assert voice.asked == []
    assert ledger.spent == 0


def test_a_model_that_nobody_priced_is_not_called():
    voice = Voice(saying(), name="local", model="local:mine")
    ledger, provider = paying(voice)
    with pytest.raises(SpendRefusedError, match="--price"):
        provider.complete(asking())
    assert voice.asked == []
    assert ledger.reserved == 0


def test_each_attempt_of_a_retry_is_paid_by_itself():
    voice = Voice(ProviderTimeoutError("slow"), RateLimitedError("busy"), saying())
    ledger, provider = paying(voice)
    patient = Retrying(provider, RetryConfig(first_wait_s=0, longest_wait_s=0))
    patient.complete(asking())
    assert ledger.spent == BOUND + 70
    assert ledger.reserved == 0


def test_a_provider_that_bills_beyond_the_bound_is_booked_in_full():
    usage = Usage(input_tokens=10, output_tokens=5_000)
    ledger, provider = paying(Voice(saying(usage=usage)))
    provider.complete(asking())
    assert ledger.spent == PRICES.cost(usage) > BOUND
    assert provider.unpaid == 0


def test_what_nobody_can_pay_is_told_and_never_breaks_the_cap():
    usage = Usage(input_tokens=10, output_tokens=5_000)
    ledger, provider = paying(Voice(saying(usage=usage)), dollars=BOUND / 1e6)
    provider.complete(asking())
    assert ledger.spent == BOUND
    assert provider.unpaid == PRICES.cost(usage) - BOUND


def test_an_output_limit_of_nothing_cannot_be_priced():
    _, provider = paying(Voice(saying()))
    with pytest.raises(ConfigurationError):
        provider.complete(asking(max_output_tokens=0))


@given(seed=st.integers(0, 10_000))
def test_threads_on_one_purse_never_overspend(seed):
    rng = random.Random(seed)
    ledger = BudgetTracker(3.5 * BOUND / 1e6)
    purse = LedgerPurse(tracker=ledger, holder="planner")
    outcomes = [
        rng.choice([saying(), saying(usage=None), ProviderTimeoutError("slow")]) for _ in range(8)
    ]

    def call(number, outcome):
        provider = Budgeted(Voice(outcome), purse.for_holder(f"planner {number}"), BOOK)
        try:
            provider.complete(asking(id=f"call {number}"))
        except (SpendRefusedError, ProviderTimeoutError):
            return

    threads = [threading.Thread(target=call, args=pair) for pair in enumerate(outcomes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.check_invariants()
    assert ledger.reserved == 0
    assert ledger.spent <= ledger.hard_cap
