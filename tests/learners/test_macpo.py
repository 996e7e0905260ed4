"""MACPO on the shared-budget problem M3 with exact expectations, and its recovery."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from learners.batches import Batch, Decisions
from learners.macpo import MACPO, MACPOConfig, StepForm
from learners.networks.config import NetworkConfig
from learners.problems import exact
from learners.updates import UpdateStatus

NETWORKS = NetworkConfig(
    actor_hidden=(8,), critic_hidden=(4,), critic_epochs=1, critic_minibatches=1
)
PROBLEM = exact.m3()
JOINT = np.array([(a, b) for a in range(3) for b in range(3)])


def learner_of(seed, form=StepForm.JOINT, budget=1.2):
    spec = exact.make_env_of(exact.m3(budget))(0, 1).spec
    learner = MACPO(spec, MACPOConfig(form=form, networks=NETWORKS), seed=seed)
    noise = torch.Generator().manual_seed(seed)
    with torch.no_grad():  # another first policy for each seed
        for actor in learner.team.actors:
            actor.layers[-1].bias.add_(torch.randn(3, generator=noise))
    return learner


def probabilities(learner):
    one = torch.ones(1, 1)
    with torch.no_grad():
        return [torch.softmax(actor(one).logits, -1)[0].double() for actor in learner.team.actors]


def value(learner):
    first, second = (part.numpy() for part in probabilities(learner))
    joint = np.outer(first, second).ravel()
    return joint @ PROBLEM.reward[0], joint @ PROBLEM.costs[0, 0]


def exact_batch(learner):
    """All nine joint actions, each weighed by its probability: expectations without noise."""
    first, second = probabilities(learner)
    weight = torch.outer(first, second).reshape(-1)
    reward, cost = torch.tensor(PROBLEM.reward[0]), torch.tensor(PROBLEM.costs[0, 0])
    signals = torch.stack([reward, cost], -1)
    advantages = (signals - (weight[:, None] * signals).sum(0)).float()
    decisions = tuple(
        Decisions(
            step=torch.arange(9),
            features=torch.ones(9, 1),
            mask=None,
            tokens=None,
            actions=torch.from_numpy(JOINT[:, agent]),
            logp_old=part.log()[JOINT[:, agent]].float(),
        )
        for agent, part in enumerate((first, second))
    )
    return Batch(
        critic_t=torch.ones(9, 1),
        advantages=advantages,
        targets=signals.float(),
        weight=weight.float(),
        decisions=decisions,
    )


def run(learner, iterations, budget=1.2):
    update = None
    for _ in range(iterations):
        _, cost = value(learner)
        update = learner.learn(exact_batch(learner), np.array([cost - budget]))
    return update


@pytest.mark.parametrize("seed", range(5))
def test_the_joint_step_reaches_the_optimum_of_a_shared_budget(seed):
    learner = learner_of(seed)
    run(learner, 120)
    reward, cost = value(learner)
    assert reward == pytest.approx(1.2, abs=0.005)
    assert cost <= 1.2 * 1.005


def test_the_sequential_form_stalls_at_some_split_of_a_shared_budget():
    """The budget is used up, and none gives its share to the other: J stays below 1.2."""
    found = []
    for seed in (0, 1):
        learner = learner_of(seed, StepForm.SEQUENTIAL)
        run(learner, 100)
        before, _ = value(learner)
        run(learner, 25)
        reward, cost = value(learner)
        assert cost == pytest.approx(1.2, abs=0.03)
        assert reward == pytest.approx(before, abs=0.01)
        found.append(reward)
    assert max(found) < 1.19
    assert np.ptp(found) > 0.005  # another seed, another split


def test_a_budget_that_is_broken_by_far_is_recovered_and_said_so():
    learner = learner_of(0, budget=0.1)
    with torch.no_grad():
        for actor in learner.team.actors:
            actor.layers[-1].bias[0] += 3.0
    _, before = value(learner)
    update = run(learner, 1, budget=0.1)
    _, after = value(learner)
    assert update.status is UpdateStatus.RECOVERING
    assert after < before
    run(learner, 60, budget=0.1)
    assert value(learner)[1] <= 0.105


def test_a_step_stays_inside_its_trust_region():
    learner = learner_of(1)
    for _ in range(10):
        _, cost = value(learner)
        update = learner.learn(exact_batch(learner), np.array([cost - 1.2]))
        assert update.kl <= 0.01 * 1.01
