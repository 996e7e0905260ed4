"""A learner group on Ray: each rank in an actor of its own; a `learners.updates.Learner`.

    driver ── references to fragments, evidence ──> ranks 0..R-1      fragments do not pass here
    rank 0 ── update, weights ──> driver

One of the few modules outside `learners` that lead to torch.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import ray
from ray import ObjectRef
from ray.actor import ActorHandle, ActorProxy

from actors.rollout_accounts import RemoteFragment
from core.errors import InvariantError, WebMasError, WorldError
from learners.algorithms import AnyConfig
from learners.contract import EnvSpec
from learners.episodes import Evidence
from learners.fragments import Collected, Fragment
from learners.group import LearnerRank, Meeting, RankReport, part_of
from learners.networks.config import NetworkConfig
from learners.packing import PackedFragment, pack, unpack
from learners.updates import Update
from policies.networks import Weights

__all__ = ["GroupConfig", "LearnerRankActor", "RayLearnerGroup", "RemoteLearnerRankActor"]


Answer = TypeVar("Answer")

_FETCH_S = 120.0
"""Seconds that the store may take to hand over a fragment."""
_GRACE_S = 5.0
"""Seconds in which the others fail once a rank has died."""
_ADVICE = "checkpoints are as they were: resume, with fewer ranks if need be"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupConfig:
    """How ranks run."""

    num_ranks: int = 2
    backend: str = "gloo"
    """`gloo`; `nccl` where each rank has a GPU."""
    num_cpus: float = 1.0
    """That Ray sets aside for each rank."""
    num_gpus: float = 0.0
    """The same for GPUs."""
    threads: int = 1
    """Of torch in each rank."""
    start_deadline_s: float = 120.0
    """Seconds until all ranks have met."""
    update_deadline_s: float = 600.0
    """Seconds that an update may take."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A fragment, or a part of its environments."""

    reference: tuple[ObjectRef[PackedFragment]]
    """In a tuple, so that Ray leaves it where it is."""
    part: int = 0
    parts: int = 1


class LearnerRankActor:
    """One rank of a learner group.

    Owns: parameters, optimisers, and a place in the group.
    Accepts: `open`, then `join`, then updates; a rank waits for all others in each of them.
    Emits: `RankReport`.
    In flight when it stops: the update fails on all ranks; the run stops at its last checkpoint.
    Restarts: never; a group fails as a whole.
    Under pressure: calls wait their turn; there is one update at a time.
    """

    def __init__(self, rank: int) -> None:
        """Makes nothing yet."""
        self._number = rank
        self._rank: LearnerRank | None = None

    @ray.method
    def open(self, meeting: Meeting, threads: int) -> int:
        """Returns the port of the meeting place at rank 0, and 0 elsewhere."""
        self._rank = LearnerRank(self._number, meeting, threads=threads)
        return self._rank.port if self._number == 0 else 0

    @ray.method
    def join(self, algorithm: AnyConfig, spec: EnvSpec, seed: int, port: int) -> Weights:
        """Meets the others; returns the first weights."""
        self._the_rank.join(algorithm, spec, seed=seed, port=port)
        return self._the_rank.weights()

    @ray.method
    def update(self, pieces: Sequence[_Piece], evidence: Evidence, progress: float) -> RankReport:
        """Learns from its pieces together with all other ranks."""
        fragments = [_fragment_of(piece) for piece in pieces]
        return self._the_rank.update(fragments, evidence, progress)

    @ray.method
    def state(self) -> bytes:
        """Returns the algorithm's state."""
        return self._the_rank.state()

    @ray.method
    def load_state(self, data: bytes) -> Weights:
        """Goes on from `state`; returns the weights."""
        self._the_rank.load_state(data)
        return self._the_rank.weights()

    @ray.method
    def pid(self) -> int:
        """Returns the process id."""
        return os.getpid()

    @ray.method
    def address(self) -> str:
        """Returns the address of its node, as other nodes reach it."""
        return str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]  # Ray's own

    @property
    def _the_rank(self) -> LearnerRank:
        assert self._rank is not None, "a rank is opened first"
        return self._rank


RemoteLearnerRankActor = ray.remote(LearnerRankActor)


