"""What a constraint costs: damped multipliers, the adaptive penalty of P3O, the duality gap.

Legend: K costs. All numbers are in reward units per cost unit, so λ is the λ of the linear
programme: dJ*/dd. Pure Python and numpy; no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError

__all__ = [
    "AdaptivePenalty",
    "DampedMultipliers",
    "MultiplierConfig",
    "PenaltyConfig",
    "duality_gap",
]

Sums = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiplierConfig:
    """Gains of a proportional-integral controller on the relative violation."""

    proportional: float = 5.0
    """Damps: answers the violation of now. In units of the trade-off scale."""
    proportional_cap: float = 1.0
    """Largest part of λ that comes from the violation of now, up or down, in the same units."""
    integral: float = 0.4
    """Finds λ*: adds up violations, each counted as at most a half. In the same units."""
    cap: float = 100.0
    """Largest multiplier, in units of the trade-off scale; reaching it means: infeasible so far."""

    def __post_init__(self) -> None:
        if min(self.proportional, self.integral, self.cap) <= 0:
            raise ConfigurationError(f"gains and cap are > 0: {self}")


class DampedMultipliers:
    """Multipliers λ = max(0, I + P): I adds up relative violations, P answers the one of now.

    e = (J_C − d) / max(d, u),   I ← clip(I + k_i s e, 0, cap·s),   λ = clip(I + k_p s e, 0, cap·s)

    with e and k_p e bounded, so that a bad start winds nothing up. This is the form of Stooke et
    al. 2020 (arXiv 2007.03964) without its derivative term. s is the trade-off scale
    std(A_r) / std(A_c): the natural size of λ, so that the gains need no tuning when rewards or
    costs change their unit. u keeps e finite when d is 0.
    """

    def __init__(self, num_costs: int, config: MultiplierConfig) -> None:
        """Starts at 0."""
        self._config = config
        self.integral: Sums = np.zeros(num_costs)
        self.values: Sums = np.zeros(num_costs)
        self.scale: Sums = np.zeros(num_costs)

    def update(self, costs: Sums, limits: Sums, scale: Sums, gain: float = 1.0) -> Sums:
        """Returns λ for the next policy update, [K].

        Args:
            costs: J_C of completed episodes. [K]
            limits: d. [K]
            scale: std(A_r) / std(A_c) of this batch; smoothed here. [K]
            gain: Multiplies the integral's gain; falls with the learning rate.
        """
        config = self._config
        self.scale = np.where(self.scale == 0, scale, 0.9 * self.scale + 0.1 * scale)
        error = (costs - limits) / cost_unit(costs, limits)
        cap = config.cap * self.scale
        added = gain * config.integral * self.scale * np.clip(error, -0.5, 0.5)
        self.integral = np.clip(self.integral + added, 0.0, cap)
        most = config.proportional_cap
        answer = self.scale * np.clip(config.proportional * error, -most, most)
        self.values = np.clip(self.integral + answer, 0.0, cap)
        return self.values

    @property
    def at_cap(self) -> bool:
        """Whether a multiplier can grow no more: no policy found that keeps to the limit."""
        return bool(np.any((self.scale > 0) & (self.values >= self._config.cap * self.scale)))

    def state(self) -> dict[str, list[float]]:
        """Returns all numbers."""
        return {
            "integral": self.integral.tolist(),
            "values": self.values.tolist(),
            "scale": self.scale.tolist(),
        }

    def load_state(self, state: dict[str, list[float]]) -> None:
        """Goes on from `state`."""
        self.integral = np.array(state["integral"])
        self.values = np.array(state["values"])
        self.scale = np.array(state["scale"])


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyConfig:
    """How the penalty factor of P3O finds its size."""

    start: float = 3.0
    """First κ, in units of the trade-off scale (a first guess of λ*)."""
    ratio: float = 2.0
    """κ is kept at this many times the estimate of λ*: > 1 for exactness, small for calm."""
    growth: float = 1.5
    """Factor on κ while J_C > d."""
    smoothing: float = 0.1
    """Weight of an update in the running estimate of λ*."""
    cap: float = 100.0
    """Largest κ, in units of the trade-off scale; reaching it means: infeasible so far."""

    def __post_init__(self) -> None:
        if min(self.start, self.ratio, self.growth) <= 1 or not 0 < self.smoothing <= 1:
            raise ConfigurationError(f"start, ratio, growth > 1 and smoothing in (0, 1]: {self}")


class AdaptivePenalty:
    """κ of P3O for each cost.

    The penalty is exact when κ > λ* (Zhang et al. 2022). The estimate of λ* comes from the updates
    themselves: with the gate of the penalty open for a share p of an update's steps, κ p is the
    multiplier that really acted, and where learning comes to rest its mean is λ*. κ follows
    `ratio` times this estimate, and grows while the limit is broken by more than noise.
    """

    def __init__(self, num_costs: int, config: PenaltyConfig) -> None:
        """Starts without an estimate."""
        self._config = config
        self.kappa: Sums = np.zeros(num_costs)
        self.estimate: Sums = np.zeros(num_costs)
        self.scale: Sums = np.zeros(num_costs)

    def begin(self, scale: Sums, *, violated: npt.NDArray[np.bool_]) -> Sums:
        """Returns κ for this update, [K].

        Args:
            scale: std(A_r) / std(A_c) of this batch; smoothed here. [K]
            violated: J_C > d. [K]
        """
        config = self._config
        first = self.scale == 0
        self.scale = np.where(first, scale, 0.9 * self.scale + 0.1 * scale)
        self.estimate = np.where(first, config.start / config.ratio * self.scale, self.estimate)
        grown = np.where(violated, config.growth * self.kappa, 0.0)
        kappa = np.maximum(config.ratio * self.estimate, np.where(first, 0.0, grown))
        floor = 0.01 * self.scale  # it must be able to come back
        self.kappa = np.clip(kappa, floor, config.cap * self.scale)
        return self.kappa

    def end(self, open_share: Sums) -> None:
        """Takes in for what share of the update's steps each gate was open, [K]."""
        weight = self._config.smoothing
        self.estimate = (1 - weight) * self.estimate + weight * self.kappa * open_share

    @property
    def at_cap(self) -> bool:
        """Whether a κ can grow no more: no policy found that keeps to the limit."""
        return bool(np.any((self.scale > 0) & (self.kappa >= self._config.cap * self.scale)))

    def state(self) -> dict[str, list[float]]:
        """Returns all numbers."""
        return {
            "kappa": self.kappa.tolist(),
            "estimate": self.estimate.tolist(),
            "scale": self.scale.tolist(),
        }

    def load_state(self, state: dict[str, list[float]]) -> None:
        """Goes on from `state`."""
        self.kappa = np.array(state["kappa"])
        self.estimate = np.array(state["estimate"])
        self.scale = np.array(state["scale"])


