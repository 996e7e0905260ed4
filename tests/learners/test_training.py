"""`learners.train` from outside: every algorithm, determinism, resume, bad input."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest
import torch

import learners
from core.errors import ConfigurationError, ContractError
from learners.algorithms import ALGORITHMS, build
from learners.chance import ChanceConstraint
from learners.clipped_steps import ClippedStepsConfig, task_weights
from learners.collector import Collector
from learners.episodes import EpisodeWindow
from learners.networks.actors import actor_shape
from learners.networks.config import NetworkConfig
from learners.problems import exact
from learners.problems.drift import DriftProblem
from learners.runs import TrainConfig
from learners.training import Training
from learners.updates import UpdateStatus
from policies.trained import TrainedPolicy

TINY = TrainConfig(total_steps=None, iterations=2, num_envs=8, rollout_length=8)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", ["discrete", "candidates"])
def test_every_algorithm_trains_a_team_with_idle_agents(scripted, algorithm, kind):
    active = np.ones((8, 3), bool)
    active[:4, 1] = False

    def make_env(_worker, num_envs):
        return scripted(
            num_envs=num_envs,
            num_agents=3,
            groups=(0, 1, 0),
            lengths=lambda *_: 3,
            cost=lambda *_: 0.4,
            active=active,
            truncates=True,
            kind=kind,
        )

    trained = learners.train(algorithm, make_env, TINY)
    record = trained.history.records[-1]
    assert record.costs == (0.4,)
    assert record.reward == 1.0
    assert record.info["success"] == 1.0
    assert np.isfinite([record.kl, record.entropy, record.value_loss]).all()
    assert len(record.multipliers) == 1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_trains_continuous_actions(algorithm):
    trained = learners.train(algorithm, DriftProblem().make_env, TINY)
    obs = DriftProblem().make_env(0, 3).reset(0)
    assert trained.policy.act(obs, np.random.default_rng(0)).shape == (3, 1, 2)


def test_unknown_algorithms_are_refused_with_those_that_exist():
    with pytest.raises(ConfigurationError, match="p3o, ppo_lagrangian, macpo"):
        learners.train("cpo", exact.make_env_of(exact.s0()), TINY)


@pytest.mark.parametrize("algorithm", ["p3o", "ppo_lagrangian", "macpo"])
def test_the_same_seed_gives_the_same_losses_and_another_seed_others(algorithm):
    def losses(seed):
        config = TrainConfig(
            total_steps=None, iterations=3, num_envs=8, rollout_length=8, seed=seed
        )
        records = learners.train(algorithm, exact.make_env_of(exact.s1()), config).history.records
        return [(r.value_loss, r.kl, r.entropy, r.reward, r.multipliers) for r in records]

    torch.manual_seed(1)
    first = losses(0)
    torch.manual_seed(2)  # the global generator has no say
    assert losses(0) == first
    assert losses(1) != first


@pytest.mark.parametrize("algorithm", ["p3o", "ppo_lagrangian", "macpo"])
def test_a_run_goes_on_from_its_state_bit_by_bit(algorithm):
    config = TrainConfig(total_steps=None, iterations=6, num_envs=8, rollout_length=8)

    def training():
        return Training(algorithm, exact.make_env_of(exact.s1()), config)

    whole = training()
    for _ in range(3):
        whole.step()
    saved = whole.state()
    list(whole)
    rest = training()
    rest.load_state(saved)
    list(rest)
    for name, weights in whole.policy.weights.items():
        assert np.array_equal(weights, rest.policy.weights[name]), name
    assert [r.value_loss for r in whole.history.records] == [
        r.value_loss for r in rest.history.records
    ]


def test_a_state_of_other_networks_is_refused():
    make_env = exact.make_env_of(exact.s0())
    small = learners.PPOConfig(networks=NetworkConfig(actor_hidden=(4,)))
    with pytest.raises(ConfigurationError, match="other networks"):
        build("ppo", make_env(0, 1).spec, seed=0).load_state(
            build(small, make_env(0, 1).spec, seed=0).state()
        )


def test_the_loop_tells_what_it_does_and_stops_at_the_first_limit():
    told, evaluated = [], []
    config = TrainConfig(
        total_steps=8 * 8 * 3,
        iterations=50,
        num_envs=8,
        rollout_length=8,
        callback=told.append,
        evaluate_every=2,
        evaluate=lambda iteration, policy: evaluated.append((iteration, policy)),
    )
    trained = learners.train("ppo", exact.make_env_of(exact.s0()), config)
    assert [record.steps for record in told] == [64, 128, 192]
    assert trained.history.records == told
    assert [iteration for iteration, _ in evaluated] == [2]
    assert told[0].seconds.update > 0


def test_nan_in_a_reward_stops_the_run_with_a_clear_message_and_closes_the_environment(scripted):
    made = []

    def make_env(_worker, num_envs):
        made.append(scripted(num_envs=num_envs, reward=lambda *_: float("nan")))
        return made[-1]

    with pytest.raises(ContractError, match="reward is nan"):
        learners.train("p3o", make_env, TINY)
    assert made[0].closed


def test_an_empty_batch_is_refused():
    learner = build("p3o", exact.make_env_of(exact.s0())(0, 1).spec, seed=0)
    with pytest.raises(ConfigurationError, match="empty batch"):
        learner.team.batch([], lam=0.95, lam_cost=0.95)


def test_fragments_of_another_problem_are_refused():
    fragment = fragment_of(exact.s1(), worker=0)
    learner = build("p3o", exact.make_env_of(exact.m3())(0, 1).spec, seed=0)
    with pytest.raises(ConfigurationError, match="this team has"):
        learner.team.batch([fragment], lam=0.95, lam_cost=0.95)


def test_before_any_episode_has_ended_learning_goes_on_without_a_verdict(scripted):
    def make_env(_worker, num_envs):
        return scripted(num_envs=num_envs, lengths=lambda *_: 1_000)

    for algorithm in ("p3o", "ppo_lagrangian", "macpo"):
        trained = learners.train(algorithm, make_env, TINY)
        assert np.isnan(trained.history.records[-1].reward)
        assert not trained.feasible
        assert trained.best_feasible is None


@pytest.mark.parametrize("algorithm", ["p3o", "ppo_lagrangian", "macpo"])
def test_an_infeasible_budget_brings_the_cost_down_and_says_so(algorithm, caplog):
    """Every corridor policy costs at least .0281; the budget is .01."""
    config = TrainConfig(total_steps=None, iterations=25, num_envs=32, rollout_length=32)
    with caplog.at_level(logging.WARNING):
        trained = learners.train(algorithm, exact.make_env_of(exact.s1(0.01)), config)
    assert "no feasible policy" in caplog.text
    assert not trained.feasible
    records = trained.history.records
    assert trained.history.tail_costs()[0] < 0.7 * records[0].costs[0]
    if algorithm == "macpo":
        assert UpdateStatus.RECOVERING in {record.status for record in records}


def test_rare_tasks_are_heard_louder_and_costs_are_left_alone():
    spec = exact.make_env_of(exact.s0())(0, 1).spec
    team = build("p3o", spec, seed=0).team
    batch = team.batch([fragment_of(exact.s0(), worker=0)], lam=1.0, lam_cost=1.0)
    task = torch.arange(len(batch)) % 2
    heads = batch.advantages.clone()
    heads[task == 1, 0] *= 0.1
    object.__setattr__(batch, "task", task)
    object.__setattr__(batch, "advantages", heads)
    factor = task_weights(batch, team, ClippedStepsConfig(per_task=True))
    assert factor[task == 1].mean() > 2 * factor[task == 0].mean()
    assert factor.max() <= 4.0
    assert (task_weights(batch, team, ClippedStepsConfig()) == 1).all()


def test_a_chance_constraint_is_learned_like_any_other():
    def make_env(worker, num_envs):
        return ChanceConstraint(exact.make_env_of(exact.s1(1.5))(worker, num_envs), cost="cost_0")

    trained = learners.train("p3o", make_env, TINY)
    assert len(trained.history.records[-1].costs) == 2


def test_a_mixture_draws_its_members():
    trained = learners.train("ppo_lagrangian", exact.make_env_of(exact.s0()), TINY)
    drawn = trained.averaged.draw(np.random.default_rng(0))
    assert isinstance(drawn, TrainedPolicy)
    assert drawn in trained.averaged.members


def test_the_contract_and_a_trained_policy_load_no_torch():
    program = (
        "import sys, learners, learners.contract, learners.problems.exact, policies.trained;"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def fragment_of(problem, *, worker, num_steps=16):
    env = exact.make_env_of(problem)(worker, 8)
    networks = NetworkConfig()
    shape = actor_shape(env.spec, networks.actor_hidden, networks.embedding)
    weights = build("p3o", env.spec, seed=0).team.weights()
    return Collector(env, shape, worker=worker, seed=0).collect(weights, 0, num_steps)


def evidence_of(problem, fragments):
    spec = exact.make_env_of(problem)(0, 8).spec
    return EpisodeWindow(spec).add(fragments, 0)
