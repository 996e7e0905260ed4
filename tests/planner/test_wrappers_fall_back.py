import pytest

from core.budget import BudgetTracker
from core.errors import ConfigurationError
from planner.prices import FREE, PriceBook
from planner.providers.contract import (
    CredentialsError,
    FinishReason,
    OverloadedError,
    ProviderTimeoutError,
    SpendRefusedError,
)
from planner.wrappers.fall_back import AllProvidersFailedError, FallingBack
from planner.wrappers.limits import LimitConfig
from planner.wrappers.purses import LedgerPurse
from planner.wrappers.retry import RetryConfig
from planner.wrappers.stack import ProviderStack, StackedAdapter
from tests.planner.voices_for_tests import Voice, asking, saying


def parts(*voices):
    return [StackedAdapter(voice) for voice in voices]


NO_WAIT = RetryConfig(max_attempts=2, first_wait_s=0, longest_wait_s=0)


@pytest.mark.parametrize("kind", [CredentialsError, OverloadedError, SpendRefusedError])
def test_the_next_provider_is_asked_when_one_fails(kind):
    first, second = Voice(kind("no")), Voice(saying("second"))
    assert FallingBack((first, second)).complete(asking()).text == "second"
    assert second.asked[0].id == "call@1"


def test_a_refusal_makes_the_next_one_try():
    shy = Voice(saying("I cannot", finish=FinishReason.REFUSAL))
    assert FallingBack((shy, Voice(saying("here")))).complete(asking()).text == "here"


def test_when_all_decline_the_last_refusal_is_the_reply():
    shy = Voice(saying("I cannot", finish=FinishReason.FILTERED))
    assert FallingBack((Voice(OverloadedError("busy")), shy)).complete(asking()).text == "I cannot"


def test_when_all_fail_every_reason_is_told():
    told = []
    providers = (
        Voice(CredentialsError("bad key")),
        Voice(OverloadedError("busy"), name="google", model="gemini-2.5-pro"),
    )
    with pytest.raises(AllProvidersFailedError, match=r"openai: bad key; google: busy") as failed:
        FallingBack(providers, lambda *what: told.append(what)).complete(asking())
    assert [type(error) for error in failed.value.errors] == [CredentialsError, OverloadedError]
    assert told == [
        ("gpt-4o", "CredentialsError: bad key"),
        ("gemini-2.5-pro", "OverloadedError: busy"),
    ]


def test_an_empty_list_is_refused():
    with pytest.raises(ConfigurationError):
        FallingBack(())


def test_a_whole_stack_keeps_true_books():
    slow = Voice(ProviderTimeoutError("slow"))
    free = Voice(saying("local"), name="local", model="local:tiny")
    book = PriceBook(overrides={"local:*": FREE})
    stack = ProviderStack(parts(slow, free), book, retry=NO_WAIT, limits=LimitConfig())
    ledger = BudgetTracker(1.0)
    provider = stack.for_purse(LedgerPurse(tracker=ledger, holder="planner"))
    assert provider.complete(asking()).text == "local"
    bound = book.prices("openai", "gpt-4o").bound(asking())
    assert ledger.spent == 2 * bound
    assert ledger.reserved == 0
    assert stack.model == "gpt-4o"


def test_a_cheaper_provider_is_asked_when_the_first_is_too_dear():
    dear, free = Voice(saying()), Voice(saying("cheap"), name="local", model="local:tiny")
    stack = ProviderStack(parts(dear, free), PriceBook(overrides={"local:*": FREE}), retry=NO_WAIT)
    ledger = BudgetTracker(0.0)
    reply = stack.for_purse(LedgerPurse(tracker=ledger, holder="p")).complete(asking())
    assert (reply.text, dear.asked) == ("cheap", [])


def test_a_stack_of_nothing_has_no_provider():
    stack = ProviderStack([], PriceBook())
    assert stack.for_purse(LedgerPurse(tracker=BudgetTracker(1.0), holder="p")) is None
    assert stack.model == ""