def cost_unit(costs: Sums, limits: Sums) -> Sums:
    """Returns what a violation is measured against: d, or a tenth of the cost where d is 0, [K]."""
    return np.maximum(np.abs(limits), np.maximum(0.1 * np.abs(costs), 1e-3))


def trade_off_scale(deviations: Sums) -> Sums:
    """Returns std(A_r) / std(A_c) of each cost, the natural size of λ, [K].

    Args:
        deviations: Of all heads' advantages, reward first. [1+K]
    """
    return np.asarray((deviations[0] + 1e-6) / (deviations[1:] + 1e-6))


def duality_gap(
    rewards: Sequence[float],
    costs: Sequence[Sums],
    multipliers: Sequence[Sums],
    limits: Sums,
) -> float:
    """Returns an estimate of the duality gap over some iterations, from below.

    With λ̄ the mean multipliers and J̄, J̄_C the mean returns (those of the mixture of the
    iterations' policies), the gap is max_π L(π, λ̄) − min_{λ ≥ 0} L(π̄, λ). Neither part is known
    from samples: the first is replaced by its maximum over the iterations, the second by J̄ minus
    2 λ̄ times what the mixture is above its limits. 0 means: complementary slackness holds and no
    iteration did better against λ̄. NaN without iterations.
    """
    if not rewards:
        return float("nan")
    all_rewards = np.asarray(rewards, dtype=np.float64)
    all_costs = np.asarray(costs, dtype=np.float64)
    mean_lambda = np.asarray(multipliers, dtype=np.float64).mean(axis=0)
    best = (all_rewards - (all_costs - limits) @ mean_lambda).max()
    excess = np.maximum(0.0, all_costs.mean(axis=0) - limits)
    return float(best - (all_rewards.mean() - 2.0 * mean_lambda @ excess))
