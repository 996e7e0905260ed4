from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("torch")

from actors.learner_ranks import GroupConfig, RayLearnerGroup
from core.errors import WorldError
from learners.algorithms import AnyConfig, build
from learners.collector import Collector
from learners.episodes import EpisodeWindow, Evidence
from learners.fragments import Fragment
from learners.macpo import MACPOConfig
from learners.networks.actors import actor_shape
from learners.networks.config import NetworkConfig
from learners.p3o import P3OConfig
from learners.ppo_lagrangian import PPOLagrangianConfig
from learners.problems.exact import make_env_of, s1

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_instance")]

MAKE = make_env_of(s1())
SPEC = MAKE(0, 4).spec
RANKS = GroupConfig(num_ranks=2, num_cpus=0, start_deadline_s=60.0, update_deadline_s=60.0)
ALGORITHMS: list[AnyConfig] = [P3OConfig(), PPOLagrangianConfig(), MACPOConfig()]


@pytest.fixture
def started() -> Iterator[list[RayLearnerGroup]]:
    """Groups that a test started, so that they end with it."""
    groups: list[RayLearnerGroup] = []
    yield groups
    for group in groups:
        group.close()


def _played(config: AnyConfig, rounds: int = 1) -> tuple[list[Fragment], Evidence]:
    """Two workers' fragments of different length, and what they tell."""
    networks = NetworkConfig()
    shape = actor_shape(SPEC, networks.actor_hidden, networks.embedding)
    weights = build(config, SPEC, seed=1).team.weights()
    fragments = [
        Collector(MAKE(worker, 4), shape, worker=worker, seed=rounds).collect(
            weights, 0, 20 + worker
        )
        for worker in range(2)
    ]
    return fragments, EpisodeWindow(SPEC).add(fragments, 0)


@pytest.mark.parametrize("config", ALGORITHMS, ids=lambda config: config.make.__name__)
def test_two_ranks_take_the_step_that_one_takes_on_the_joined_batch(
    config: AnyConfig, started: list[RayLearnerGroup]
) -> None:
    fragments, evidence = _played(config)
    alone = build(config, SPEC, seed=1)
    before = alone.team.weights()
    expected = alone.update(fragments, evidence, 0.0)
    group = RayLearnerGroup(config, SPEC, RANKS, 1)
    started.append(group)
    update = group.update(fragments, evidence, 0.0)
    after = alone.team.weights()
    moved = max(float(np.abs(after[name] - before[name]).max()) for name in after)
    apart = max(float(np.abs(after[name] - group.weights()[name]).max()) for name in after)
    assert moved > 1e-3, "there was a step"
    assert apart < 2e-3 * moved, "sums in another order differ in their last digits only"
    assert update.kl == pytest.approx(expected.kl, rel=1e-3)
    assert update.value_loss == pytest.approx(expected.value_loss, rel=1e-3)
    assert update.multipliers == pytest.approx(expected.multipliers, rel=1e-3, abs=1e-6)
    assert update.status == expected.status


def test_a_state_of_two_ranks_goes_on_with_one_and_with_two(
    started: list[RayLearnerGroup],
) -> None:
    config = P3OConfig()
    fragments, evidence = _played(config)
    group = RayLearnerGroup(config, SPEC, RANKS, 1)
    started.append(group)
    group.update(fragments[:1], evidence, 0.0)  # one fragment is cut in two
    alone = build(config, SPEC, seed=9)
    alone.load_state(group.state())
    weights = alone.team.weights()
    assert all(np.array_equal(weights[name], part) for name, part in group.weights().items())
    expected = alone.update(fragments, evidence, 0.5)
    update = group.update(fragments, evidence, 0.5)
    assert update.kl == pytest.approx(expected.kl, rel=1e-3)
    group.load_state(alone.state())
    weights = alone.team.weights()
    assert all(np.array_equal(weights[name], part) for name, part in group.weights().items())


def test_a_killed_rank_ends_the_group_and_says_how_to_go_on(
    started: list[RayLearnerGroup],
) -> None:
    config = P3OConfig()
    fragments, evidence = _played(config)
    group = RayLearnerGroup(config, SPEC, RANKS, 1)
    started.append(group)
    os.kill(group.pids()[1], signal.SIGKILL)
    with pytest.raises(WorldError, match=r"rank 1 of the learner group of 2 died.*fewer ranks"):
        group.update(fragments, evidence, 0.0)
