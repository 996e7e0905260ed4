import pytest

from core.budget import BudgetTracker
from core.errors import ConfigurationError
from planner.prices import PriceBook, parse_price
from planner.providers.contract import CredentialsError, OverloadedError, SpendRefusedError
from planner.wrappers.budget import Budgeted
from planner.wrappers.fall_back import AllProvidersFailedError, FallingBack
from planner.wrappers.purses import LedgerPurse
from planner.wrappers.thrift import Thrifty
from tests.planner.voices_for_tests import Voice, asking, saying

PRICES = parse_price("1,10")
LONG = asking(max_output_tokens=4_000)


def thrifty(voice, affordable, book=None, least=1_000):
    """A provider with money for an answer of so many tokens."""
    bound = PRICES.bound(asking(max_output_tokens=affordable))
    purse = LedgerPurse(tracker=BudgetTracker(bound / 1e6), holder="p")
    book = book or PriceBook(overrides={"gpt-4o": PRICES})
    return Thrifty(FallingBack((Budgeted(voice, purse, book),)), least)


def test_the_longest_answer_that_can_be_paid_for_is_asked_for():
    voice = Voice(saying())
    thrifty(voice, 2_500).complete(LONG)
    assert [request.max_output_tokens for request in voice.asked] == [2_000]
    assert voice.asked[0].id == "call%1"


def test_with_enough_money_nothing_is_changed():
    voice = Voice(saying())
    thrifty(voice, 4_000).complete(LONG)
    assert voice.asked == [LONG]


def test_less_than_is_of_use_is_not_asked_for():
    voice = Voice(saying())
    with pytest.raises(AllProvidersFailedError, match="may cost"):
        thrifty(voice, 900).complete(LONG)
    assert voice.asked == []


def test_a_short_request_is_never_made_shorter():
    voice = Voice(SpendRefusedError("no"))
    with pytest.raises(SpendRefusedError):
        Thrifty(voice).complete(asking(max_output_tokens=300))
    assert len(voice.asked) == 1


@pytest.mark.parametrize("error", [OverloadedError("busy"), CredentialsError("401")])
def test_other_errors_are_not_about_money(error):
    voice = Voice(error)
    with pytest.raises(type(error)):
        Thrifty(voice).complete(LONG)
    assert len(voice.asked) == 1


def test_an_unpriced_model_is_not_asked_again_for_less():
    voice = Voice(saying(), name="local", model="local:x")
    with pytest.raises(AllProvidersFailedError, match="--price"):
        thrifty(voice, 4_000, PriceBook()).complete(LONG)
    assert voice.asked == []


def test_an_answer_of_nothing_is_refused():
    with pytest.raises(ConfigurationError):
        Thrifty(Voice(saying()), 0)
