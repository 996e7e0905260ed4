"""What a trust-region step needs of a team and a batch, over all ranks.

Legend: B steps, P parameters that move, K costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from learners.batches import Batch
from learners.networks.distributions import Distribution, kl_old_new
from learners.reducer import Reducer
from learners.team import Team

__all__ = ["FisherProduct", "Surrogates", "kl_of_groups", "place", "surrogates"]


class Surrogates(NamedTuple):
    """Changes of J and J_C that a batch foresees."""

    sums: Tensor
    """This rank's Σ w (Π_a ρ_a − 1) A of each head. [1+K]"""
    heads: Tensor
    """The same over the full batch, per step. [1+K]"""
    steps: float
    """Of all ranks."""


@dataclass(frozen=True, slots=True)
class FisherProduct:
    """The product v -> (F + damping) v, the same on all ranks."""

    local: Callable[[Tensor], Tensor]
    reducer: Reducer
    count: float
    damping: float

    def __call__(self, vector: Tensor) -> Tensor:
        """Returns (F + damping) v, [P]."""
        return self.reducer.sum(self.local(vector)) / self.count + self.damping * vector


def surrogates(team: Team, batch: Batch, heads: Tensor) -> Surrogates:
    """Change of J and J_C per step under the joint ratio of all agents, exact in expectation."""
    log_ratio = torch.zeros(len(batch))
    for group, rows in enumerate(batch.decisions):
        if len(rows):
            log_ratio = log_ratio.index_add(0, rows.step, team.evaluate(group, rows).log_ratio)
    gained = (batch.weight * torch.expm1(log_ratio))[:, None] * heads
    sums = gained.sum(0)
    joined = torch.cat([sums.detach().double(), batch.weight.sum().double()[None]])
    summed = team.reducer.sum(joined)
    return Surrogates(sums, summed[:-1] / summed[-1], float(summed[-1]))


@torch.no_grad()
def place(parameters: list[nn.Parameter], before: list[Tensor], x: Tensor) -> None:
    """Sets parameters to what they were before, plus a step x, [P]."""
    first = 0
    for parameter, value in zip(parameters, before, strict=True):
        size = parameter.numel()
        parameter.copy_(value + x[first : first + size].view_as(value))
        first += size


@torch.no_grad()
def kl_of_groups(
    team: Team, batch: Batch, here: Sequence[Distribution | None], movers: list[int]
) -> float:
    """Returns the mean over steps of KL(here ‖ now), summed over the groups that move."""
    sums = torch.zeros(2, dtype=torch.float64)
    sums[1] = batch.weight.sum()
    for group in movers:
        before = here[group]
        if before is not None:
            rows = batch.decisions[group]
            kl = kl_old_new(before, team.evaluate(group, rows).distribution)
            sums[0] += (batch.weight[rows.step] * kl).sum()
    total = team.reducer.sum(sums)
    return float(total[0] / total[1].clamp(min=1.0))
