"""The parameters of a run: actors of all groups, critics, their optimisers and generators.

It knows how to evaluate a batch and to take one gradient step; what to descend is the algorithm's
business. All sums go through the reducer, so a shard of a batch on each rank gives the step that
the whole batch gives on one.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from core.errors import ConfigurationError
from core.seeding import derive_seed
from learners.batches import Batch, Decisions, Part, minibatches, prepare
from learners.contract import EnvSpec
from learners.fragments import Fragment, critic_width
from learners.losses import value_loss_sum
from learners.networks.actors import Actor, actor_shape
from learners.networks.config import NetworkConfig
from learners.networks.critics import Critics
from learners.networks.distributions import Distribution, kl_old_new
from learners.reducer import LocalReducer, Reducer
from policies.networks import Weights

__all__ = ["Evaluation", "Survey", "Team"]

BETAS = (0.9, 0.99)
"""Adam's memory: policy gradients shrink as a policy becomes certain, and a long memory of the
large ones of the start would stop it."""
RATE_STEP = 1.3
MOST_RATE = 10.0
"""The adapted step stays within this factor of the configured one."""


class Evaluation(NamedTuple):
    """What one group thinks of its decisions now."""

    distribution: Distribution
    log_ratio: Tensor
    """log π − log π_old of the actions taken. [R]"""
    entropy: Tensor
    """[R]"""


class Survey(NamedTuple):
    """The policy over the full batch, against the policy that the batch's update began with."""

    kl: float
    """Mean over steps of KL(old ‖ new), summed over agents."""
    entropy: float
    """Mean over decisions."""
    costs: Tensor
    """Σ_a ρ A_c over the full batch, clipped where asked; mean per step. [K]"""


