"""Sums over all ranks of a learner group: the one seam between an update and its distribution.

Every number that decides something (normalisation, gates, KL, Fisher products, line search) is a
sum over the full batch divided by a count over the full batch. A rank computes the sum over its
shard and asks its `Reducer` for the sum over all. With the local reducer there is one rank.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor

__all__ = ["LocalReducer", "Reducer", "Share"]


class Share(NamedTuple):
    """Where a rank's rows lie among the rows of all ranks."""

    offset: int
    """Rows of the ranks before this one."""
    total: int
    """Rows of all ranks."""


class Reducer(Protocol):
    """Adds up over ranks; every rank must make the same calls in the same order."""

    def sum(self, values: Tensor) -> Tensor:
        """Returns the sum of `values` over all ranks, equal on all of them; same shape."""
        ...

    def share(self, count: int) -> Share:
        """Returns where `count` rows of this rank lie among the rows of all ranks."""
        ...


class LocalReducer:
    """One rank: the sum over all is the sum here."""

    def sum(self, values: Tensor) -> Tensor:
        """Returns `values`."""
        return values

    def share(self, count: int) -> Share:
        """Returns the whole."""
        return Share(0, count)
