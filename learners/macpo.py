"""MACPO: a trust region with cost limits for several agents.

    minimise  g·x   subject to   b_k·x + c_k ≤ 0,   ½ x·Hx ≤ δ          (`trust_region.dual_step`)
    θ ← θ + β^j x   for the first j whose KL, costs and reward are acceptable

with g the gradient of −S_r, b_k that of S_ck and c_k = (J_Ck − d_k) / h, all in units per step. The
surrogate is S(π) = E[Π_a ρ_a A]. Gu et al. 2021 (arXiv 2110.02793) and their program for the
scheme, Achiam et al. 2017 (arXiv 1705.10528) for the step.

Two forms:

JOINT (default)  one step over the parameters of all agents, with common multipliers of the limits.
    With a cost that all agents share this is the form that finds the optimum.

SEQUENTIAL  the reference form: agents in a random order, each with its own trust region, weighing
    the advantage by the ratio of those before it. With a shared cost it stalls: once the budget is
    used up, an agent may only move along its own limit, so none can give its share to another that
    would use it better. Every split of the budget is a resting point (a generalised Nash
    equilibrium). Measured on M3 with exact gradients: J between 1.04 and 1.17 by seed, optimum
    1.20, which the joint form reaches on every seed.

Where we differ from the reference program: rewards and costs keep one scale; each head has its own
normaliser and critics get several passes; the ratio of an action vector is the product over its
dimensions; the line search starts at the full step instead of a tenth.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from core.errors import ConfigurationError
from learners.batches import Batch, advantage_moments
from learners.contract import EnvSpec
from learners.episodes import Evidence
from learners.fragments import Fragment
from learners.natural_steps import FisherProduct, Surrogates, kl_of_groups, place, surrogates
from learners.networks.config import NetworkConfig
from learners.networks.distributions import kl_old_new
from learners.reducer import Reducer
from learners.team import Team
from learners.trust_region import (
    DualStep,
    StepCase,
    conjugate_gradient,
    dual_step,
    fisher_product,
)
from learners.updates import Update, UpdateStatus

__all__ = ["MACPO", "MACPOConfig", "StepForm"]


Sums = npt.NDArray[np.float64]


class StepForm(StrEnum):
    """Who moves at once."""

    JOINT = "joint"
    SEQUENTIAL = "sequential"


@dataclass(frozen=True, slots=True, kw_only=True)
class MACPOConfig:
    """Trust region, line search, networks."""

    form: StepForm = StepForm.JOINT
    """Joint for shared costs; sequential only to compare with."""
    delta: float = 0.01
    """Radius of the trust region: mean over steps of KL, summed over the agents that move."""
    damping: float = 0.01
    """Added to the Fisher matrix, which is singular where the policy is certain."""
    cg_iterations: int = 10
    """Fisher products per linear system."""
    backtracks: int = 12
    """Most steps of the line search."""
    shrink: float = 0.7
    """β: each step of the line search is this much of the one before."""
    lam: float = 0.95
    """λ of GAE for the reward."""
    lam_cost: float = 0.95
    """λ of GAE for the costs."""
    networks: NetworkConfig = field(default_factory=NetworkConfig)
    """Sizes; the actors' learning rate is not used."""

    def __post_init__(self) -> None:
        if self.delta <= 0 or self.damping < 0 or not 0 < self.shrink < 1:
            raise ConfigurationError(f"delta > 0, damping ≥ 0, shrink in (0, 1): {self}")
        if min(self.cg_iterations, self.backtracks) < 1:
            raise ConfigurationError(f"at least one product and one step: {self}")

    @property
    def make(self) -> type[MACPO]:
        """The algorithm."""
        return MACPO


