from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from actors.ray_rollouts import RayRollouts
from actors.rollout_accounts import Acceptance, RemoteFragment, WorkerConfig
from actors.rollout_workers import WorkerPlan
from core.errors import ConfigurationError, ContractError, WorldError
from learners.contract import EnvSpec, Obs, Step
from learners.fragments import Fragment
from learners.problems.exact import make_env_of, s1
from learners.problems.tabular import TabularEnv
from learners.rollouts import InProcessRollouts
from policies.networks import ActorKind, ActorShape, Weights

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_instance")]

NUM_ENVS = 4
MAKE = make_env_of(s1())
SPEC = MAKE(0, NUM_ENVS).spec
SHAPE = ActorShape(kind=ActorKind.DISCRETE, num_features=SPEC.num_features, num_outputs=2)
PLAN = WorkerPlan(make_env=MAKE, shape=SHAPE, num_envs=NUM_ENVS, num_steps=5, seed=3)
CONFIG = WorkerConfig(num_workers=2, num_cpus=0, max_restarts=0, collect_deadline_s=30.0)


def _weights() -> Weights:
    rng = np.random.default_rng(0)
    sizes = SHAPE.layer_sizes
    weights = {}
    for group in range(SPEC.num_groups):
        for number, (inner, outer) in enumerate(itertools.pairwise(sizes)):
            weights[f"{group}.layers.{number}.weight"] = rng.normal(size=(outer, inner))
            weights[f"{group}.layers.{number}.bias"] = np.zeros(outer)
    return {name: value.astype(np.float32) for name, value in weights.items()}


WEIGHTS = _weights()


@pytest.fixture
def made() -> Iterator[list[RayRollouts]]:
    """Rollouts that a test started, so that they end with it."""
    started: list[RayRollouts] = []
    yield started
    for rollouts in started:
        rollouts.close()


def _start(
    made: list[RayRollouts],
    config: WorkerConfig = CONFIG,
    plan: WorkerPlan = PLAN,
    *,
    fetches: bool = True,
) -> RayRollouts:
    rollouts = RayRollouts(plan, SPEC, config, fetches=fetches, multipliers=lambda: (0.5,))
    made.append(rollouts)
    return rollouts


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _same(one: object, other: object) -> bool:
    assert isinstance(one, Fragment)
    assert isinstance(other, Fragment)
    names = ("features", "actions", "logp", "reward", "costs", "terminated", "critic_t")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_a_single_worker_plays_what_this_process_would_play(made: list[RayRollouts]) -> None:
    rollouts = _start(made, replace(CONFIG, num_workers=1))
    local = InProcessRollouts(MAKE, SHAPE, num_envs=NUM_ENVS, num_steps=5, seed=3)
    for version in range(3):
        (far,), (near,) = rollouts.collect(WEIGHTS, version), local.collect(WEIGHTS, version)
        assert _same(far, near)
        assert np.array_equal(far.episodes.costs, near.episodes.costs)
        assert far.version == version
    assert rollouts.cpu_s > 0.0


def test_fragments_come_in_the_order_of_workers_who_play_other_episodes(
    made: list[RayRollouts],
) -> None:
    rollouts = _start(made)
    first, second = rollouts.collect(WEIGHTS, 0)
    assert (first.worker, second.worker) == (0, 1)
    assert not _same(first, second)
    assert str(rollouts.counts) == ""


def test_a_learner_elsewhere_gets_references_and_numbers(made: list[RayRollouts]) -> None:
    rollouts = _start(made, fetches=False)
    for one in rollouts.collect(WEIGHTS, 7):
        assert isinstance(one, RemoteFragment)
        assert one.version == 7
        assert one.played.multipliers == (0.5,)
        assert one.num_steps >= 20
        assert len(one.episodes) >= 1


def test_workers_go_on_exactly_where_their_state_says(made: list[RayRollouts]) -> None:
    rollouts = _start(made)
    rollouts.collect(WEIGHTS, 0)
    state = rollouts.state()
    expected = rollouts.collect(WEIGHTS, 1)
    rollouts.load_state(state)
    again = rollouts.collect(WEIGHTS, 1)
    assert all(_same(one, other) for one, other in zip(expected, again, strict=True))
    alone = _start(made, replace(CONFIG, num_workers=1))
    with pytest.raises(ConfigurationError, match="of 2 rollout workers, there are 1"):
        alone.load_state(state)


def test_half_of_the_workers_killed_leaves_the_other_half_at_work(made: list[RayRollouts]) -> None:
    rollouts = _start(made)
    rollouts.collect(WEIGHTS, 0)
    _kill(rollouts.pids()[0])
    for version in (1, 2):
        (only,) = rollouts.collect(WEIGHTS, version)
        assert only.worker == 1
    assert (rollouts.counts.dead, rollouts.counts.lost) == (1, 1)
    assert "workers dead: 1" in str(rollouts.counts)
    assert len(rollouts.pids()) == 1


