"""Pure losses: tensors in, one weighted mean out. They know no network, optimiser or logger.

Legend: B steps of a batch, R decisions (of all agents; `step` says of which step), K costs.

Sign convention: a *loss* is minimised, a *surrogate* is an estimate of a change of J or J_C in
units per step. All surrogates are sums over agents and means over steps, because a change of each
agent's policy adds its own change to the team's J and J_C (to first order):

    S(π) = (1 / Σ w_t) Σ_t w_t Σ_a ρ_a,t A_t            ρ = π(a|o) / π_old(a|o)

Functions return sums over the rows they are given; the caller divides by the count over the full
batch, so that shards of a batch add up.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.errors import ConfigurationError

__all__ = [
    "clipped_cost_sum",
    "clipped_reward_sum",
    "lagrangian_advantage",
    "penalised_loss",
    "surrogate_sum",
    "value_loss_sum",
]


def surrogate_sum(log_ratio: Tensor, advantage: Tensor, weight: Tensor) -> Tensor:
    """Returns Σ w ρ A, not clipped.

    Args:
        log_ratio: log π − log π_old. [R]
        advantage: Of the decision's step. [R]
        weight: Of the decision's step. [R]
    """
    _check_rows(log_ratio, advantage, weight)
    return (weight * log_ratio.exp() * advantage).sum()


def clipped_reward_sum(log_ratio: Tensor, advantage: Tensor, weight: Tensor, clip: float) -> Tensor:
    """Returns Σ w min(ρ A, clip(ρ, 1−ε, 1+ε) A), to be maximised.

    Schulman et al. 2017 (arXiv 1707.06347), equation 7.

    Args:
        log_ratio: log π − log π_old. [R]
        advantage: Of the decision's step. [R]
        weight: Of the decision's step. [R]
        clip: ε.
    """
    _check_rows(log_ratio, advantage, weight)
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    return (weight * torch.minimum(ratio * advantage, clipped * advantage)).sum()


def clipped_cost_sum(log_ratio: Tensor, advantage: Tensor, weight: Tensor, clip: float) -> Tensor:
    """Returns Σ w max(ρ A_c, clip(ρ, 1−ε, 1+ε) A_c), to be kept small.

    The pessimistic side of a cost is its maximum, as the minimum is that of a reward: beyond the
    clip a smaller cost earns nothing more. This is the form of P3O (Zhang et al. 2022, arXiv
    2205.11814), known to us from a port and from issue threads of OmniSafe, not from the paper's
    text.

    Args:
        log_ratio: log π − log π_old. [R]
        advantage: Cost advantage of the decision's step. [R]
        weight: Of the decision's step. [R]
        clip: ε.
    """
    _check_rows(log_ratio, advantage, weight)
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    return (weight * torch.maximum(ratio * advantage, clipped * advantage)).sum()


def penalised_loss(reward: Tensor, costs: Tensor, slack: Tensor, kappa: Tensor) -> Tensor:
    """Returns −S_r + Σ_k κ_k max(0, S_ck + v_k), the exact penalty of P3O.

    Args:
        reward: S_r, change of J per step. []
        costs: S_ck, change of each J_C per step, zero at π_old. [K]
        slack: v_k = (J_Ck − d_k) / mean episode length: the violation in the same unit. [K]
        kappa: κ_k, larger than the optimal multiplier. [K]
    """
    if costs.ndim != 1 or costs.shape != slack.shape or costs.shape != kappa.shape:
        raise ConfigurationError(
            f"costs, slack and kappa are [K], not {costs.shape}, {slack.shape}, {kappa.shape}"
        )
    return -reward + (kappa * (costs + slack).clamp(min=0.0)).sum()


def lagrangian_advantage(advantages: Tensor, multipliers: Tensor) -> Tensor:
    """Returns A_r − Σ_k λ_k A_ck, [B].

    Args:
        advantages: Reward first, then the costs, in their own units. [B, 1+K]
        multipliers: λ or fixed penalties, reward units per cost unit. [K]
    """
    if advantages.ndim != 2 or multipliers.shape != (advantages.shape[1] - 1,):
        raise ConfigurationError(
            f"advantages [B, 1+K] and multipliers [K], not {advantages.shape} and "
            f"{multipliers.shape}"
        )
    return advantages[:, 0] - advantages[:, 1:] @ multipliers


def value_loss_sum(values: Tensor, targets: Tensor, weight: Tensor) -> Tensor:
    """Returns Σ_t w_t Σ_h (V_h − target_h)² / 2.

    Args:
        values: [B, H]
        targets: [B, H]
        weight: [B]
    """
    if values.shape != targets.shape or weight.shape != values.shape[:1]:
        raise ConfigurationError(
            f"values and targets are [B, H] and weight [B], not {values.shape}, "
            f"{targets.shape}, {weight.shape}"
        )
    return 0.5 * (weight[:, None] * (values - targets) ** 2).sum()


def _check_rows(log_ratio: Tensor, advantage: Tensor, weight: Tensor) -> None:
    if log_ratio.ndim != 1 or not log_ratio.shape == advantage.shape == weight.shape:
        raise ConfigurationError(
            f"log ratio, advantage and weight are [R], not {log_ratio.shape}, "
            f"{advantage.shape}, {weight.shape}"
        )
