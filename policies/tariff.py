"""The versioned tariff: what one step of an agent and one plan cost, in whole micro-dollars.

    charge = ceil(factor · (looks · min(tokens, limit) · price / 1000 + step + action))

It charges what was really shown, so frugality is a real choice without any model. A step is one
observation and the action chosen on it. `upper_bound` takes the same sum with the tier's token
limit and the dearest action, so no charge can exceed the bound that was reserved for it.

Money that a model provider bills is not here: its calls are reserved and settled by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import ConfigurationError
from core.plans import EffortTier
from policies.tiers import TIERS, TierSpec

__all__ = ["ACTION_MICROS", "TARIFF_VERSION", "Tariff"]

TARIFF_VERSION = "2026.2"
"""Changes whenever any price changes; part of every cost that is compared."""

ACTION_MICROS: Mapping[str, int] = {
    "click": 20,
    "fill": 10,
    "select": 10,
    "press": 20,
    "goto": 20,
    "back": 20,
    "expand": 5,
    "note": 1,
    "answer": 1,
    "stop": 1,
}
"""Kind of an action to micro-dollars; what loads a page costs most."""

PLANNING_MICROS: Mapping[str, int] = {"rules": 40, "cache": 10}
"""Who made a plan to micro-dollars."""
MODEL_PLANNING_MICROS = 60
"""Our own part of a plan by a model; the model's bill comes on top, through its provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Prices of one version.

    Example:
        >>> tariff = Tariff()
        >>> tariff.charge(EffortTier.RULES, 0.8, 5_000, "click")
        20
        >>> tariff.upper_bound(EffortTier.TOP_K, 1.0)
        630
    """

    version: str = TARIFF_VERSION
    tiers: Mapping[EffortTier, TierSpec] = field(default_factory=lambda: TIERS)
    actions: Mapping[str, int] = field(default_factory=lambda: ACTION_MICROS)

    def __post_init__(self) -> None:
        missing = [tier.value for tier in EffortTier if tier not in self.tiers]
        if missing:
            raise ConfigurationError(f"the tariff has no price for the tiers {missing}")
        negative = [kind for kind, price in self.actions.items() if price < 0]
        if negative or not self.actions:
            raise ConfigurationError(f"actions need prices of at least 0: {negative}")

    def upper_bound(self, tier: EffortTier, price_factor: float) -> int:
        """Returns the most that one step at this tier can cost.

        Args:
            tier: How much is shown.
            price_factor: The agent's own factor, at least 0.
        """
        spec = self.tiers[tier]
        return self._total(spec, price_factor, spec.token_limit, max(self.actions.values()))

    def charge(
        self, tier: EffortTier, price_factor: float, shown_tokens: int, action_kind: str
    ) -> int:
        """Returns what one step costs; never more than `upper_bound`.

        Args:
            tier: How much is shown.
            price_factor: The agent's own factor, at least 0.
            shown_tokens: Tokens rendered for this step; beyond the tier's limit nothing is shown.
            action_kind: `kind` of the action taken; an unknown kind costs as the dearest.
        """
        dearest = max(self.actions.values())
        action = self.actions.get(action_kind, dearest)
        return self._total(self.tiers[tier], price_factor, shown_tokens, action)

    def planning(self, origin: str) -> int:
        """Returns what making one plan costs, without a model provider's own bill.

        Args:
            origin: `Plan.origin`: `rules`, `cache`, or a model's name.
        """
        return PLANNING_MICROS.get(origin, MODEL_PLANNING_MICROS)

    def _total(self, spec: TierSpec, factor: float, tokens: int, action: int) -> int:
        if not (factor >= 0 and math.isfinite(factor)):
            raise ConfigurationError(f"a price factor is finite and at least 0, not {factor}")
        read = min(max(tokens, 0), spec.token_limit) * spec.looks * spec.micros_per_1k_tokens
        nanos = read + 1_000 * (spec.micros_per_step + action)
        return math.ceil(factor * nanos / 1_000)