def test_all_workers_dead_is_said_with_the_cause(made: list[RayRollouts]) -> None:
    rollouts = _start(made)
    rollouts.collect(WEIGHTS, 0)
    for pid in rollouts.pids():
        _kill(pid)
    with pytest.raises(WorldError, match=r"all 2 rollout workers are dead \(worker"):
        rollouts.collect(WEIGHTS, 1)


def test_a_killed_worker_comes_back_with_new_episodes(made: list[RayRollouts]) -> None:
    rollouts = _start(made, replace(CONFIG, num_workers=1, max_restarts=1))
    (before,) = rollouts.collect(WEIGHTS, 0)
    _kill(rollouts.pids()[0])
    (after,) = rollouts.collect(WEIGHTS, 1)
    assert not _same(before, after), "another incarnation has another seed"
    assert (rollouts.counts.lost, rollouts.counts.restarts, rollouts.counts.dead) == (1, 1, 0)
    assert after.episodes.start_version.min() == 1, "nothing of the dead process is counted"


@dataclass(frozen=True)
class _SlowOnce:
    """Worker 1 sleeps in its second fragment."""

    seconds: float

    def __call__(self, worker: int, num_envs: int) -> _SlowEnv:
        return _SlowEnv(self.seconds if worker else 0.0, worker, num_envs)


class _SlowEnv:
    def __init__(self, seconds: float, worker: int, num_envs: int) -> None:
        self._inner = TabularEnv(s1(), num_envs, worker)
        self._seconds = seconds
        self._steps = 0

    @property
    def spec(self) -> EnvSpec:
        return self._inner.spec

    def reset(self, seed: int) -> Obs:
        return self._inner.reset(seed)

    def step(self, actions: np.ndarray) -> Step:
        self._steps += 1
        if self._steps == 200:
            time.sleep(self._seconds)
        return self._inner.step(actions)

    def state(self) -> bytes:
        return self._inner.state()

    def load_state(self, data: bytes) -> Obs:
        return self._inner.load_state(data)

    def close(self) -> None:
        self._inner.close()


@pytest.mark.parametrize("max_lag", [0, 9])
def test_a_late_fragment_is_used_only_as_far_as_acceptance_goes(
    made: list[RayRollouts], max_lag: int
) -> None:
    plan = replace(PLAN, make_env=_SlowOnce(4.0), num_steps=150)
    config = replace(CONFIG, collect_deadline_s=2.5, acceptance=Acceptance(max_lag=max_lag))
    rollouts = _start(made, config, plan)
    lags: list[int] = []
    version = 0
    while not (max(lags, default=0) or rollouts.counts.stale) and version < 50:
        lags += [version - one.version for one in rollouts.collect(WEIGHTS, version)]
        version += 1
    assert rollouts.counts.late >= 1
    if max_lag:
        assert 0 < max(lags) <= max_lag
        assert rollouts.counts.stale == 0
    else:
        assert max(lags) == 0
        assert rollouts.counts.stale_steps >= 600, "all steps of the dropped fragment are counted"


def test_a_worker_that_hangs_is_ended_and_begins_anew(made: list[RayRollouts]) -> None:
    plan = replace(PLAN, make_env=_SlowOnce(600.0), num_steps=150)
    config = replace(CONFIG, collect_deadline_s=4.0, max_restarts=1)
    rollouts = _start(made, config, plan)
    version = 0
    while rollouts.counts.restarts == 0 and version < 20:
        assert 0 in {one.worker for one in rollouts.collect(WEIGHTS, version)}
        version += 1
    assert (rollouts.counts.restarts, rollouts.counts.dead) == (1, 0)
    assert rollouts.counts.late >= 2


class _Broken(_SlowEnv):
    def step(self, actions: np.ndarray) -> Step:
        step = self._inner.step(actions)
        return step._replace(reward=np.full_like(step.reward, np.nan))


def _make_broken(worker: int, num_envs: int) -> _Broken:
    return _Broken(0.0, worker, num_envs)


def test_what_an_environment_does_wrong_is_said_in_its_own_words(made: list[RayRollouts]) -> None:
    rollouts = _start(made, plan=replace(PLAN, make_env=_make_broken))
    with pytest.raises(ContractError, match="reward"):
        rollouts.collect(WEIGHTS, 0)


def test_too_few_cpus_are_said_instead_of_waited_for(made: list[RayRollouts]) -> None:
    del made
    config = WorkerConfig(num_workers=2, num_cpus=64, start_deadline_s=1.0)
    with pytest.raises(WorldError, match=r"0 of 2 rollout workers .* asks for 64 of the 2 CPUs"):
        RayRollouts(PLAN, SPEC, config, fetches=True)


@dataclass(frozen=True)
class _NoTorch:
    """Makes environments only where torch was not loaded."""

    def __call__(self, worker: int, num_envs: int) -> TabularEnv:
        assert "torch" not in sys.modules
        return TabularEnv(s1(), num_envs, worker)


def test_workers_never_load_torch(made: list[RayRollouts]) -> None:
    rollouts = _start(made, replace(CONFIG, num_workers=1), replace(PLAN, make_env=_NoTorch()))
    assert rollouts.collect(WEIGHTS, 0)
