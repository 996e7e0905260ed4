"""Generalised advantage estimation for reward and all costs at once (numpy).

Legend: T steps, N environments, H heads: the reward first, then the K costs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError

__all__ = ["Estimates", "generalised_advantages"]

Sums = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Estimates(NamedTuple):
    """What a step was worth beyond what was expected, and what critics should have said."""

    advantages: Sums
    """[T, N, H]"""
    targets: Sums
    """Advantage + value. [T, N, H]"""


def generalised_advantages(
    signals_t: Sums,
    values_t: Sums,
    values_tp1: Sums,
    ended_t: Flags,
    gamma: float,
    lam: float,
) -> Estimates:
    """Returns GAE(gamma, lam) of every head.

    δ_t = x_t + γ V(s_{t+1}) − V(s_t);  A_t = δ_t + γ λ (1 − ended_t) A_{t+1}
    (Schulman et al. 2016, arXiv 1506.02438, equations 11, 12 and 16.)

    The caller decides what comes after a step: 0 after a terminated one, the value of the final
    state after a truncated one, the value of the next state otherwise. gamma = 1 is allowed.

    Args:
        signals_t: Rewards and costs. [T, N, H]
        values_t: V(s_t). [T, N, H]
        values_tp1: What comes after the step. [T, N, H]
        ended_t: The episode ended with this step, by itself or by a limit. [T, N]
        gamma: Discount, in (0, 1].
        lam: Weight of longer estimates, in [0, 1].

    Raises:
        ConfigurationError: Shapes do not fit, or a number is out of range.
    """
    _check(signals_t, values_t, values_tp1, ended_t)
    if not (0.0 < gamma <= 1.0 and 0.0 <= lam <= 1.0):
        raise ConfigurationError(f"gamma in (0, 1] and lam in [0, 1], not {gamma} and {lam}")
    deltas = signals_t + gamma * values_tp1 - values_t
    carry = (gamma * lam * ~ended_t)[..., None]  # [T, N, 1]
    advantages = np.empty_like(deltas)
    following = np.zeros_like(deltas[0]) if len(deltas) else np.zeros(())
    for step in range(len(deltas) - 1, -1, -1):
        following = deltas[step] + carry[step] * following
        advantages[step] = following
    return Estimates(advantages, advantages + values_t)


def _check(signals_t: Sums, values_t: Sums, values_tp1: Sums, ended_t: Flags) -> None:
    if signals_t.ndim != 3 or ended_t.shape != signals_t.shape[:2]:
        raise ConfigurationError(
            f"signals are [T, N, H] and ends [T, N], not {signals_t.shape} and {ended_t.shape}"
        )
    if values_t.shape != signals_t.shape or values_tp1.shape != signals_t.shape:
        raise ConfigurationError(
            f"values have the shape of signals {signals_t.shape}, not {values_t.shape} "
            f"and {values_tp1.shape}"
        )
