"""What makes an episode end even if nobody gives up."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OrchestratorLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorLimits:
    """What makes an episode end by itself."""

    max_attempts: int = 5
    """Attempts of one node, over all plans."""
    max_repairs: int = 12
    """Repairs and new plans of one episode, made or only tried."""
    starts_per_node: int = 4
    """Times the number of a plan's nodes: subtasks started in all, at least `min_starts`."""
    min_starts: int = 48
    planner_origin: str = "rules"
    """`Plan.origin` of the dearest plan that the planner may make: what is reserved for one."""
