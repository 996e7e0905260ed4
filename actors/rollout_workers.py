"""A rollout worker on Ray: many episodes in one process, stepped in lock-step, without torch.

    driver ── Order(version, reference to the weights) ──> worker
    worker ── pulls the weights if it has another version, plays, leaves the fragment in the object
              store ──> driver: `Played`, a few numbers, and a reference

The driver's side is `actors.ray_rollouts`.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import ray
from ray import ObjectRef

from core.seeding import derive_seed
from learners.collector import Collector
from learners.contract import MakeEnv
from learners.fragments import Episodes, RolloutSeconds
from learners.packing import PackedFragment, pack
from policies.networks import ActorShape, Weights

__all__ = [
    "Broadcast",
    "Order",
    "Played",
    "RemoteRolloutWorker",
    "RolloutWorker",
    "WorkerPlan",
]

_PULL_S = 60.0
"""Seconds that the store may take to hand over weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """What a worker needs to know once."""

    make_env: MakeEnv
    shape: ActorShape
    """Of the actors."""
    num_envs: int
    """N of this worker."""
    num_steps: int
    """T: least steps of each environment in a fragment."""
    seed: int
    """Of the run."""
    longest_episode: int = 10_000
    """See `learners.collector.Collector`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """What belongs to one version; put into the store once, and never seen apart."""

    version: int
    weights: Weights
    multipliers: tuple[float, ...] = ()
    """λ of each cost that made this version; empty before the first update. [K]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Asks for one fragment."""

    version: int
    board: tuple[ObjectRef[Broadcast]]
    """Where the version lies. In a tuple, so that Ray leaves it where it is."""
    begins: int | None = None
    """Incarnation as which the worker begins anew; `None`: it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What the driver must know of a fragment."""

    version: int
    multipliers: tuple[float, ...]
    """That came with the weights."""
    episodes: Episodes
    num_running: int
    num_steps: int
    seconds: RolloutSeconds
    cpu_s: float
    """CPU-seconds of this process so far, messages included."""


class RolloutWorker:
    """Plays episodes with the weights of a version.

    Owns: environments, their running episodes, the generator that draws actions; never torch.
    Accepts: `Order`, one at a time; `state` and `load_state` between two of them.
    Emits: `Played` and a packed fragment, which stays in the object store.
    In flight when it stops: the fragment and all running episodes are lost, for good.
    Restarts: a few times, empty; it plays only after an order that begins an incarnation, whose
        number goes into its seed, so that no episode comes twice.
    Under pressure: orders wait their turn; the driver has one in flight.
    """

    def __init__(self, worker: int, plan: WorkerPlan) -> None:
        """Makes nothing yet.

        Args:
            worker: Its number.
            plan: What it plays.
        """
        self._worker = worker
        self._plan = plan
        self._collector: Collector | None = None
        self._held: Broadcast | None = None

    @ray.method(num_returns=2)
    def collect(self, order: Order) -> tuple[Played | None, PackedFragment | None]:
        """Returns a fragment; nothing from a process that was restarted and not told to begin.

        Raises:
            ContractError: The environment broke the contract, or an episode does not end.
        """
        if order.begins is not None:
            self._begin(order.begins)
        if self._collector is None:
            return None, None
        held = self._pull(order)
        fragment = self._collector.collect(held.weights, held.version, self._plan.num_steps)
        packed = pack(fragment)
        played = Played(
            version=held.version,
            multipliers=held.multipliers,
            episodes=fragment.episodes,
            num_running=fragment.num_running,
            num_steps=fragment.num_steps,
            seconds=fragment.seconds,
            cpu_s=time.process_time(),
        )
        return played, packed

    @ray.method
    def state(self) -> bytes | None:
        """Returns where its episodes stand; `None`: it has not begun."""
        return None if self._collector is None else self._collector.state()

    @ray.method
    def load_state(self, incarnation: int, state: bytes) -> None:
        """Goes on from the state of the same worker and incarnation."""
        self._begin(incarnation)
        assert self._collector is not None, "it has just begun"
        self._collector.load_state(state)

    @ray.method
    def pid(self) -> int:
        """Returns the process id: the answer that says it is alive."""
        return os.getpid()

    @ray.method
    def close(self) -> None:
        """Closes the environments; closing twice is allowed."""
        self._end()

    def _end(self) -> None:
        if self._collector is not None:
            self._collector.close()
            self._collector = None

    def _begin(self, incarnation: int) -> None:
        self._end()
        plan = self._plan
        seed = derive_seed(plan.seed, "incarnation", incarnation) if incarnation else plan.seed
        self._collector = Collector(
            plan.make_env(self._worker, plan.num_envs),
            plan.shape,
            worker=self._worker,
            seed=seed,
            longest_episode=plan.longest_episode,
        )

    def _pull(self, order: Order) -> Broadcast:
        if self._held is None or self._held.version != order.version:
            self._held = ray.get(order.board[0], timeout=_PULL_S)
        return self._held


RemoteRolloutWorker = ray.remote(RolloutWorker)
