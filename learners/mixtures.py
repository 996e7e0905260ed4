"""A mixture of policies: one of them is drawn for each episode. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import ConfigurationError
from policies.trained import TrainedPolicy

__all__ = ["PolicyMixture"]


@dataclass(frozen=True, slots=True)
class PolicyMixture:
    """Equal shares of several policies.

    Its J and J_C are the means of its members' J and J_C. That holds for drawing a policy once per
    *episode*; averaging their action probabilities step by step gives another policy.
    """

    members: tuple[TrainedPolicy, ...]

    def __post_init__(self) -> None:
        if not self.members:
            raise ConfigurationError("a mixture of no policies")

    def draw(self, rng: np.random.Generator) -> TrainedPolicy:
        """Returns the policy of the next episode."""
        return self.members[int(rng.integers(len(self.members)))]
