"""Actors: one network for each group of agents.

The parameters have the names and shapes that `policies.networks` reads; a parity test compares the
two. Legend as there. Tokens are summed with `nn.Embedding(...).sum(-2)`: `nn.EmbeddingBag` has no
double backward, which Fisher products need (measured, torch 2.13).
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from core.errors import ConfigurationError
from learners.contract import Candidates, Continuous, Discrete, EnvSpec
from learners.networks.distributions import Categorical, Distribution, Gaussian
from policies.networks import FORBIDDEN, ActorKind, ActorShape

__all__ = ["Actor", "actor_shape", "make_layers"]


class Actor(nn.Module):
    """The policy of one group: discrete, Gaussian or a scorer of candidates."""

    def __init__(
        self, shape: ActorShape, generator: torch.Generator, *, init_log_std: float = -0.5
    ) -> None:
        """Draws the first parameters.

        Args:
            shape: Sizes and kind.
            generator: All first parameters come from it.
            init_log_std: First log σ of a Gaussian.
        """
        super().__init__()
        self.shape = shape
        zero_last = shape.kind is ActorKind.CANDIDATES
        self.layers = make_layers(
            shape.layer_sizes, generator, last_gain=0.0 if zero_last else 0.01
        )
        if shape.num_tokens:
            table = torch.empty(shape.vocabulary, shape.embedding)
            nn.init.normal_(table, std=0.3, generator=generator)
            table[0] = 0.0
            self.embedding = nn.Embedding(
                shape.vocabulary, shape.embedding, padding_idx=0, _weight=table
            )
        if shape.prior_feature is not None:
            self.prior_scale = nn.Parameter(torch.ones(()))
        if shape.kind is ActorKind.GAUSSIAN:
            self.log_std = nn.Parameter(torch.full((shape.num_outputs,), init_log_std))

    def forward(
        self, features: Tensor, mask: Tensor | None = None, tokens: Tensor | None = None
    ) -> Distribution:
        """Returns what the group would do in each row.

        Args:
            features: [R, F]; with candidates [R, C, F].
            mask: Allowed actions; needed with candidates. [R, C]
            tokens: [R, C, L]
        """
        if self.shape.kind is ActorKind.GAUSSIAN:
            return Gaussian(self._through(features), self.log_std)
        if self.shape.kind is ActorKind.DISCRETE:
            logits = self._through(features)
            if mask is not None:
                logits = logits.masked_fill(~mask, float(FORBIDDEN))
            return Categorical(logits)
        return Categorical(self._scores(features, mask, tokens))

    def _scores(self, features: Tensor, mask: Tensor | None, tokens: Tensor | None) -> Tensor:
        if mask is None:
            raise ConfigurationError("candidates need a mask of those that are real")
        rows = features[mask]  # [M, F]: padding is not computed
        inputs = rows
        if self.shape.num_tokens:
            if tokens is None:
                raise ConfigurationError("this actor reads tokens of candidates; there are none")
            inputs = torch.cat([rows, self.embedding(tokens[mask]).sum(-2)], dim=-1)
        scores = self._through(inputs).squeeze(-1)
        if self.shape.prior_feature is not None:
            scores = scores + self.prior_scale * rows[:, self.shape.prior_feature]
        everywhere = torch.full(mask.shape, float(FORBIDDEN))
        return everywhere.masked_scatter(mask, scores)

    def _through(self, inputs: Tensor) -> Tensor:
        hidden = inputs
        last = len(self.layers) - 1
        for number, layer in enumerate(self.layers):
            hidden = layer(hidden)
            if number < last:
                hidden = torch.tanh(hidden)
        return hidden


def make_layers(
    sizes: tuple[int, ...], generator: torch.Generator, *, last_gain: float
) -> nn.ModuleList:
    """Returns linear layers with orthogonal weights and zero biases.

    Args:
        sizes: From input to output.
        generator: Source of the weights; torch's global generator is not touched.
        last_gain: Scale of the last layer; 0 makes it zero.
    """
    layers = nn.ModuleList()
    for number, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
        gain = last_gain if number == len(sizes) - 2 else 2**0.5
        nn.init.orthogonal_(layer.weight, gain=gain, generator=generator)
        nn.init.zeros_(layer.bias)
        layers.append(layer)
    return layers


def actor_shape(spec: EnvSpec, hidden: tuple[int, ...], embedding: int) -> ActorShape:
    """Returns the shape of every group's actor.

    Raises:
        ConfigurationError: More than 200,000 parameters in one group.
    """
    action = spec.action
    if isinstance(action, Discrete):
        kind, outputs, tokens, vocabulary = ActorKind.DISCRETE, action.num_actions, 0, 0
    elif isinstance(action, Continuous):
        kind, outputs, tokens, vocabulary = ActorKind.GAUSSIAN, action.num_dims, 0, 0
    else:
        assert isinstance(action, Candidates)
        kind, outputs = ActorKind.CANDIDATES, 1
        tokens, vocabulary = action.num_tokens, action.vocabulary
    shape = ActorShape(
        kind=kind,
        num_features=spec.num_features,
        num_outputs=outputs,
        hidden=hidden,
        num_tokens=tokens,
        vocabulary=vocabulary,
        embedding=embedding,
        prior_feature=spec.prior_feature,
    )
    sizes = shape.layer_sizes
    count = vocabulary * embedding + sum(a * b + b for a, b in itertools.pairwise(sizes))
    if count > 200_000:
        raise ConfigurationError(f"an actor of {count:,} parameters; at most 200,000 are allowed")
    return shape