class Team:
    """Actors, critics, optimisers."""

    def __init__(
        self,
        spec: EnvSpec,
        config: NetworkConfig,
        *,
        seed: int,
        reducer: Reducer | None = None,
    ) -> None:
        """Draws all first parameters from the seed; torch's global generator is not touched.

        Args:
            spec: Of the environments.
            config: Sizes and rates.
            seed: Of the run; every rank has the same.
            reducer: Of the learner group; `None`: one rank.
        """
        self.spec = spec
        self.config = config
        self.reducer: Reducer = reducer or LocalReducer()
        self.generator = torch.Generator().manual_seed(derive_seed(seed, "learner"))
        shape = actor_shape(spec, config.actor_hidden, config.embedding)
        self.shape = shape
        self.actors = nn.ModuleList(
            Actor(shape, self.generator, init_log_std=config.init_log_std)
            for _ in range(spec.num_groups)
        )
        heads = 1 + len(spec.costs)
        self.critics = Critics(critic_width(spec), heads, config.critic_hidden, self.generator)
        self._rate = 1.0
        self._actor_adam = torch.optim.Adam(
            self.actors.parameters(), lr=config.actor_lr, betas=BETAS, eps=1e-7
        )
        self._critic_adam = torch.optim.Adam(
            self.critics.parameters(), lr=config.critic_lr, eps=1e-5
        )

    @property
    def actor_parameters(self) -> list[nn.Parameter]:
        """Of all groups, in a fixed order."""
        return list(self.actors.parameters())

    def weights(self) -> Weights:
        """Returns copies of the actors' parameters by name, for policies without torch."""
        state = self.actors.state_dict()
        return {name: value.detach().numpy().copy() for name, value in state.items()}

    def batch(self, fragments: Sequence[Fragment], *, lam: float, lam_cost: float) -> Batch:
        """Returns the batch of these fragments, with the critics as they are now."""
        for fragment in fragments:
            self._check(fragment)
        return prepare(fragments, self.critics.values, self.spec, lam=lam, lam_cost=lam_cost)

    def evaluate(self, group: int, decisions: Decisions) -> Evaluation:
        """Returns what a group would do where it decided. Differentiable."""
        distribution: Distribution = self.actors[group](
            decisions.features, decisions.mask, decisions.tokens
        )
        log_ratio = distribution.logp(decisions.actions) - decisions.logp_old
        return Evaluation(distribution, log_ratio, distribution.entropy())

    @torch.no_grad()
    def distributions(self, batch: Batch) -> list[Distribution | None]:
        """Returns what each group would do now; `None` for one that decided nothing."""
        return [
            self.evaluate(group, rows).distribution if len(rows) else None
            for group, rows in enumerate(batch.decisions)
        ]

    @torch.no_grad()
    def survey(
        self,
        batch: Batch,
        old: Sequence[Distribution | None],
        cost_advantages: Tensor,
        clip: float | None = None,
    ) -> Survey:
        """Looks at the full batch.

        Args:
            batch: This rank's shard.
            old: What the groups would have done before the update.
            cost_advantages: On any scale. [B, K]
            clip: ε of the pessimistic cost surrogate; `None`: not clipped.
        """
        sums = torch.zeros(4 + cost_advantages.shape[1], dtype=torch.float64)
        sums[0] = batch.weight.sum()
        for group, rows in enumerate(batch.decisions):
            before = old[group]
            if before is None:
                continue
            weight = batch.weight[rows.step]
            now = self.evaluate(group, rows)
            sums[1] += (weight * kl_old_new(before, now.distribution)).sum()
            sums[2] += (weight * now.entropy).sum()
            sums[3] += weight.sum()
            ratio = now.log_ratio.exp()[:, None]
            advantage = cost_advantages[rows.step]
            terms = ratio * advantage
            if clip is not None:
                terms = torch.maximum(terms, ratio.clamp(1 - clip, 1 + clip) * advantage)
            sums[4:] += (weight[:, None] * terms).sum(0)
        sums = self.reducer.sum(sums)
        steps = sums[0].clamp(min=1.0)
        entropy = sums[2] / sums[3].clamp(min=1.0)
        return Survey(float(sums[1] / steps), float(entropy), sums[4:] / steps)

    def descend(self, loss_sum: Tensor, count: float, progress: float) -> None:
        """Takes one step of Adam down the actors' loss.

        Args:
            loss_sum: Sum over this rank's rows.
            count: Rows of all ranks that the loss is a mean over.
            progress: Share of the run that is done, for the falling step.
        """
        rate = self._rate * self.config.actor_lr * _falling(progress)
        for settings in self._actor_adam.param_groups:
            settings["lr"] = rate
        self._step(self._actor_adam, self.actor_parameters, loss_sum, count)

    def adapt(self, kl: float, progress: float) -> None:
        """Makes the next steps larger where policies move too little, smaller where too much.

        Args:
            kl: KL(old ‖ new) of the update just made.
            progress: Share of the run that is done; the goal falls with it.
        """
        goal = self.config.kl_goal * _falling(progress)
        if kl > 2.0 * goal:
            self._rate = max(self._rate / RATE_STEP, 1.0 / MOST_RATE)
        elif kl < 0.5 * goal:
            self._rate = min(self._rate * RATE_STEP, MOST_RATE)

    def fit_critics(self, batch: Batch) -> float:
        """Moves critics towards the batch's targets; returns the last mean squared error / 2.

        The error is on the normalised scale, summed over heads.
        """
        config, reducer = self.config, self.reducer
        self.critics.follow(batch.targets, batch.weight, reducer)
        targets = self.critics.normalised(batch.targets)
        loss = 0.0
        for _ in range(config.critic_epochs):
            for part in minibatches(batch, config.critic_minibatches, self.generator, reducer):
                loss = self._fit(batch, targets, part)
        return loss

    def state(self) -> bytes:
        """Returns parameters, optimisers and the generator."""
        buffer = io.BytesIO()
        torch.save(
            {
                "actors": self.actors.state_dict(),
                "critics": self.critics.state_dict(),
                "actor_adam": self._actor_adam.state_dict(),
                "critic_adam": self._critic_adam.state_dict(),
                "generator": self.generator.get_state(),
                "rate": self._rate,
            },
            buffer,
        )
        return buffer.getvalue()

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`.

        Raises:
            ConfigurationError: The state is of other networks.
        """
        try:
            state = torch.load(io.BytesIO(data), weights_only=True)
            self.actors.load_state_dict(state["actors"])
            self.critics.load_state_dict(state["critics"])
            self._actor_adam.load_state_dict(state["actor_adam"])
            self._critic_adam.load_state_dict(state["critic_adam"])
            self.generator.set_state(state["generator"])
            self._rate = float(state["rate"])
        except (RuntimeError, KeyError, ValueError, EOFError) as error:
            raise ConfigurationError(f"this state is of other networks: {error}") from error

    def _fit(self, batch: Batch, targets: Tensor, part: Part) -> float:
        rows = part.steps
        weight = batch.weight[rows]
        loss = value_loss_sum(self.critics(batch.critic_t[rows]), targets[rows], weight)
        both = torch.stack([loss.detach().double(), weight.sum().double()])
        total, count = self.reducer.sum(both).tolist()
        self._step(self._critic_adam, list(self.critics.parameters()), loss, count)
        return float(total / max(count, 1.0))

    def _step(
        self,
        adam: torch.optim.Adam,
        parameters: list[nn.Parameter],
        loss_sum: Tensor,
        count: float,
    ) -> None:
        adam.zero_grad(set_to_none=True)
        if loss_sum.requires_grad:
            loss_sum.backward()  # type: ignore[no-untyped-call]
        empty = [parameter for parameter in parameters if parameter.grad is None]
        for parameter in empty:
            parameter.grad = torch.zeros_like(parameter)
        flat = torch.cat([_gradient(parameter).reshape(-1) for parameter in parameters])
        flat = self.reducer.sum(flat) / max(count, 1.0)
        norm = float(flat.norm())
        if not np.isfinite(norm):
            adam.zero_grad(set_to_none=True)
            raise ConfigurationError(
                "the gradient is not a number; rewards or inputs are too large"
            )
        flat *= min(1.0, self.config.max_grad_norm / max(norm, 1e-12))
        place = 0
        for parameter in parameters:
            size = parameter.numel()
            parameter.grad = flat[place : place + size].view_as(parameter)
            place += size
        adam.step()

    def _check(self, fragment: Fragment) -> None:
        spec = self.spec
        wanted = (spec.num_agents, len(spec.costs), spec.num_features)
        found = (fragment.active.shape[-1], fragment.costs.shape[-1], fragment.features.shape[-1])
        if fragment.reward.ndim != 2 or wanted != found:
            raise ConfigurationError(
                f"a fragment of (agents, costs, features) = {found}; this team has {wanted}"
            )


def _falling(progress: float) -> float:
    """From 1 at the start of a run to a tenth at its end."""
    return 1.0 - 0.9 * min(max(progress, 0.0), 1.0)


def _gradient(parameter: nn.Parameter) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad
