"""What an actor says about its decisions: log π, entropy and KL, row by row.

Legend: R decisions, C actions or candidates, D dimensions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from core.errors import InvariantError

__all__ = ["Categorical", "Distribution", "Gaussian", "kl_old_new"]


@dataclass(frozen=True, slots=True)
class Categorical:
    """Probabilities of a finite set of actions."""

    logits: Tensor
    """Forbidden ones are -1e9. [R, C]"""

    def logp(self, actions: Tensor) -> Tensor:
        """Returns log π of these actions, [R]."""
        return self._all().gather(-1, actions[:, None]).squeeze(-1)

    def entropy(self) -> Tensor:
        """Returns −Σ π log π, [R]."""
        logp = self._all()
        return -(logp.exp() * logp).sum(-1)

    def detached(self) -> Categorical:
        """Returns the same without its graph."""
        return Categorical(self.logits.detach())

    def rows(self, chosen: Tensor) -> Categorical:
        """Returns some of the rows."""
        return Categorical(self.logits[chosen])

    def _all(self) -> Tensor:
        return torch.log_softmax(self.logits, dim=-1)


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Independent normal distributions of D numbers."""

    mean: Tensor
    """[R, D]"""
    log_std: Tensor
    """[D]"""

    def logp(self, actions: Tensor) -> Tensor:
        """Returns log density: the sum over dimensions, [R]."""
        scaled = (actions - self.mean) * torch.exp(-self.log_std)
        return (-0.5 * scaled**2 - self.log_std - 0.5 * math.log(2 * math.pi)).sum(-1)

    def entropy(self) -> Tensor:
        """Returns the differential entropy, [R]."""
        each = self.log_std + 0.5 * math.log(2 * math.pi * math.e)
        return each.sum().expand(len(self.mean))

    def detached(self) -> Gaussian:
        """Returns the same without its graph."""
        return Gaussian(self.mean.detach(), self.log_std.detach())

    def rows(self, chosen: Tensor) -> Gaussian:
        """Returns some of the rows."""
        return Gaussian(self.mean[chosen], self.log_std)


Distribution: TypeAlias = Categorical | Gaussian


def kl_old_new(old: Distribution, new: Distribution) -> Tensor:
    """Returns KL(old ‖ new), summed over dimensions, [R]."""
    if isinstance(old, Categorical) and isinstance(new, Categorical):
        logp_old = torch.log_softmax(old.logits, dim=-1)
        logp_new = torch.log_softmax(new.logits, dim=-1)
        return (logp_old.exp() * (logp_old - logp_new)).sum(-1)
    if isinstance(old, Gaussian) and isinstance(new, Gaussian):
        spread = torch.exp(2 * (old.log_std - new.log_std))
        apart = (old.mean - new.mean) * torch.exp(-new.log_std)
        return (new.log_std - old.log_std + 0.5 * (spread + apart**2 - 1)).sum(-1)
    raise InvariantError("KL between distributions of two kinds")