class RayLearnerGroup:
    """Ranks that learn together."""

    def __init__(self, algorithm: AnyConfig, spec: EnvSpec, config: GroupConfig, seed: int) -> None:
        """Starts the ranks and lets them meet; Ray runs already.

        Args:
            algorithm: What each rank runs.
            spec: Of the environments.
            config: How ranks run.
            seed: Of the run.

        Raises:
            WorldError: They do not meet within the deadline.
        """
        self._algorithm, self._config = algorithm, config
        self._multipliers: tuple[float, ...] = ()
        self._cpu_s = [0.0] * config.num_ranks
        made = RemoteLearnerRankActor.options(
            num_cpus=config.num_cpus,
            num_gpus=config.num_gpus,
            max_restarts=0,
            max_task_retries=0,
        )
        self._ranks: list[ActorProxy[LearnerRankActor]] = [
            made.remote(rank) for rank in range(config.num_ranks)
        ]
        self._weights = self._met(spec, seed)

    @property
    def networks(self) -> NetworkConfig:
        """See `Learner`."""
        return self._algorithm.networks

    @property
    def multipliers(self) -> tuple[float, ...]:
        """Those of the newest update; empty before the first."""
        return self._multipliers

    @property
    def cpu_s(self) -> float:
        """CPU-seconds of all ranks up to their last updates."""
        return sum(self._cpu_s)

    def weights(self) -> Weights:
        """See `Learner`."""
        return self._weights

    def pids(self) -> list[int]:
        """Returns the ranks' process ids."""
        return self._all([rank.pid.remote() for rank in self._ranks], "answer")

    def update(self, collected: Sequence[Collected], evidence: Evidence, progress: float) -> Update:
        """See `Learner`.

        Raises:
            WorldError: A rank died or did not answer; the group is of no more use.
        """
        shards = _shards([_reference(one) for one in collected], len(self._ranks))
        calls = [
            rank.update.remote(shard, evidence, progress)
            for rank, shard in zip(self._ranks, shards, strict=True)
        ]
        reports = self._all(calls, "learn")
        if len({report.digest for report in reports}) > 1:
            raise InvariantError("the ranks of the learner group have different parameters")
        self._cpu_s = [report.cpu_s for report in reports]
        first = reports[0]
        assert first.weights is not None, "rank 0 gives the weights"
        self._weights, self._multipliers = first.weights, first.update.multipliers
        return first.update

    def state(self) -> bytes:
        """See `Learner`."""
        return self._all([self._ranks[0].state.remote()], "give its state")[0]

    def load_state(self, data: bytes) -> None:
        """See `Learner`."""
        shared = ray.put(data)
        loading = [rank.load_state.remote(shared) for rank in self._ranks]
        self._weights = self._all(loading, "load its state")[0]

    def close(self) -> None:
        """Ends the ranks; closing twice is allowed."""
        for rank in self._ranks:
            ray.kill(cast(ActorHandle[object], rank))

    def _met(self, spec: EnvSpec, seed: int) -> Weights:
        config = self._config
        (host,) = self._all([self._ranks[0].address.remote()], "start")
        meeting = Meeting(
            host=host,
            port=0,
            size=config.num_ranks,
            backend=config.backend,
            deadline_s=config.start_deadline_s,
        )
        opened = [rank.open.remote(meeting, config.threads) for rank in self._ranks]
        port = self._all(opened, "start")[0]
        joining = [rank.join.remote(self._algorithm, spec, seed, port) for rank in self._ranks]
        return self._all(joining, "meet the others")[0]

    def _all(self, calls: Sequence[ObjectRef[Answer]], what: str) -> list[Answer]:
        """Returns what all were asked for; the first that fails ends the group."""
        config = self._config
        deadline = config.start_deadline_s if what == "start" else config.update_deadline_s
        ends_at = time.monotonic() + deadline
        waiting = list(calls)
        while waiting:
            left = ends_at - time.monotonic()
            ready, waiting = ray.wait(waiting, timeout=max(0.0, left))
            if not ready:
                self.close()
                raise WorldError(f"{self._name} could not {what} in {deadline:g} s; {_ADVICE}")
            try:
                ray.get(ready)
            except ray.exceptions.RayError as error:
                dead = self._dead(calls)
                self.close()
                if isinstance(error, WebMasError):  # of the learner itself, e.g. not a number
                    raise
                who = f"rank {dead} of {self._name} died" if dead is not None else self._name
                raise WorldError(
                    f"{who} and could not {what}: {_last_line(error)}; {_ADVICE}"
                ) from error
        return ray.get(list(calls))

    def _dead(self, calls: Sequence[ObjectRef[Answer]]) -> int | None:
        """Returns which of the asked ranks has died; its peers only see that a line was cut."""
        ray.wait(list(calls), num_returns=len(calls), timeout=_GRACE_S)
        for rank, call in enumerate(calls):
            try:
                ray.get(call, timeout=0)
            except ray.exceptions.RayActorError:
                return rank
            except (ray.exceptions.RayError, ray.exceptions.GetTimeoutError):
                continue
        return None

    @property
    def _name(self) -> str:
        return f"the learner group of {self._config.num_ranks}"


def _reference(one: Collected) -> ObjectRef[PackedFragment]:
    if isinstance(one, RemoteFragment):
        return one.reference
    assert isinstance(one, Fragment), "a fragment is here or in the store"
    return ray.put(pack(one))


def _shards(references: Sequence[ObjectRef[PackedFragment]], ranks: int) -> list[list[_Piece]]:
    """Deals fragments to ranks, in their order; each is cut up where there are too few of them."""
    number = len(references)
    if number < ranks:
        return [[_Piece((one,), part, ranks) for one in references] for part in range(ranks)]
    ends = [rank * number // ranks for rank in range(ranks + 1)]
    return [
        [_Piece((one,)) for one in references[ends[rank] : ends[rank + 1]]] for rank in range(ranks)
    ]


def _fragment_of(piece: _Piece) -> Fragment:
    fragment = unpack(ray.get(piece.reference[0], timeout=_FETCH_S))
    return fragment if piece.parts == 1 else part_of(fragment, piece.part, piece.parts)


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__
