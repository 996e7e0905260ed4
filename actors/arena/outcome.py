"""What an episode came to: the one record that learner, evaluator and screen read."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One episode, judged. Money is what its one ledger settled."""

    key: str
    template: str
    split: str
    failed: str = ""
    """Why the episode or the judge broke; then nothing else counts. Empty: it did not break."""
    strict: bool = False
    official: float | None = None
    """Score of the benchmark's evaluators, `None` when they could not decide."""
    spent: int
    """Micro-dollars settled."""
    budget: int
    """Micro-dollars: B."""
    violations: int = 0
    ticks: int = 0
    decisions: int = 0
    """Choices of the learner's own nodes."""
    nodes: int = 0
    """Nodes of the last plan that open a page."""
    own_nodes: int = 0
    """Those of them that were the learner's."""
    reason: str = ""
    """How the orchestrator ended it."""

    @property
    def cost(self) -> float:
        """Money as a share of B."""
        return self.spent / self.budget
