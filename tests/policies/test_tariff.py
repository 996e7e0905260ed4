"""The tariff: no step costs more than its bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigurationError
from core.plans import EffortTier
from policies.tariff import ACTION_MICROS, Tariff

TIERS = st.sampled_from(list(EffortTier))
FACTORS = st.floats(min_value=0.0, max_value=50.0, allow_nan=False)
KINDS = st.sampled_from([*ACTION_MICROS, "an action nobody knows"])


@given(tier=TIERS, factor=FACTORS, tokens=st.integers(-5, 10**9), kind=KINDS)
def test_no_charge_exceeds_the_upper_bound_of_its_step(
    tier: EffortTier, factor: float, tokens: int, kind: str
) -> None:
    tariff = Tariff()
    charge = tariff.charge(tier, factor, tokens, kind)
    assert 0 <= charge <= tariff.upper_bound(tier, factor)


def test_reading_costs_nothing_at_the_rules_tier_and_more_at_dearer_tiers() -> None:
    tariff = Tariff()
    prices = [tariff.charge(tier, 1.0, 1_500, "click") for tier in EffortTier]
    assert tariff.charge(EffortTier.RULES, 1.0, 0, "click") == prices[0]
    assert prices == sorted(prices)
    assert len(set(prices)) == len(prices)


def test_a_negative_price_factor_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="price factor"):
        Tariff().charge(EffortTier.RULES, -1.0, 0, "click")


def test_a_model_is_billed_apart_from_our_own_part_of_a_plan() -> None:
    tariff = Tariff()
    assert 0 < tariff.planning("cache") < tariff.planning("rules") < tariff.planning("some-model")
