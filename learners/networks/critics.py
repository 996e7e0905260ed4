"""Centralised critics for the reward and each cost: separate networks, computed side by side.

Legend: B steps, P numbers that critics read, H heads (reward first, then K costs).

Targets of every head are normalised by a running mean and deviation of its own, so that one
learning rate serves rewards of any size. When the statistics move, the last layer is rescaled so
that no output changes (van Hasselt et al. 2016, arXiv 1602.07714, equation 5). One normaliser per
head: a shared one mixes rewards with costs.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from learners.reducer import Reducer

__all__ = ["Critics"]

SLOWNESS = 0.9
"""Weight of the old statistics; the first batch counts in full."""
SMALLEST_DEVIATION = 1e-3


class Critics(nn.Module):
    """H networks of one shape; their weights are stacked, [H, in, out]."""

    mean: Tensor
    deviation: Tensor
    seen: Tensor

    def __init__(
        self,
        num_inputs: int,
        num_heads: int,
        hidden: tuple[int, ...],
        generator: torch.Generator,
    ) -> None:
        """Draws the first parameters; all values start at 0.

        Args:
            num_inputs: P.
            num_heads: H.
            hidden: Sizes of the hidden layers, tanh.
            generator: All first parameters come from it.
        """
        super().__init__()
        sizes = (num_inputs, *hidden, 1)
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for number, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            weight = torch.zeros(num_heads, inputs, outputs)
            if number < len(hidden):
                for head in range(num_heads):
                    nn.init.orthogonal_(weight[head], gain=2**0.5, generator=generator)
            self.weights.append(nn.Parameter(weight))
            self.biases.append(nn.Parameter(torch.zeros(num_heads, 1, outputs)))
        self.register_buffer("mean", torch.zeros(num_heads))
        self.register_buffer("deviation", torch.ones(num_heads))
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, inputs: Tensor) -> Tensor:
        """Returns normalised values. [B, P] -> [B, H]."""
        hidden = inputs.expand(len(self.mean), *inputs.shape)  # [H, B, P]
        last = len(self.weights) - 1
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = torch.baddbmm(bias, hidden, weight)
            if number < last:
                hidden = torch.tanh(hidden)
        return hidden.squeeze(-1).T

    @torch.no_grad()
    def values(self, inputs: Tensor) -> Tensor:
        """Returns values in the environment's units. [B, P] -> [B, H]."""
        return self.forward(inputs) * self.deviation + self.mean

    def normalised(self, targets: Tensor) -> Tensor:
        """Returns targets on the scale of `forward`, [B, H]."""
        return (targets - self.mean) / self.deviation

    @torch.no_grad()
    def follow(self, targets: Tensor, weight: Tensor, reducer: Reducer) -> None:
        """Moves the statistics towards those of these targets; no value changes.

        Args:
            targets: In the environment's units. [B, H]
            weight: [B]
            reducer: Statistics are those of all ranks.
        """
        wide = targets.double()
        parts = [weight.sum()[None].double(), (weight[:, None] * wide).sum(0)]
        summed = reducer.sum(torch.cat(parts))
        count, sums = summed[0], summed[1:]
        mean = sums / count
        squares = reducer.sum((weight[:, None] * (wide - mean) ** 2).sum(0)) / count
        keep = SLOWNESS if bool(self.seen) else 0.0
        old_mean, old_deviation = self.mean.double(), self.deviation.double()
        new_mean = keep * old_mean + (1 - keep) * mean
        spread = keep * (old_deviation**2) + (1 - keep) * squares
        new_deviation = spread.sqrt().clamp(min=SMALLEST_DEVIATION)
        scale = (old_deviation / new_deviation).float()
        shift = ((old_mean - new_mean) / new_deviation).float()
        self.weights[-1].mul_(scale[:, None, None])
        self.biases[-1].mul_(scale[:, None, None]).add_(shift[:, None, None])
        self.mean.copy_(new_mean)
        self.deviation.copy_(new_deviation)
        self.seen.fill_(1.0)
