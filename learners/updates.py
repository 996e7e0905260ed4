"""What every algorithm shows to the training loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.errors import InvariantError
from learners.episodes import Evidence
from learners.fragments import Collected, Fragment
from learners.networks.config import NetworkConfig
from learners.team import Team
from policies.networks import Weights

__all__ = ["Algorithm", "AlgorithmConfig", "Learner", "LocalLearner", "Update", "UpdateStatus"]


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


class Learner(Protocol):
    """An algorithm as the training loop sees it: in this process, or spread over several."""

    @property
    def networks(self) -> NetworkConfig:
        """Sizes of the networks."""
        ...

    def weights(self) -> Weights:
        """Returns the actors' parameters as they are now."""
        ...

    def update(self, collected: Sequence[Collected], evidence: Evidence, progress: float) -> Update:
        """Learns from everything that was collected; see `Algorithm.update`."""
        ...

    def state(self) -> bytes:
        """Returns everything that the next update depends on."""
        ...

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`."""
        ...


class LocalLearner:
    """A `Learner` of one algorithm in this process."""

    def __init__(self, algorithm: Algorithm) -> None:
        """Wraps an algorithm."""
        self._algorithm = algorithm
        self._multipliers: tuple[float, ...] = ()

    @property
    def multipliers(self) -> tuple[float, ...]:
        """Those of the newest update; empty before the first. [K]."""
        return self._multipliers

    @property
    def networks(self) -> NetworkConfig:
        """See `Learner`."""
        return self._algorithm.team.config

    def weights(self) -> Weights:
        """See `Learner`."""
        return self._algorithm.team.weights()

    def update(self, collected: Sequence[Collected], evidence: Evidence, progress: float) -> Update:
        """See `Learner`.

        Raises:
            InvariantError: A fragment's arrays lie in another process.
        """
        fragments = [one for one in collected if isinstance(one, Fragment)]
        if len(fragments) < len(collected):
            raise InvariantError("a learner of this process was given fragments of another")
        update = self._algorithm.update(fragments, evidence, progress)
        self._multipliers = update.multipliers
        return update

    def state(self) -> bytes:
        """See `Learner`."""
        return self._algorithm.state()

    def load_state(self, data: bytes) -> None:
        """See `Learner`."""
        self._algorithm.load_state(data)


class AlgorithmConfig(Protocol):
    """A frozen configuration that can build its algorithm."""

    @property
    def make(self) -> Callable[..., Algorithm]:
        """The algorithm's class."""
        ...
