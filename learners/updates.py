"""What every algorithm shows to the training loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from learners.episodes import Evidence
from learners.fragments import Fragment
from learners.team import Team

__all__ = ["Algorithm", "AlgorithmConfig", "Update", "UpdateStatus"]


class UpdateStatus(StrEnum):
    """How an update went."""

    IMPROVED = "improved"
    """The ordinary case."""
    RECOVERING = "recovering"
    """A limit is broken by more than one step can repair: only costs were reduced."""
    REJECTED = "rejected"
    """No step of the line search was acceptable; the policy is as before."""
    AT_CAP = "at_cap"
    """A multiplier or penalty has reached its cap: no policy found that keeps to the limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Numbers about one update."""

    kl: float
    """Mean over steps of KL(old ‖ new), summed over agents."""
    entropy: float
    """Mean over decisions, in nats."""
    value_loss: float
    """Of the critics, normalised."""
    epochs: int
    """Passes over the batch, or accepted steps of a line search."""
    multipliers: tuple[float, ...] = ()
    """λ that acted, or the estimate of λ*; reward units per cost unit. [K]"""
    kappa: tuple[float, ...] = ()
    """Penalty factors of P3O. [K]"""
    status: UpdateStatus = UpdateStatus.IMPROVED


class Algorithm(Protocol):
    """A learner: parameters and the rule that changes them."""

    @property
    def team(self) -> Team:
        """Networks, optimisers, generators."""
        ...

    def update(self, fragments: Sequence[Fragment], evidence: Evidence, progress: float) -> Update:
        """Learns from fragments of the newest version.

        Args:
            fragments: This rank's shard of what was collected.
            evidence: J and J_C of completed episodes, the same on every rank.
            progress: Share of the run that is done, in [0, 1].
        """
        ...

    def state(self) -> bytes:
        """Returns everything that the next update depends on."""
        ...

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`."""
        ...


class AlgorithmConfig(Protocol):
    """A frozen configuration that can build its algorithm."""

    @property
    def make(self) -> Callable[..., Algorithm]:
        """The algorithm's class."""
        ...
