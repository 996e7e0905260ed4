"""Torch networks against their numpy twins, and the file of a policy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.errors import ConfigurationError
from learners.contract import Candidates, Continuous, Cost, Discrete, EnvSpec, Obs
from learners.networks.actors import actor_shape
from learners.networks.config import NetworkConfig
from learners.networks.critics import Critics
from learners.networks.distributions import Categorical, Gaussian, kl_old_new
from learners.reducer import LocalReducer
from learners.team import Team
from policies.trained import TrainedPolicy

COST = (Cost(name="money", limit=1.0),)


def spec_of(action, **options):
    settings = {"num_envs": 5, "num_agents": 3, "num_features": 4, "num_state": 2}
    return EnvSpec(action=action, costs=COST, groups=(0, 1, 0), **{**settings, **options})


def team_and_policy(spec):
    team = Team(spec, NetworkConfig(actor_hidden=(16, 16), embedding=5), seed=3)
    with torch.no_grad():
        for parameter in team.actors.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=team.generator))
    return team, TrainedPolicy(shape=team.shape, groups=spec.agent_groups, weights=team.weights())


def obs_of(spec, rng, width=6):
    pair = (spec.num_envs, spec.num_agents)
    active = rng.random(pair) < 0.7
    state = rng.normal(size=(pair[0], spec.num_state)).astype(np.float32)
    if not isinstance(spec.action, Candidates):
        features = rng.normal(size=(*pair, spec.num_features)).astype(np.float32)
        return Obs(features=features, active=active, state=state)
    mask = rng.random((*pair, width)) < 0.6
    mask[..., 0] = True
    return Obs(
        features=rng.normal(size=(*pair, width, spec.num_features)).astype(np.float32),
        active=active,
        mask=mask,
        tokens=rng.integers(0, 20, (*pair, width, 3)),
        state=state,
    )


def torch_rows(team, obs, agent, env):
    part = [
        None if x is None else torch.from_numpy(x[env, agent][None])
        for x in (obs.features, obs.mask, obs.tokens)
    ]
    with torch.no_grad():
        return team.actors[team.spec.agent_groups[agent]](*part)


@pytest.mark.parametrize(
    ("action", "options"),
    [
        (Discrete(num_actions=6), {}),
        (Candidates(num_tokens=3, vocabulary=20), {"prior_feature": 2}),
    ],
    ids=["discrete", "candidates"],
)
def test_numpy_and_torch_give_the_same_probabilities(action, options):
    spec = spec_of(action, **options)
    team, policy = team_and_policy(spec)
    obs = obs_of(spec, np.random.default_rng(0))
    probabilities = policy.probabilities(obs)
    for env, agent in np.argwhere(obs.active):
        expected = torch.softmax(torch_rows(team, obs, agent, env).logits, -1)[0].numpy()
        assert np.allclose(probabilities[env, agent], expected, atol=1e-5)
    assert (probabilities[~obs.active] == 0).all()


def test_numpy_and_torch_give_the_same_gaussian_and_log_density():
    spec = spec_of(Continuous(num_dims=2))
    team, policy = team_and_policy(spec)
    obs = obs_of(spec, np.random.default_rng(0))
    mean, std = policy.mean_and_std(obs)
    choice = policy.choose(obs, np.random.default_rng(1))
    for env, agent in np.argwhere(obs.active):
        expected = torch_rows(team, obs, agent, env)
        assert np.allclose(mean[env, agent], expected.mean[0].numpy(), atol=1e-5)
        assert np.allclose(std[env, agent], expected.log_std.exp().detach().numpy(), atol=1e-5)
        logp = expected.logp(torch.from_numpy(choice.actions[env, agent][None]))
        assert choice.logp[env, agent] == pytest.approx(logp.item(), abs=1e-4)
    assert (choice.logp[~obs.active] == 0).all()


def test_sampled_actions_follow_the_probabilities_and_the_mask():
    spec = spec_of(Candidates(num_tokens=3, vocabulary=20), num_envs=1)
    _, policy = team_and_policy(spec)
    obs = obs_of(spec, np.random.default_rng(5))._replace(active=np.ones((1, 3), bool))
    rng = np.random.default_rng(0)
    drawn = np.stack([policy.act(obs, rng)[0] for _ in range(4_000)])
    for agent in range(3):
        shares = np.bincount(drawn[:, agent], minlength=6) / len(drawn)
        assert np.allclose(shares, policy.probabilities(obs)[0, agent], atol=0.04)
        assert (shares[~obs.mask[0, agent]] == 0).all()
    greedy = policy.act(obs, rng, greedy=True)[0]
    assert (greedy == policy.probabilities(obs)[0].argmax(-1)).all()


def test_an_untrained_scorer_with_a_prior_is_the_prior():
    spec = spec_of(Candidates(num_tokens=3, vocabulary=20), prior_feature=1)
    team = Team(spec, NetworkConfig(), seed=0)
    policy = TrainedPolicy(shape=team.shape, groups=spec.agent_groups, weights=team.weights())
    obs = obs_of(spec, np.random.default_rng(0))
    prior = np.where(obs.mask, np.exp(obs.features[..., 1]), 0.0)
    expected = prior / prior.sum(-1, keepdims=True)
    assert np.allclose(policy.probabilities(obs)[obs.active], expected[obs.active], atol=1e-5)


def test_a_policy_comes_back_from_its_file(tmp_path):
    spec = spec_of(Candidates(num_tokens=3, vocabulary=20))
    _, policy = team_and_policy(spec)
    policy.save(tmp_path / "policy.npz")
    again = TrainedPolicy.load(tmp_path / "policy.npz")
    obs = obs_of(spec, np.random.default_rng(0))
    assert np.array_equal(policy.probabilities(obs), again.probabilities(obs))
    assert (again.shape, again.groups) == (policy.shape, policy.groups)


def test_a_policy_file_that_was_cut_short_or_is_of_another_version_is_refused(tmp_path):
    _, policy = team_and_policy(spec_of(Discrete(num_actions=6)))
    path = tmp_path / "policy.npz"
    policy.save(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ConfigurationError, match="cut short"):
        TrainedPolicy.load(path)
    np.savez(path, header=np.array('{"format": "webarena-mas trained policy", "version": 99}'))
    with pytest.raises(ConfigurationError, match="version 99"):
        TrainedPolicy.load(path)
    with pytest.raises(ConfigurationError, match="no policy file"):
        TrainedPolicy.load(tmp_path / "absent.npz")


def test_a_policy_says_what_it_can_read():
    _, policy = team_and_policy(spec_of(Discrete(num_actions=6)))
    obs = obs_of(spec_of(Discrete(num_actions=6), num_features=9), np.random.default_rng(0))
    with pytest.raises(ConfigurationError, match="3 agents with 4 features"):
        policy.probabilities(obs)


def test_more_than_200_000_parameters_are_refused():
    with pytest.raises(ConfigurationError, match="200,000"):
        actor_shape(spec_of(Discrete(num_actions=6)), (600, 600), 4)


def test_kl_is_that_of_sampling():
    old = Categorical(torch.tensor([[0.0, 1.0, -1e9]]))
    new = Categorical(torch.tensor([[1.0, 0.0, -1e9]]))
    p = torch.softmax(torch.tensor([0.0, 1.0]), -1)
    expected = (p * (p.log() - p.flip(0).log())).sum().item()
    assert kl_old_new(old, new).item() == pytest.approx(expected)
    narrow, wide = torch.zeros(2), torch.full((2,), 0.5)
    a, b = Gaussian(torch.zeros(1, 2), narrow), Gaussian(torch.ones(1, 2), wide)
    reference = torch.distributions.kl_divergence(
        torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(1.0, wide.exp())
    )
    assert kl_old_new(a, b).item() == pytest.approx(reference.sum().item())


def test_moving_the_statistics_of_critics_changes_no_value():
    generator = torch.Generator().manual_seed(0)
    critics = Critics(3, 2, (8,), generator)
    inputs = torch.randn(20, 3, generator=generator)
    targets = torch.randn(20, 2, generator=generator) * torch.tensor([50.0, 1.0])
    targets[:, 0] += 100
    with torch.no_grad():
        for weight in critics.weights:
            weight.add_(0.1)
    critics.follow(targets, torch.ones(20), LocalReducer())
    before = critics.values(inputs)
    critics.follow(targets * 3, torch.ones(20), LocalReducer())
    assert torch.allclose(critics.values(inputs), before, rtol=1e-4, atol=1e-3)
    assert critics.deviation[0] > 50 * critics.deviation[1]
