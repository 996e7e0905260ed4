"""Training with rollout workers and learner ranks on Ray, on a small problem."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("torch")

from actors.learner_ranks import GroupConfig, RayLearnerGroup
from actors.ray_rollouts import RayRollouts
from actors.rollout_accounts import WorkerConfig
from actors.rollout_workers import WorkerPlan
from core.errors import WorldError
from learners.checkpoints import Checkpoints
from learners.driving import Keeping, drive, resume
from learners.history import Record
from learners.networks.actors import actor_shape
from learners.p3o import P3OConfig
from learners.problems.exact import make_env_of, s1
from learners.runs import TrainConfig
from learners.training import Training

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_instance")]

MAKE = make_env_of(s1())
SPEC = MAKE(0, 4).spec
ALGORITHM = P3OConfig()
CONFIG = TrainConfig(total_steps=None, iterations=6, num_envs=8, rollout_length=8, seed=2)


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    """Ends what a test started."""
    with ExitStack() as stack:
        yield stack


def _rollouts(closing: ExitStack, *, fetches: bool) -> RayRollouts:
    networks = ALGORITHM.networks
    plan = WorkerPlan(
        make_env=MAKE,
        shape=actor_shape(SPEC, networks.actor_hidden, networks.embedding),
        num_envs=4,
        num_steps=8,
        seed=2,
    )
    config = WorkerConfig(num_workers=2, num_cpus=0, max_restarts=0)
    rollouts = RayRollouts(plan, SPEC, config, fetches=fetches)
    closing.callback(rollouts.close)
    return rollouts


def _group(closing: ExitStack) -> RayLearnerGroup:
    group = RayLearnerGroup(ALGORITHM, SPEC, GroupConfig(num_ranks=2, num_cpus=0), 2)
    closing.callback(group.close)
    return group


def _keeping(folder: Path) -> Keeping:
    return Keeping(checkpoints=Checkpoints(folder), every=2, notes={"algorithm": "p3o"})


def test_training_goes_on_with_half_of_its_workers_and_resumes_with_all(
    closing: ExitStack, tmp_path: Path
) -> None:
    rollouts = _rollouts(closing, fetches=True)
    training = Training(ALGORITHM, MAKE, CONFIG, rollouts=rollouts)
    records = [training.step()]
    os.kill(rollouts.pids()[0], signal.SIGKILL)
    assert drive(training, _keeping(tmp_path), watch=records.append)
    assert [record.iteration for record in records] == [1, 2, 3, 4, 5, 6]
    steps = [later.steps - before.steps for before, later in itertools.pairwise(records)]
    assert all(step > 0 and step % 4 == 0 for step in steps), "of four episodes side by side"
    assert (rollouts.counts.dead, rollouts.counts.lost) == (1, 1)
    assert all(record.episodes > 0 for record in records), "J_C of those that completed"
    again = Training(ALGORITHM, MAKE, CONFIG, rollouts=_rollouts(closing, fetches=True))
    assert resume(again, _keeping(tmp_path)) == []
    assert len(again.history.records) == 6
    again.step()


def test_a_killed_rank_stops_the_run_and_one_rank_goes_on_from_the_checkpoint(
    closing: ExitStack, tmp_path: Path
) -> None:
    group = _group(closing)
    training = Training(
        ALGORITHM, MAKE, CONFIG, rollouts=_rollouts(closing, fetches=False), learner=group
    )
    keeping = _keeping(tmp_path)

    def kill_after(record: Record) -> None:
        if record.iteration == 3:
            os.kill(group.pids()[0], signal.SIGKILL)

    with pytest.raises(WorldError, match=r"rank 0 of the learner group of 2 died.* resume"):
        drive(training, keeping, watch=kill_after)
    alone = Training(ALGORITHM, MAKE, CONFIG, rollouts=_rollouts(closing, fetches=True))
    resume(alone, keeping)
    assert len(alone.history.records) == 2, "the last multiple of 2 before the rank died"
    assert drive(alone, keeping)
    assert len(alone.history.records) == 6
