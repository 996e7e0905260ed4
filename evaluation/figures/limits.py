"""The limits that figures draw."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a policy is to keep; `None` draws no line."""

    success: float | None = 0.9
    """Least success, a target rather than a constraint."""
    cost_share: float | None = 1.0
    """Most of mean cost / B."""
    guarantee: float = 0.95
    """Least P(cost ≤ 1.05 B)."""
    violations: float | None = 0.02
    """Most violations per episode."""
