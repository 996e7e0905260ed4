"""Fragments, what they count, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ContractError
from learners.collector import Collector
from learners.episodes import EpisodeWindow
from learners.networks.actors import actor_shape
from learners.networks.config import NetworkConfig
from learners.problems import exact
from learners.team import Team


def collector_of(env, **options):
    shape = actor_shape(env.spec, (8,), 4)
    collector = Collector(env, shape, worker=0, seed=0, **options)
    networks = NetworkConfig(actor_hidden=(8,), critic_hidden=(8,), embedding=4)
    return collector, Team(env.spec, networks, seed=0).weights()


def test_a_fragment_has_the_shapes_of_its_spec(scripted):
    collector, weights = collector_of(scripted(num_envs=4, num_agents=2, lengths=lambda *_: 3))
    fragment = collector.collect(weights, version=7, num_steps=6)
    assert fragment.features.shape == (6, 4, 2, 2)
    assert fragment.logp.shape == fragment.actions.shape == (6, 4, 2)
    assert fragment.costs.shape == (6, 4, 1)
    assert len(fragment.episodes) == 8
    assert set(fragment.episodes.start_version.tolist()) == {7}
    assert fragment.num_running == 0


def test_episodes_run_on_across_fragments_and_count_once(scripted):
    collector, weights = collector_of(
        scripted(lengths=lambda *_: 5, reward=lambda *_: 2.0, cost=lambda *_: 3.0)
    )
    first = collector.collect(weights, version=0, num_steps=5 * 4 - 2)
    second = collector.collect(weights, version=1, num_steps=2)
    assert len(first.episodes) == 3 * 4
    assert first.num_running == 4
    assert len(second.episodes) == 4
    assert second.episodes.length.tolist() == [5] * 4
    assert second.episodes.reward.tolist() == [2.0] * 4
    assert second.episodes.costs.ravel().tolist() == [3.0] * 4
    assert second.episodes.start_version.tolist() == [0] * 4


def test_a_fragment_goes_on_until_as_many_episodes_ended_as_there_are_environments(scripted):
    collector, weights = collector_of(scripted(lengths=lambda *_: 9))
    assert len(collector.collect(weights, version=0, num_steps=4).reward) == 9


def test_sums_are_discounted_with_the_gamma_of_the_spec(scripted):
    collector, weights = collector_of(scripted(lengths=lambda *_: 3, discount=0.5))
    episodes = collector.collect(weights, version=0, num_steps=3).episodes
    assert episodes.reward.tolist() == [0.25] * 4
    assert episodes.effective_length.tolist() == [1.75] * 4


def test_steps_of_a_failed_episode_are_marked_and_its_numbers_are_not_believed(scripted):
    env = scripted(
        lengths=lambda *_: 3,
        failed=lambda env, episode: env == 1 and episode == 0,
        reward=lambda env, episode: float("nan") if env == 1 and episode == 0 else 1.0,
    )
    collector, weights = collector_of(env)
    fragment = collector.collect(weights, version=0, num_steps=6)
    assert fragment.valid[:, 1].tolist() == [False] * 3 + [True] * 3
    assert fragment.valid[:, [0, 2, 3]].all()
    evidence = EpisodeWindow(env.spec, min_episodes=1).add([fragment], 0)
    assert evidence.num_failed == 1
    assert evidence.reward == 1.0


def test_nan_in_a_reward_is_an_error_that_says_where(scripted):
    env = scripted(reward=lambda env, episode: float("nan") if (env, episode) == (2, 1) else 1.0)
    collector, weights = collector_of(env)
    with pytest.raises(ContractError, match="reward is nan in environment 2, step 1"):
        collector.collect(weights, version=0, num_steps=4)


def test_an_episode_that_never_ends_is_an_error(scripted):
    collector, weights = collector_of(scripted(lengths=lambda *_: 10**9), longest_episode=50)
    collector.collect(weights, 0, num_steps=4)
    with pytest.raises(ContractError, match="50 steps without an end"):
        collector.collect(weights, 1, num_steps=40)


def test_wrong_shapes_are_an_error_that_says_which(scripted):
    env = scripted()
    real = env.step
    env.step = lambda actions: real(actions)._replace(reward=np.zeros((4, 1)))
    collector, weights = collector_of(env)
    with pytest.raises(ContractError, match=r"reward of a step is \(4,\), not \(4, 1\)"):
        collector.collect(weights, version=0, num_steps=1)


def test_an_active_agent_that_may_do_nothing_is_an_error(scripted):
    env = scripted(kind="candidates")
    real = env.obs

    def without_choice():
        seen = real()
        seen.mask[1, 0] = False
        return seen

    env.obs = without_choice
    with pytest.raises(ContractError, match="agent 0 of environment 1"):
        collector_of(env)


def test_a_collector_goes_on_from_its_state_as_if_nothing_had_been():
    env = exact.make_env_of(exact.s1())(0, 8)
    collector, weights = collector_of(env)
    collector.collect(weights, version=0, num_steps=10)
    saved = collector.state()
    expected = collector.collect(weights, version=1, num_steps=10)
    other, _ = collector_of(exact.make_env_of(exact.s1())(0, 8))
    other.load_state(saved)
    again = other.collect(weights, version=1, num_steps=10)
    assert np.array_equal(expected.actions, again.actions)
    assert np.array_equal(expected.reward, again.reward)
    assert np.array_equal(expected.episodes.costs, again.episodes.costs)


def test_the_window_is_fair_to_long_episodes(scripted):
    """Half of all episodes are short and free, half are long and cost 1: J_C is one half."""
    coin = np.random.default_rng(3).random((200, 4_000)) < 0.5
    env = scripted(
        num_envs=200,
        lengths=lambda env, episode: 20 if coin[env, episode] else 1,
        cost=lambda env, episode: float(coin[env, episode]),
    )
    collector, weights = collector_of(env)
    window = EpisodeWindow(env.spec, min_episodes=1)
    means = [
        float(window.add([collector.collect(weights, version, num_steps=32)], version).costs[0])
        for version in range(10)
    ]
    # 200 · 32 / 10.5 ≈ 610 episodes each, half of which are used in the first: deviation ≤ 0.03
    assert abs(means[0] - 0.5) < 0.12
    assert abs(np.mean(means) - 0.5) < 0.03


def test_a_thin_window_reaches_back_and_says_how_far(scripted):
    collector, weights = collector_of(scripted(num_envs=2, lengths=lambda *_: 2))
    window = EpisodeWindow(collector.spec, min_episodes=6)
    for version in range(5):
        evidence = window.add([collector.collect(weights, version, num_steps=2)], version)
    assert evidence.num_episodes == 6
    assert evidence.staleness == 1.0
    assert evidence.info["success"] == 1.0
