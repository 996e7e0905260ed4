"""From fragments to the one named batch that every algorithm learns from.

Legend: B steps (T · N of all fragments), R decisions of active agents, H = 1 + K heads (reward
first), P numbers that critics read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.errors import ConfigurationError
from learners.contract import EnvSpec
from learners.fragments import Fragment
from learners.reducer import Reducer
from learners.returns import generalised_advantages

__all__ = [
    "NUM_TASKS",
    "Batch",
    "Decisions",
    "Part",
    "advantage_moments",
    "minibatches",
    "prepare",
]

NUM_TASKS = 1024
"""Task ids are in [0, NUM_TASKS): fixed, so that ranks can add up their statistics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What the agents of one group decided, row by row; agents without a choice are absent."""

    step: Tensor
    """Number of the decision's step in the batch. [R]"""
    features: Tensor
    """[R, F] or [R, C, F]"""
    mask: Tensor | None
    """[R, C]"""
    tokens: Tensor | None
    """[R, C, L]"""
    actions: Tensor
    """[R] or [R, D]"""
    logp_old: Tensor
    """Of the behaviour policy. [R]"""

    def __len__(self) -> int:
        return len(self.step)

    def rows(self, chosen: Tensor) -> Decisions:
        """Returns some of the rows."""
        return Decisions(
            step=self.step[chosen],
            features=self.features[chosen],
            mask=None if self.mask is None else self.mask[chosen],
            tokens=None if self.tokens is None else self.tokens[chosen],
            actions=self.actions[chosen],
            logp_old=self.logp_old[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A rank's shard of the steps that one update learns from."""

    critic_t: Tensor
    """[B, P]"""
    advantages: Tensor
    """In the environment's units, as GAE gave them. [B, H]"""
    targets: Tensor
    """What critics should have said. [B, H]"""
    weight: Tensor
    """0 where the step belongs to a failed episode. [B]"""
    decisions: tuple[Decisions, ...]
    """One for each group."""
    task: Tensor | None = None
    """[B]"""

    def __len__(self) -> int:
        return len(self.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A minibatch: rows of steps and, for each group, rows of decisions of these steps."""

    steps: Tensor
    decisions: tuple[Tensor, ...]


def prepare(
    fragments: Sequence[Fragment],
    values: Callable[[Tensor], Tensor],
    spec: EnvSpec,
    *,
    lam: float,
    lam_cost: float,
) -> Batch:
    """Returns advantages, targets and decisions of all fragments.

    Args:
        fragments: This rank's; each may have its own T and N.
        values: Critics' values in the environment's units: [B, P] -> [B, H].
        spec: Of the environments.
        lam: λ of GAE for the reward.
        lam_cost: λ of GAE for the costs.

    Raises:
        ConfigurationError: There is no step at all.
    """
    if not sum(fragment.num_steps for fragment in fragments):
        raise ConfigurationError("an empty batch: no step to learn from")
    parts = [_steps_of(fragment, values, spec, lam, lam_cost) for fragment in fragments]
    groups = range(spec.num_groups)
    return Batch(
        critic_t=torch.cat([part.critic_t for part in parts]),
        advantages=torch.cat([part.advantages for part in parts]),
        targets=torch.cat([part.targets for part in parts]),
        weight=torch.cat([part.weight for part in parts]),
        decisions=tuple(_decisions(fragments, spec, group) for group in groups),
        task=_tasks(fragments),
    )


def minibatches(
    batch: Batch, number: int, generator: torch.Generator, reducer: Reducer
) -> Iterator[Part]:
    """Deals all steps into `number` random parts.

    All ranks draw the same deal over the joined batch and take their own rows of it, so that the
    parts do not depend on how the batch is split over ranks.
    """
    if number == 1:
        everything = tuple(torch.arange(len(group)) for group in batch.decisions)
        yield Part(steps=torch.arange(len(batch)), decisions=everything)
        return
    offset, total = reducer.share(len(batch))
    place = torch.randperm(total, generator=generator)[offset : offset + len(batch)] % number
    for part in range(number):
        chosen = place == part
        yield Part(
            steps=chosen.nonzero().squeeze(-1),
            decisions=tuple(chosen[g.step].nonzero().squeeze(-1) for g in batch.decisions),
        )


def advantage_moments(values: Tensor, weight: Tensor, reducer: Reducer) -> tuple[Tensor, Tensor]:
    """Returns mean and standard deviation of each column over the full batch. [H] each.

    Args:
        values: [B, H]
        weight: [B]
        reducer: The full batch is that of all ranks.
    """
    wide, weights = values.double(), weight.double()[:, None]
    parts = torch.cat([weights.sum()[None], (weights * wide).sum(0)])
    summed = reducer.sum(parts)
    mean = summed[1:] / summed[0]
    squares = reducer.sum((weights * (wide - mean) ** 2).sum(0)) / summed[0]
    return mean.to(values.dtype), squares.sqrt().to(values.dtype)


@dataclass(frozen=True, slots=True)
class _Steps:
    critic_t: Tensor
    advantages: Tensor
    targets: Tensor
    weight: Tensor


def _steps_of(
    fragment: Fragment,
    values: Callable[[Tensor], Tensor],
    spec: EnvSpec,
    lam: float,
    lam_cost: float,
) -> _Steps:
    times, envs, width = fragment.critic_t.shape
    critic_t = torch.from_numpy(fragment.critic_t.reshape(times * envs, width))
    values_t = values(critic_t).numpy().astype(np.float64).reshape(times, envs, -1)
    values_tp1 = np.empty_like(values_t)
    values_tp1[:-1] = values_t[1:]
    values_tp1[-1] = values(torch.from_numpy(fragment.critic_last)).numpy()
    if len(fragment.final_index):
        final = values(torch.from_numpy(fragment.final_critic)).numpy()
        values_tp1[fragment.final_index[:, 0], fragment.final_index[:, 1]] = final
    values_tp1[fragment.terminated] = 0.0
    signals = np.concatenate([fragment.reward[..., None], fragment.costs], axis=-1)
    ended = fragment.terminated | fragment.truncated
    gamma = spec.discount
    estimates = [
        generalised_advantages(
            signals[..., heads], values_t[..., heads], values_tp1[..., heads], ended, gamma, weight
        )
        for heads, weight in ((slice(0, 1), lam), (slice(1, None), lam_cost))
    ]
    return _Steps(
        critic_t=critic_t,
        advantages=_flat([part.advantages for part in estimates]),
        targets=_flat([part.targets for part in estimates]),
        weight=torch.from_numpy(fragment.valid.reshape(-1).astype(np.float32)),
    )


def _flat(parts: list[npt.NDArray[np.float64]]) -> Tensor:
    joined = np.concatenate(parts, axis=-1)
    return torch.from_numpy(joined.reshape(-1, joined.shape[-1]).astype(np.float32))


def _decisions(fragments: Sequence[Fragment], spec: EnvSpec, group: int) -> Decisions:
    """Rows of a group, with candidates padded to the widest fragment."""
    members = np.asarray(spec.agent_groups) == group
    widest = max(fragment.features.shape[3] for fragment in fragments) if _sets(fragments) else 0
    parts = []
    first = 0
    for fragment in fragments:
        parts.append(_rows(fragment, members, first, widest))
        first += fragment.num_steps
    masks = [part.mask for part in parts if part.mask is not None]
    tokens = [part.tokens for part in parts if part.tokens is not None]
    return Decisions(
        step=torch.cat([part.step for part in parts]),
        features=torch.cat([part.features for part in parts]),
        mask=torch.cat(masks) if masks else None,
        tokens=torch.cat(tokens) if tokens else None,
        actions=torch.cat([part.actions for part in parts]),
        logp_old=torch.cat([part.logp_old for part in parts]),
    )


def _sets(fragments: Sequence[Fragment]) -> bool:
    return fragments[0].features.ndim == 5


def _rows(fragment: Fragment, members: npt.NDArray[np.bool_], first: int, widest: int) -> Decisions:
    times, envs, agents = fragment.active.shape
    chosen = np.nonzero((fragment.active & members).reshape(times * envs, agents))

    def pick(values: npt.NDArray[np.generic]) -> Tensor:
        rows = values.reshape(times * envs, *values.shape[2:])[chosen]
        missing = widest - rows.shape[1] if widest and values.ndim >= 4 else 0
        if missing:
            rows = np.pad(rows, [(0, 0), (0, missing)] + [(0, 0)] * (rows.ndim - 2))
        return torch.from_numpy(np.ascontiguousarray(rows))

    return Decisions(
        step=torch.from_numpy(chosen[0] + first),
        features=pick(fragment.features),
        mask=None if fragment.mask is None else pick(fragment.mask),
        tokens=None if fragment.tokens is None else pick(fragment.tokens),
        actions=torch.from_numpy(
            fragment.actions.reshape(times * envs, *fragment.actions.shape[2:])[chosen]
        ),
        logp_old=torch.from_numpy(fragment.logp.reshape(times * envs, agents)[chosen]),
    )


def _tasks(fragments: Sequence[Fragment]) -> Tensor | None:
    found = [fragment.task for fragment in fragments if fragment.task is not None]
    if len(found) < len(fragments):
        return None
    task = np.concatenate([part.reshape(-1) for part in found])
    if task.min() < 0 or task.max() >= NUM_TASKS:
        raise ConfigurationError(f"task ids are in [0, {NUM_TASKS}), not up to {task.max()}")
    return torch.from_numpy(task)
