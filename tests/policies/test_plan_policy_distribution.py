import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.plans import EffortTier, Verb
from policies.plan_policy import (
    EPSILON,
    GATES,
    Actions,
    Choice,
    Gate,
    HeadValues,
    NodeStanding,
    PlanPolicy,
    PlanPrior,
    PriorSource,
    RunStanding,
    initial_parameters,
)
from tests.policies.plan_policy_for_tests import (
    ALL_HEADS,
    joint_actions,
    plan_of,
    plans,
    problem_of,
    trained,
)

SMALL = plan_of(
    [Verb.READ, Verb.DELETE], [(0, 1, False), (0, 2, False), (1, 2, True)], agent="able"
)
"""A free order edge, an anchored one, a data edge; four choices, two, and the response's two."""


def everything(plan=SMALL, **more):
    return problem_of(plan, heads=ALL_HEADS, gates=frozenset(GATES), **more)


@pytest.mark.parametrize("policy", [PlanPolicy(), trained(1), trained(2, scale=3.0)])
def test_the_probabilities_of_all_joint_actions_sum_to_one(policy):
    problem = everything()
    joint = list(joint_actions(problem))
    total = math.fsum(math.exp(policy.log_prob(problem, actions).total) for actions in joint)
    assert len(joint) == 4 * 2 * 2 * 2 * 4
    assert total == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(plan=plans(max_nodes=3), seed=st.integers(0, 5), budget=st.integers(200, 6_000))
def test_the_probabilities_sum_to_one_whatever_is_affordable(plan, seed, budget):
    problem = problem_of(plan, budget=budget)
    policy = trained(seed)
    total = math.fsum(math.exp(policy.log_prob(problem, a).total) for a in joint_actions(problem))
    assert total == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("policy", [PlanPolicy(), PlanPolicy(parameters=initial_parameters(3))])
def test_an_untrained_policy_is_the_masked_prior(policy):
    problem = everything()
    chances = policy.probabilities(problem)
    for row, legal in enumerate(problem.agent_mask):
        free = legal.sum()
        expected = np.where(legal, EPSILON / free, 0.0)
        expected[problem.planned[row]] += 1.0 - EPSILON
        assert chances.agents[row] == pytest.approx(expected, abs=1e-12)
    assert chances.keep[problem.edge_removable] == pytest.approx(1.0 - EPSILON / 2)
    assert chances.gate == pytest.approx([1.0 - 0.75 * EPSILON] + [EPSILON / 4] * 3)


def test_the_prior_is_renormalised_over_what_is_affordable():
    prior = PlanPrior(
        source=PriorSource.LABELS,
        nodes={0: {"able:rules": 0.1, "thrifty:rules": 0.3, "able:top_k": 0.6}},
    )
    problem = problem_of(SMALL, budget=400, prior=prior)
    chances = PlanPolicy().probabilities(problem).agents[0]
    names = [choice.label for choice in problem.choices]
    assert dict(zip(names, chances, strict=True)) == pytest.approx(
        {
            "thrifty:rules": 0.95 * 0.75 + 0.025,
            "thrifty:top_k": 0.0,
            "able:rules": 0.95 * 0.25 + 0.025,
            "able:top_k": 0.0,
        }
    )


def test_votes_are_smoothed_as_dirichlet_counts():
    prior = PlanPrior.from_votes({0: {"able:rules": 2, "able:top_k": 1}})
    chances = PlanPolicy().probabilities(problem_of(SMALL, prior=prior)).agents[0]
    assert chances == pytest.approx([0.25 / 4, 0.25 / 4, 2.25 / 4, 1.25 / 4], abs=1e-5)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_gradient_of_log_pi_agrees_with_finite_differences(seed):
    policy, problem = trained(seed), everything()
    actions = list(joint_actions(problem))[17 + 40 * seed]
    gradient = policy.gradient(problem, actions)
    generator = np.random.default_rng(seed)
    for name, values in policy.parameters.items():
        assert gradient[name].shape == values.shape
        direction = generator.normal(size=values.shape)
        step = 1e-6
        ends = []
        for sign in (1.0, -1.0):
            moved = {**policy.parameters, name: values + sign * step * direction}
            ends.append(PlanPolicy(parameters=moved).log_prob(problem, actions).total)
        numeric = (ends[0] - ends[1]) / (2 * step)
        assert (gradient[name] * direction).sum() == pytest.approx(numeric, rel=1e-5, abs=1e-8)


