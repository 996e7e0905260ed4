"""The driver's side of rollout workers on Ray; a `learners.rollouts.Rollouts`.

It puts {version, weights, multipliers} into the store once for each update, and has at most one
order in flight with each worker. Fragments stay in the store; only a learner in the driver's own
process has them fetched. They come in the order of the workers' numbers, so what is learned does
not depend on who was first.

    a worker dies       its fragment and its running episodes are lost, not the update; Ray restarts
                        it a few times, and it begins again with a seed of its incarnation
    it does not answer  the others' fragments are used, and its own when it comes if `Acceptance`
                        still takes it; after a second deadline the process is ended
    all are dead        `WorldError` with the last cause; checkpoints are as they were

All of it is counted in `RolloutCounts`. A restarted worker has lost what its environments had
learned about the curriculum. Episodes that die with a worker are more often long than short, as any
censoring is; the counts say how many fragments that concerns.

Synchronous and asynchronous. `collect` waits for all living workers and `Acceptance(max_lag=0)`
takes fragments of the newest version only: on-policy. With `max_lag=n` late fragments of up to n
versions ago count as well; each has its version, its multipliers and the log π of the policy that
played it, which is what an off-policy correction needs. That correction, and a driver that learns
while workers play, are not here.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import ray
from ray import ObjectRef
from ray.actor import ActorHandle, ActorProxy

from actors.rollout_accounts import RemoteFragment, RolloutCounts, WorkerConfig
from actors.rollout_workers import (
    Broadcast,
    Order,
    Played,
    RemoteRolloutWorker,
    RolloutWorker,
    WorkerPlan,
)
from core.errors import ConfigurationError, WebMasError, WorldError
from learners.contract import EnvSpec
from learners.fragments import Collected
from learners.packing import PackedFragment, unpack
from policies.networks import Weights

__all__ = ["RayRollouts"]


@dataclass(slots=True)
class _Hand:
    """A worker as the driver knows it."""

    number: int
    actor: ActorProxy[RolloutWorker]
    incarnation: int = -1
    """Times that it has begun, less one."""
    has_begun: bool = False
    """Its process plays as this incarnation."""
    is_lost: bool = False
    """It died and has not been heard of since."""
    is_dead: bool = False
    """It does not come back."""
    played: ObjectRef[Played | None] | None = None
    """In flight; `None`: nothing is."""
    fragment: ObjectRef[PackedFragment] | None = None
    given_up_at: float = 0.0
    """When its process is ended if it has not answered until then."""
    cpu_before: float = 0.0
    """CPU-seconds of its earlier incarnations."""
    cpu_now: float = 0.0


class RayRollouts:
    """Collects from workers."""

    def __init__(
        self,
        plan: WorkerPlan,
        spec: EnvSpec,
        config: WorkerConfig,
        *,
        fetches: bool,
        multipliers: Callable[[], tuple[float, ...]] = tuple,
    ) -> None:
        """Starts the workers; Ray runs already.

        Args:
            plan: What each of them plays.
            spec: Of one worker's environments.
            config: How they run.
            fetches: Whether fragments are brought here, for a learner in this process; otherwise
                `RemoteFragment`s are returned.
            multipliers: Gives those that belong to the newest weights.

        Raises:
            WorldError: Not all answer within the deadline.
        """
        self._spec = spec
        self._config = config
        self._fetches = fetches
        self._multipliers = multipliers
        self.counts = RolloutCounts()
        self._last_cause = "nothing was heard of them"
        made = RemoteRolloutWorker.options(
            num_cpus=config.num_cpus,
            max_restarts=config.max_restarts,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )
        self._hands = [
            _Hand(number, made.remote(number, plan)) for number in range(config.num_workers)
        ]
        self._wait_for_first_answers()

    @property
    def spec(self) -> EnvSpec:
        """Of one worker's environments."""
        return self._spec

    @property
    def cpu_s(self) -> float:
        """CPU-seconds of all workers up to their last fragments."""
        return sum(self.worker_seconds())

    def worker_seconds(self) -> tuple[float, ...]:
        """Returns the CPU-seconds of each worker up to its last fragment."""
        return tuple(hand.cpu_before + hand.cpu_now for hand in self._hands)

    def pids(self) -> list[int]:
        """Returns the process ids of the living workers."""
        living = [hand.actor.pid.remote() for hand in self._hands if not hand.is_dead]
        return ray.get(living, timeout=self._config.start_deadline_s)

    def collect(self, weights: Weights, version: int) -> Sequence[Collected]:
        """Returns at least one fragment, and one from each worker where all goes well.

        Raises:
            WorldError: All workers are dead, or none answers before the deadline.
            ContractError: An environment broke the contract.
        """
        broadcast = Broadcast(version=version, weights=weights, multipliers=self._multipliers())
        board = ray.put(broadcast)
        deadline = time.monotonic() + self._config.collect_deadline_s
        found: list[Collected] = []
        while not found:
            self._ask(version, board)
            found = self._gathered(version, deadline)
            if not found:
                self._check_hope(deadline)
        return sorted(found, key=lambda one: (one.worker, one.version))

    def state(self) -> bytes:
        """Returns where all workers stand. One that cannot say begins anew after `load_state`."""
        asked = [
            (hand, hand.actor.state.remote()) for hand in self._hands if self._can_be_asked(hand)
        ]
        found: dict[int, bytes] = {}
        for hand, reference in asked:
            try:
                state = ray.get(reference, timeout=self._config.collect_deadline_s)
            except (ray.exceptions.RayActorError, ray.exceptions.GetTimeoutError) as error:
                self._lose(hand, error)
                continue
            if state is not None:
                found[hand.number] = state
        incarnations = [hand.incarnation for hand in self._hands]
        return pickle.dumps((incarnations, found))

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`. The bytes come from our own checkpoint: they are unpickled.

        Raises:
            ConfigurationError: It is of another number of workers.
        """
        incarnations, states = pickle.loads(data)
        if len(incarnations) != len(self._hands):
            raise ConfigurationError(
                f"the state is of {len(incarnations)} rollout workers, there are {len(self._hands)}"
            )
        waits = []
        for hand, incarnation in zip(self._hands, incarnations, strict=True):
            hand.incarnation = incarnation
            hand.has_begun = hand.number in states
            if hand.has_begun:
                waits.append(hand.actor.load_state.remote(incarnation, states[hand.number]))
        ray.get(waits, timeout=self._config.collect_deadline_s)

    def close(self) -> None:
        """Ends the workers; closing twice is allowed."""
        for hand in self._hands:
            ray.kill(cast(ActorHandle[object], hand.actor))
            hand.is_dead = True

    # -- orders ----------------------------------------------------------------------------------

    def _ask(self, version: int, board: ObjectRef[Broadcast]) -> None:
        """Gives an order to everybody who lives and has none."""
        for hand in self._hands:
            if hand.is_dead or hand.played is not None:
                continue
            if not hand.has_begun:
                hand.incarnation += 1
            begins = None if hand.has_begun else hand.incarnation
            order = Order(version=version, board=(board,), begins=begins)
            hand.played, hand.fragment = cast(
                "tuple[ObjectRef[Played | None], ObjectRef[PackedFragment]]",
                hand.actor.collect.remote(order),
            )
            patience = 1.5 * self._config.collect_deadline_s
            if begins is not None:  # a process has to start first
                patience += self._config.start_deadline_s
            hand.given_up_at = time.monotonic() + patience

    def _gathered(self, version: int, deadline: float) -> list[Collected]:
        """Waits until everybody has answered, or died, or the deadline has passed."""
        found: list[Collected] = []
        while waiting := {hand.played: hand for hand in self._hands if hand.played is not None}:
            left = deadline - time.monotonic()
            ready, _ = ray.wait(list(waiting), timeout=max(0.0, left))
            for reference in ready:
                fragment = self._answer(waiting[reference], version)
                if fragment is not None:
                    found.append(fragment)
            if not ready:
                self._note_late(list(waiting.values()))
                break
        return found

    def _answer(self, hand: _Hand, newest: int) -> Collected | None:
        """Takes in what a worker answered; `None`: nothing that can be used."""
        assert hand.played is not None, "it has answered"
        assert hand.fragment is not None, "it has answered"
        reference, fragment = hand.played, hand.fragment
        hand.played = hand.fragment = None
        try:
            played = ray.get(reference)
        except WebMasError:
            raise  # the environment's own complaint: it would say the same again
        except ray.exceptions.RayTaskError as error:
            raise WorldError(f"rollout worker {hand.number} has failed: {error}") from error
        except ray.exceptions.RayError as error:
            self._lose(hand, error)
            return None
        if played is None:  # restarted between two orders
            self._count_lost(hand)
            return None
        if not hand.has_begun:
            self.counts.restarts += hand.incarnation > 0
        hand.has_begun, hand.is_lost = True, False
        hand.cpu_now = played.cpu_s
        if not self._config.acceptance.takes(played.version, newest):
            self.counts.stale += 1
            self.counts.stale_steps += played.num_steps
            return None
        if not self._fetches:
            return RemoteFragment(worker=hand.number, played=played, reference=fragment)
        return self._fetched(hand, fragment)

    def _lose(self, hand: _Hand, error: BaseException) -> None:
        """Counts a worker that died; whether for good, Ray knows."""
        self._last_cause = f"worker {hand.number}: {type(error).__name__}: {_first_line(error)}"
        self._count_lost(hand)
        if isinstance(error, ray.exceptions.ActorDiedError):
            hand.is_dead = True
            self.counts.dead += 1

    def _count_lost(self, hand: _Hand) -> None:
        """Counts once for each death, however often a restarting worker was asked."""
        self.counts.lost += not hand.is_lost
        hand.is_lost, hand.has_begun = True, False
        hand.cpu_before += hand.cpu_now
        hand.cpu_now = 0.0

    def _note_late(self, hands: list[_Hand]) -> None:
        """Counts workers that did not answer; who misses a second deadline is ended."""
        for hand in hands:
            self.counts.late += 1
            if time.monotonic() > hand.given_up_at:
                ray.kill(cast(ActorHandle[object], hand.actor), no_restart=False)

    def _check_hope(self, deadline: float) -> None:
        """Waits a little for workers that restart; raises where there is nobody to wait for."""
        living = sum(not hand.is_dead for hand in self._hands)
        if not living:
            raise WorldError(
                f"all {len(self._hands)} rollout workers are dead ({self._last_cause}); "
                "checkpoints are as they were"
            )
        if time.monotonic() > deadline:
            raise WorldError(
                f"none of the {living} living rollout workers answered in "
                f"{self._config.collect_deadline_s:g} s ({self._last_cause})"
            )
        time.sleep(0.2)

    # -- the rest --------------------------------------------------------------------------------

    def _fetched(self, hand: _Hand, fragment: ObjectRef[PackedFragment]) -> Collected | None:
        """Brings a fragment here; `None`: it was lost with the node that held it."""
        try:
            return unpack(ray.get(fragment, timeout=self._config.collect_deadline_s))
        except ray.exceptions.RayError as error:
            self._lose(hand, error)
            return None

    def _can_be_asked(self, hand: _Hand) -> bool:
        return not hand.is_dead and hand.has_begun and hand.played is None

    def _wait_for_first_answers(self) -> None:
        waits = [hand.actor.pid.remote() for hand in self._hands]
        ready, missing = ray.wait(
            waits, num_returns=len(waits), timeout=self._config.start_deadline_s
        )
        if missing:
            resources = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's own
            cpus = float(resources.get("CPU", 0.0))
            self.close()
            raise WorldError(
                f"{len(ready)} of {len(waits)} rollout workers have started in "
                f"{self._config.start_deadline_s:g} s; each asks for {self._config.num_cpus:g} "
                f"of the {cpus:g} CPUs that Ray has"
            )


def _first_line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else ""
