"""A learner group: several ranks, each with a shard of the batch, that take the same step.

    rank r:  its fragments -> sums over its rows -> GroupReducer (torch.distributed) -> the step

Every rank has the same parameters, draws the same minibatches of the joined batch and sees the same
sums, so all take the step that one rank takes on the joined batch, up to the order in which numbers
are added. After each update the ranks' parameters are compared by a hash.

gloo between CPUs, nccl between GPUs. The networks are small (below 200,000 parameters) and are kept
on the CPU; with nccl the sums travel over the GPUs. More ranks pay where an update takes longer
than its rollouts.

A group fails as a whole: a rank that dies makes the sums of the others fail, and the run goes on
from its last checkpoint with as many ranks as one likes.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import TCPStore  # type: ignore[attr-defined]  # documented, not in stubs

from core.errors import ConfigurationError
from learners.algorithms import AnyConfig, build
from learners.contract import EnvSpec
from learners.episodes import Evidence
from learners.fragments import Fragment
from learners.reducer import Share
from learners.updates import Update
from policies.networks import Weights

__all__ = ["GroupReducer", "LearnerRank", "Meeting", "RankReport", "part_of"]

Kind = TypeVar("Kind", bound=np.generic)


class GroupReducer:
    """A `Reducer` over the ranks of a process group."""

    def __init__(
        self, rank: int, size: int, group: dist.ProcessGroup, *, device: str = "cpu"
    ) -> None:
        """Wraps a group that all ranks have joined.

        Args:
            rank: Of this process.
            size: Number of ranks.
            group: Whose ranks.
            device: Where the backend sums: `cpu` for gloo, `cuda:i` for nccl.
        """
        self._rank, self._size, self._group = rank, size, group
        self._device = torch.device(device)

    def sum(self, values: Tensor) -> Tensor:
        """Returns the sum over all ranks."""
        total = values.detach().to(self._device, copy=True).contiguous()
        self._group.allreduce([total]).wait()
        return total.to(values.device)

    def share(self, count: int) -> Share:
        """Returns where this rank's rows lie: rows are joined in the order of the ranks."""
        counts = torch.zeros(self._size, dtype=torch.int64)
        counts[self._rank] = count
        counts = self.sum(counts)
        return Share(int(counts[: self._rank].sum()), int(counts.sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Where and how ranks meet."""

    host: str
    """Of rank 0, as the others reach it."""
    port: int
    """0 at rank 0: any free one."""
    size: int
    backend: str = "gloo"
    """`gloo` or `nccl`."""
    deadline_s: float = 60.0
    """Seconds until all have come, and that a sum may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankReport:
    """What a rank says of an update."""

    update: Update
    weights: Weights | None
    """From rank 0 only: all have the same."""
    digest: str
    """Hash of all parameters."""
    cpu_s: float
    """CPU-seconds of this process so far."""


class LearnerRank:
    """One rank: an algorithm whose sums go over the group."""

    def __init__(self, rank: int, meeting: Meeting, *, threads: int = 1) -> None:
        """Opens the meeting place at rank 0; `join` waits for the others.

        Args:
            rank: Of this process.
            meeting: Where ranks meet; the port counts at other ranks only.
            threads: Of torch.

        Raises:
            ConfigurationError: torch was built without the backend, or there is no such rank.
        """
        if not 0 <= rank < meeting.size:
            raise ConfigurationError(f"no rank {rank} in a group of {meeting.size}")
        if meeting.backend == "nccl" and not dist.is_nccl_available():
            raise ConfigurationError("this torch has no nccl; use gloo")
        torch.set_num_threads(threads)
        self._rank, self._meeting = rank, meeting
        self._store: TCPStore | None = None
        if rank == 0:
            self._store = self._opened(meeting.port)

    @property
    def port(self) -> int:
        """Of the meeting place; rank 0 knows it."""
        assert self._store is not None, "rank 0 opens the meeting place"
        return int(self._store.port)

    def join(self, algorithm: AnyConfig, spec: EnvSpec, *, seed: int, port: int) -> None:
        """Meets the others and makes the first parameters.

        Args:
            algorithm: The same on all ranks.
            spec: Of the environments.
            seed: The same on all ranks.
            port: What rank 0 opened.
        """
        meeting = self._meeting
        store = self._store or self._opened(port)
        dist.init_process_group(
            meeting.backend,
            store=store,
            rank=self._rank,
            world_size=meeting.size,
            timeout=timedelta(seconds=meeting.deadline_s),
        )
        group = dist.group.WORLD
        assert group is not None, "the group has just been made"
        device = "cpu"
        if meeting.backend == "nccl":
            device = f"cuda:{self._rank % torch.cuda.device_count()}"
        reducer = GroupReducer(self._rank, meeting.size, group, device=device)
        self._algorithm = build(algorithm, spec, seed=seed, reducer=reducer)

    def update(
        self, fragments: Sequence[Fragment], evidence: Evidence, progress: float
    ) -> RankReport:
        """Learns from this rank's fragments, together with all other ranks."""
        update = self._algorithm.update(fragments, evidence, progress)
        weights = self.weights()
        return RankReport(
            update=update,
            weights=weights if self._rank == 0 else None,
            digest=_digest(weights),
            cpu_s=time.process_time(),
        )

    def weights(self) -> Weights:
        """Returns the actors' parameters."""
        return self._algorithm.team.weights()

    def state(self) -> bytes:
        """Returns the algorithm's state, the same on all ranks."""
        return self._algorithm.state()

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`, of any rank and of a group of any size."""
        self._algorithm.load_state(data)

    def leave(self) -> None:
        """Leaves the group; leaving twice is allowed."""
        if dist.is_initialized():
            dist.destroy_process_group()

    def _opened(self, port: int) -> TCPStore:
        meeting = self._meeting
        return TCPStore(
            meeting.host,
            port,
            world_size=meeting.size,
            is_master=self._rank == 0,
            timeout=timedelta(seconds=meeting.deadline_s),
            wait_for_workers=False,
        )


def part_of(fragment: Fragment, part: int, parts: int) -> Fragment:
    """Returns the steps of some of a fragment's environments; `episodes` stays whole.

    Args:
        fragment: Of N environments.
        part: Which part.
        parts: How many.

    Raises:
        ConfigurationError: There are fewer environments than parts.
    """
    number = fragment.reward.shape[1]
    if number < parts:
        raise ConfigurationError(f"{number} environments cannot be shared by {parts} ranks")
    first, last = part * number // parts, (part + 1) * number // parts

    def cut(values: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
        return values[:, first:last]

    ours = (fragment.final_index[:, 1] >= first) & (fragment.final_index[:, 1] < last)
    return replace(
        fragment,
        features=cut(fragment.features),
        active=cut(fragment.active),
        mask=None if fragment.mask is None else cut(fragment.mask),
        tokens=None if fragment.tokens is None else cut(fragment.tokens),
        critic_t=cut(fragment.critic_t),
        critic_last=fragment.critic_last[first:last],
        final_index=fragment.final_index[ours] - np.array([0, first]),
        final_critic=fragment.final_critic[ours],
        actions=cut(fragment.actions),
        logp=cut(fragment.logp),
        reward=cut(fragment.reward),
        costs=cut(fragment.costs),
        terminated=cut(fragment.terminated),
        truncated=cut(fragment.truncated),
        valid=cut(fragment.valid),
        task=None if fragment.task is None else cut(fragment.task),
    )


def _digest(weights: Weights) -> str:
    hashed = hashlib.blake2b(digest_size=16)
    for name in sorted(weights):
        hashed.update(np.ascontiguousarray(weights[name]).tobytes())
    return hashed.hexdigest()