class MACPO:
    """Moves the agents inside a trust region that keeps to the limits."""

    def __init__(
        self, spec: EnvSpec, config: MACPOConfig, *, seed: int, reducer: Reducer | None = None
    ) -> None:
        """Draws the first parameters from the seed."""
        self.config = config
        self.team = Team(spec, config.networks, seed=seed, reducer=reducer)

    def update(self, fragments: Sequence[Fragment], evidence: Evidence, progress: float) -> Update:
        """Takes one step of each form's kind; see `Algorithm.update`."""
        del progress  # the trust region does not shrink
        batch = self.team.batch(fragments, lam=self.config.lam, lam_cost=self.config.lam_cost)
        return self.learn(batch, evidence.violation_per_step)

    def learn(self, batch: Batch, violation: Sums) -> Update:
        """Takes the step on a batch.

        Args:
            batch: This rank's shard.
            violation: c_k, per step. [K]
        """
        team = self.team
        mean, _ = advantage_moments(batch.advantages, batch.weight, team.reducer)
        heads = batch.advantages - mean
        old = team.distributions(batch)
        groups = list(range(team.spec.num_groups))
        order = [groups]
        if self.config.form is StepForm.SEQUENTIAL:
            shuffled = torch.randperm(len(groups), generator=team.generator).tolist()
            order = [[group] for group in shuffled]
        moves = [self._move(batch, heads, movers, violation) for movers in order]
        survey = team.survey(batch, old, heads[:, 1:])
        return Update(
            kl=survey.kl,
            entropy=survey.entropy,
            value_loss=team.fit_critics(batch),
            epochs=sum(move.accepted for move in moves),
            multipliers=tuple(float(value) for value in moves[-1].step.nu),
            status=_status(moves),
        )

    def state(self) -> bytes:
        """Returns the team's state."""
        return pickle.dumps(self.team.state())

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`. The bytes come from our own checkpoint: they are unpickled."""
        self.team.load_state(pickle.loads(data))

    def _move(
        self,
        batch: Batch,
        heads: Tensor,
        movers: list[int],
        violation: Sums,
    ) -> _Move:
        """One step of some groups together; the others stay as they are now."""
        team = self.team
        parameters = [p for group in movers for p in team.actors[group].parameters()]
        start = surrogates(team, batch, heads)
        # what agents before this one have changed already counts
        violation = violation + start.heads[1:].detach().double().numpy()
        slopes = [self._slope(start, head, parameters) for head in range(heads.shape[1])]
        gradient, borders = -slopes[0], slopes[1:]
        product = self._fisher(batch, movers, parameters)
        solved = [
            conjugate_gradient(product, right, iterations=self.config.cg_iterations)
            for right in (gradient, *borders)
        ]
        step = _dual(gradient, borders, solved, violation, self.config.delta)
        x = step.reward * solved[0]
        for weight, turned in zip(step.nu, solved[1:], strict=True):
            x = x + float(weight) * turned
        x = -x / max(step.lam, 1e-12)
        accepted = self._search(batch, heads, movers, parameters, x, start, step, violation)
        return _Move(step, accepted)

    def _slope(self, start: Surrogates, head: int, parameters: list[nn.Parameter]) -> Tensor:
        """Gradient of one surrogate over the full batch, [P]."""
        value = start.sums[head]
        if not value.requires_grad:
            return torch.zeros(sum(p.numel() for p in parameters))
        parts = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
        flat = torch.cat(
            [
                (torch.zeros_like(p) if part is None else part).reshape(-1)
                for part, p in zip(parts, parameters, strict=True)
            ]
        )
        return self.team.reducer.sum(flat) / start.steps

    def _fisher(
        self, batch: Batch, movers: list[int], parameters: list[nn.Parameter]
    ) -> FisherProduct:
        """The product v -> (F + damping) v over the full batch."""
        team = self.team
        kl = torch.zeros(())
        for group in movers:
            rows = batch.decisions[group]
            if len(rows):
                now = team.evaluate(group, rows).distribution
                kl = kl + (batch.weight[rows.step] * kl_old_new(now.detached(), now)).sum()
        count = float(team.reducer.sum(batch.weight.double().sum()[None]))
        plain: list[Tensor] = list(parameters)
        local = fisher_product(kl, plain) if kl.requires_grad else torch.zeros_like
        return FisherProduct(local, team.reducer, count, self.config.damping)

    def _search(
        self,
        batch: Batch,
        heads: Tensor,
        movers: list[int],
        parameters: list[nn.Parameter],
        x: Tensor,
        start: Surrogates,
        step: DualStep,
        violation: Sums,
    ) -> bool:
        """Shrinks the step until it is acceptable; otherwise puts everything back."""
        team, config = self.team, self.config
        before = [p.detach().clone() for p in parameters]
        here = team.distributions(batch)
        share = 1.0
        for _ in range(config.backtracks):
            place(parameters, before, share * x)
            kl = kl_of_groups(team, batch, here, movers)
            with torch.no_grad():
                now = surrogates(team, batch, heads)
            change = (now.heads - start.heads).detach().double().numpy()
            if kl <= config.delta * 1.0001 and _acceptable(change, violation, step):
                return True
            share *= config.shrink
        place(parameters, before, 0.0 * x)
        return False


class _Move(NamedTuple):
    step: DualStep
    accepted: bool


def _dual(
    gradient: Tensor,
    borders: list[Tensor],
    solved: list[Tensor],
    violation: Sums,
    delta: float,
) -> DualStep:
    """Products of the systems' solutions in double precision, and the dual step."""
    x_g, turned = solved[0].double(), [part.double() for part in solved[1:]]
    wide = [border.double() for border in borders]
    q = float(gradient.double().dot(x_g))
    r = np.array([float(border.dot(x_g)) for border in wide])
    s = np.array([[float(a.dot(b)) for b in turned] for a in wide]).reshape(len(wide), len(wide))
    return dual_step(max(q, 0.0), r, 0.5 * (s + s.T), violation, delta)


def _acceptable(
    change: Sums,
    violation: Sums,
    step: DualStep,
) -> bool:
    """A kept limit stays kept, a broken one gets no worse, the reward grows unless in recovery."""
    costs_well = bool((change[1:] <= np.maximum(-violation, 0.0) + 1e-9).all())
    if step.case is StepCase.RECOVERY or (violation > 0).any():
        return costs_well
    return costs_well and bool(change[0] > 0)


def _status(moves: list[_Move]) -> UpdateStatus:
    if not any(move.accepted for move in moves):
        return UpdateStatus.REJECTED
    if any(move.step.case is StepCase.RECOVERY for move in moves):
        return UpdateStatus.RECOVERING
    return UpdateStatus.IMPROVED
