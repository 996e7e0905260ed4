"""Forward passes of the actors' networks from flat named arrays, in numpy.

The torch networks of the learners have the same parameters under the same names; a parity test
compares the two. Rollout workers and shipped policies use this file, so neither loads torch.

Legend for shapes: R rows (decisions of agents), F numbers per agent or per candidate, C actions or
candidates, L tokens of a candidate, D dimensions of a continuous action.

    discrete     features [R, F]     -> logits [R, C]
    gaussian     features [R, F]     -> mean [R, D]; log sigma [D] does not depend on the state
    candidates   features [R, C, F]  -> logits [R, C] = beta · prior + f, f zero before training

Parameters of group g are named `g.layers.i.weight` [out, in], `g.layers.i.bias` [out],
`g.embedding.weight` [V, E], `g.prior_scale` [] and `g.log_std` [D].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError

__all__ = ["FORBIDDEN", "ActorKind", "ActorShape", "Weights", "actor_mean", "masked_logits"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Weights = Mapping[str, Floats]
"""Parameters of all groups by name."""

FORBIDDEN = np.float32(-1e9)
"""Logit of what a mask forbids: its probability is exactly 0, and 0 · log 0 stays a number."""


class ActorKind(StrEnum):
    """What an actor chooses from."""

    DISCRETE = "discrete"
    GAUSSIAN = "gaussian"
    CANDIDATES = "candidates"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorShape:
    """Everything that fixes the parameters of one group's actor."""

    kind: ActorKind
    num_features: int
    """F."""
    num_outputs: int
    """Actions or dimensions; 1 for a candidate scorer."""
    hidden: tuple[int, ...] = (64, 64)
    """Sizes of the hidden layers, tanh."""
    num_tokens: int = 0
    """L; 0: candidates have no tokens."""
    vocabulary: int = 0
    """Token ids are in [0, vocabulary); id 0 is padding."""
    embedding: int = 16
    """Numbers per token, summed over a candidate's tokens."""
    prior_feature: int | None = None
    """Column of a candidate's features that holds a log prior."""

    def __post_init__(self) -> None:
        if min(self.num_features, self.num_outputs, *self.hidden) < 1:
            raise ConfigurationError(f"sizes of a network are at least 1: {self}")
        if (self.num_tokens > 0) != (self.vocabulary > 0):
            raise ConfigurationError("tokens need a vocabulary, and a vocabulary needs tokens")
        if self.prior_feature is not None and self.prior_feature >= self.num_features:
            raise ConfigurationError(f"no feature has the number {self.prior_feature}")

    @property
    def num_inputs(self) -> int:
        """Numbers that enter the first layer."""
        return self.num_features + (self.embedding if self.num_tokens else 0)

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Sizes from the input to the output."""
        return (self.num_inputs, *self.hidden, self.num_outputs)


def masked_logits(
    shape: ActorShape,
    weights: Weights,
    group: int,
    features: Floats,
    mask: Flags | None = None,
    tokens: Ints | None = None,
) -> Floats:
    """Returns logits of a discrete actor or of a candidate scorer, [R, C].

    Args:
        shape: Of the actor; not a Gaussian.
        weights: Parameters of all groups.
        group: Whose parameters to use.
        features: [R, F], or [R, C, F] with candidates.
        mask: Allowed actions; needed with candidates. [R, C]
        tokens: Token ids of the candidates. [R, C, L]
    """
    if shape.kind is ActorKind.DISCRETE:
        logits = _layers(shape, weights, group, features)
        return logits if mask is None else np.where(mask, logits, FORBIDDEN)
    if mask is None:
        raise ConfigurationError("candidates need a mask of those that are real")
    rows = features[mask]  # [M, F]: padding is not computed
    inputs = rows
    if shape.num_tokens:
        if tokens is None:
            raise ConfigurationError("this policy reads tokens of candidates; there are none")
        table = weights[f"{group}.embedding.weight"]
        inputs = np.concatenate([rows, table[tokens[mask]].sum(axis=-2)], axis=-1)
    scores = _layers(shape, weights, group, inputs)[:, 0]
    if shape.prior_feature is not None:
        scores = scores + weights[f"{group}.prior_scale"] * rows[:, shape.prior_feature]
    logits = np.full(mask.shape, FORBIDDEN, dtype=np.float32)
    logits[mask] = scores
    return logits


def actor_mean(shape: ActorShape, weights: Weights, group: int, features: Floats) -> Floats:
    """Returns the mean of a Gaussian actor, [R, D]."""
    return _layers(shape, weights, group, features)


def _layers(shape: ActorShape, weights: Weights, group: int, inputs: Floats) -> Floats:
    hidden = inputs
    last = len(shape.layer_sizes) - 2
    for number in range(last + 1):
        weight = weights[f"{group}.layers.{number}.weight"]
        hidden = hidden @ weight.T + weights[f"{group}.layers.{number}.bias"]
        if number < last:
            hidden = np.tanh(hidden)
    return hidden