def test_the_gradient_weights_each_factor_alone():
    """What per-factor clipping needs: a factor of weight 0 moves nothing."""
    policy, problem = trained(), everything()
    actions = policy.decide(problem, seed=3).actions
    parts = [HeadValues(np.eye(3)[row], np.zeros(3), 0.0) for row in range(len(problem.node))] + [
        HeadValues(np.zeros(3), np.ones(3), 0.0),
        HeadValues(np.zeros(3), np.zeros(3), 1.0),
    ]
    whole = policy.gradient(problem, actions)
    pieces = [policy.gradient(problem, actions, weights) for weights in parts]
    for name, values in whole.items():
        assert sum(piece[name] for piece in pieces) == pytest.approx(values, abs=1e-12)
    assert not pieces[-1]["agents.w1"].any()
    assert not pieces[0]["edges.w1"].any()


def test_what_is_not_legal_has_probability_zero_and_is_never_drawn():
    policy = trained(4, scale=5.0)
    problem = problem_of(SMALL, budget=400)
    illegal = ~problem.agent_mask
    assert illegal.any()
    chances = policy.probabilities(problem)
    assert (chances.agents[illegal] == 0.0).all()
    place = int(np.flatnonzero(illegal[1])[0])
    taken = Actions(
        agents=np.array([2, place, 2]), keep=np.ones(3, dtype=np.bool_), gate=Gate.CONTINUE
    )
    assert policy.log_prob(problem, taken).total == -math.inf
    for seed in range(200):
        drawn = policy.decide(problem, seed=seed).actions
        assert problem.agent_mask[np.arange(3), drawn.agents].all()
        assert drawn.keep[~problem.edge_removable].all()


def test_forced_choices_count_nothing():
    problem = problem_of(SMALL, budget=1)
    assert not problem.agent_mask.any()
    record = trained().decide(problem, seed=1)
    assert record.actions.agents.tolist() == problem.planned.tolist()
    assert not record.agents_active.any()
    assert record.logp_agents.tolist() == [0.0, 0.0, 0.0]
    assert record.log_prob == pytest.approx(record.logp_edges.sum())


def test_nodes_that_are_done_or_run_are_not_decided():
    standing = RunStanding(
        budget=1_000_000,
        nodes={0: NodeStanding(is_open=False, is_done=True, attempts=1)},
    )
    problem = problem_of(SMALL, standing=standing)
    assert problem.agents_active.tolist() == [False, True, True]
    assert problem.edge_removable.tolist() == [False, False, False]


def test_draws_follow_the_probabilities():
    policy, problem = trained(6), everything()
    chances = policy.probabilities(problem)
    drawn = [policy.decide(problem, seed=seed).actions for seed in range(1_500)]
    seen = np.mean([np.eye(4)[actions.agents] for actions in drawn], axis=0)
    assert seen == pytest.approx(chances.agents, abs=0.05)
    assert np.mean([a.keep for a in drawn], axis=0) == pytest.approx(chances.keep, abs=0.05)


def test_the_same_seed_gives_the_same_decision():
    policy, problem = trained(), everything()
    assert policy.decide(problem, seed=9).pack() == policy.decide(problem, seed=9).pack()


def test_greedy_takes_the_planners_choice_before_training():
    record = PlanPolicy().decide(everything(), seed=0, is_greedy=True)
    assert record.actions.agents.tolist() == everything().planned.tolist()
    assert record.actions.keep.all()
    assert record.actions.gate is Gate.CONTINUE
    assert record.is_greedy


def test_entropy_is_that_of_the_joint_distribution():
    policy, problem = trained(8), everything()
    logs = [policy.log_prob(problem, actions).total for actions in joint_actions(problem)]
    joint = -math.fsum(math.exp(log) * log for log in logs)
    assert policy.entropy(problem).total == pytest.approx(joint, abs=1e-9)


def test_reinforce_on_the_gradient_learns_the_choice_that_is_rewarded():
    """θ alone moves an untrained policy away from a prior that is wrong."""
    problem = problem_of(SMALL)
    wanted = problem.choices.index(Choice("thrifty", EffortTier.TOP_K))
    policy = PlanPolicy(
        parameters={k: v.astype(np.float64) for k, v in initial_parameters(0).items()}
    )
    before = policy.probabilities(problem).agents[0, wanted]
    baseline = 0.0
    for seed in range(400):
        actions = policy.decide(problem, seed=seed).actions
        reward = float(actions.agents[0] == wanted)
        gradient = policy.gradient(problem, actions)
        step = 0.1 * (reward - baseline)
        baseline += 0.1 * (reward - baseline)
        policy = PlanPolicy(
            parameters={k: v + step * gradient[k] for k, v in policy.parameters.items()}
        )
    after = policy.probabilities(problem).agents[0, wanted]
    assert before < 0.05
    assert after > 0.8
