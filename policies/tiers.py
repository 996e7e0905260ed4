"""What each effort tier is shown and what it costs: the one table of prices.

Tiers differ in what an agent is shown and in price, so that cost and quality are tied by cause. The
rules tier runs on our own processor: it may look at the whole page and nothing is charged for
reading; its actions still cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.plans import EffortTier

__all__ = ["OWN_PART", "TIERS", "TierSpec"]

_EVERYTHING = 5_000
"""Elements that an observation has at most, see `environment/browsers/extraction.md`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierSpec:
    """One row of the table."""

    max_elements: int
    """Elements shown before anything was expanded."""
    expand_factor: int
    """What one `expand` multiplies `max_elements` by."""
    token_limit: int
    """Most tokens of one page that are shown and charged, expanded or not."""
    looks: int
    """How often the page is read for one step: a second look reads it twice."""
    micros_per_1k_tokens: int
    """Micro-dollars for a thousand tokens read."""
    micros_per_step: int
    """Micro-dollars for choosing one step, whatever is shown (a model's answer included)."""


TIERS: Mapping[EffortTier, TierSpec] = {
    EffortTier.RULES: TierSpec(
        max_elements=_EVERYTHING,
        expand_factor=1,
        token_limit=1_000_000,
        looks=0,
        micros_per_1k_tokens=0,
        micros_per_step=5,
    ),
    EffortTier.TOP_K: TierSpec(
        max_elements=8,
        expand_factor=3,
        token_limit=4_000,
        looks=1,
        micros_per_1k_tokens=150,
        micros_per_step=10,
    ),
    EffortTier.FULL_PAGE: TierSpec(
        max_elements=400,
        expand_factor=3,
        token_limit=12_000,
        looks=1,
        micros_per_1k_tokens=150,
        micros_per_step=15,
    ),
    EffortTier.SECOND_LOOK: TierSpec(
        max_elements=400,
        expand_factor=3,
        token_limit=12_000,
        looks=2,
        micros_per_1k_tokens=150,
        micros_per_step=30,
    ),
    EffortTier.LANGUAGE_MODEL: TierSpec(
        max_elements=400,
        expand_factor=3,
        token_limit=12_000,
        looks=1,
        micros_per_1k_tokens=2_500,
        micros_per_step=2_000,
    ),
}
"""Prices of the tariff's present version, see `policies/tariff.py`."""

OWN_PART: Mapping[EffortTier, TierSpec] = {
    **TIERS,
    EffortTier.LANGUAGE_MODEL: replace(
        TIERS[EffortTier.LANGUAGE_MODEL],
        micros_per_1k_tokens=TIERS[EffortTier.FULL_PAGE].micros_per_1k_tokens,
        micros_per_step=TIERS[EffortTier.FULL_PAGE].micros_per_step,
    ),
}
"""Prices where a real model acts: its bill comes on top through its provider, so the tariff charges
only what the same page costs without it. `TIERS` prices the model too, for systems without one."""
