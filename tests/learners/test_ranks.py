"""A learner group of two ranks makes the update that one rank makes of the joined batch."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from learners.algorithms import build
from learners.clipped_steps import ClippedStepsConfig
from learners.collector import Collector
from learners.episodes import EpisodeWindow
from learners.macpo import MACPOConfig
from learners.networks.actors import actor_shape
from learners.networks.config import NetworkConfig
from learners.p3o import P3OConfig
from learners.ppo_lagrangian import PPOLagrangianConfig
from learners.problems import exact
from learners.reducer import Share

NETWORKS = NetworkConfig(actor_hidden=(16,), critic_hidden=(16,))
STEPS = ClippedStepsConfig(epochs=2, minibatches=3)
CONFIGS = {
    "p3o": P3OConfig(networks=NETWORKS, steps=STEPS),
    "ppo_lagrangian": PPOLagrangianConfig(networks=NETWORKS, steps=STEPS),
    "macpo": MACPOConfig(networks=NETWORKS),
}


class _GlooReducer:
    """Sums over the ranks of the default process group."""

    def sum(self, values):
        total = values.clone()
        dist.all_reduce(total)
        return total

    def share(self, count):
        counts = torch.zeros(dist.get_world_size(), dtype=torch.int64)
        counts[dist.get_rank()] = count
        dist.all_reduce(counts)
        return Share(int(counts[: dist.get_rank()].sum()), int(counts.sum()))


def _learn(name, fragments, evidence, reducer=None):
    spec = exact.make_env_of(exact.s1())(0, 8).spec
    learner = build(CONFIGS[name], spec, seed=4, reducer=reducer)
    for progress in (0.0, 0.5):
        update = learner.update(fragments, evidence, progress)
    return learner.team.weights(), update


def _rank(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    with open(f"{folder}/in.pickle", "rb") as file:  # noqa: PTH123
        fragments, evidence = pickle.load(file)
    found = {name: _learn(name, [fragments[rank]], evidence, _GlooReducer()) for name in CONFIGS}
    with open(f"{folder}/out{rank}.pickle", "wb") as file:  # noqa: PTH123
        pickle.dump(found, file)
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """What one rank and what each of two ranks made of the same fragments, by algorithm."""
    folder = tmp_path_factory.mktemp("ranks")
    spec = exact.make_env_of(exact.s1())(0, 8).spec
    shape = actor_shape(spec, NETWORKS.actor_hidden, NETWORKS.embedding)
    behaviour = build(CONFIGS["p3o"], spec, seed=4).team.weights()
    fragments = [
        Collector(exact.make_env_of(exact.s1())(worker, 8), shape, worker=worker, seed=0).collect(
            behaviour, 0, length
        )
        for worker, length in ((0, 24), (1, 40))
    ]
    evidence = EpisodeWindow(spec).add(fragments, 0)
    (folder / "in.pickle").write_bytes(pickle.dumps((fragments, evidence)))
    one = {name: _learn(name, fragments, evidence) for name in CONFIGS}
    mp.spawn(_rank, args=(str(folder),), nprocs=2)
    two = [pickle.loads((folder / f"out{rank}.pickle").read_bytes()) for rank in range(2)]
    return one, two


@pytest.mark.parametrize("name", CONFIGS)
def test_two_ranks_make_the_update_of_one(both, name):
    one, two = both
    expected, update = one[name]
    for found in two:
        weights, theirs = found[name]
        for part, values in expected.items():
            assert np.allclose(weights[part], values, atol=2e-4), part
        assert theirs.kl == pytest.approx(update.kl, rel=0.02, abs=1e-5)
        assert theirs.multipliers == pytest.approx(update.multipliers, rel=1e-3)


def test_two_ranks_stay_equal_to_each_other(both):
    first, second = both[1]
    for name in CONFIGS:
        for part, values in first[name][0].items():
            assert np.array_equal(values, second[name][0][part]), (name, part)
