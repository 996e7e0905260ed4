"""From a learner's run to the file that a system decides with; and the trials that compare."""

from dataclasses import replace

import numpy as np
import pytest

from actors.arena.tasks import TaskStream
from actors.plan_episodes import PAID, MakePlanEpisodes, PlanConfig
from actors.plan_trials import AtTier, Side, has_fork, paired, trials
from core.plans import EffortTier, Verb
from core.tasks import Split
from environment.tasks.generated import generate
from policies.plan_policy import PlanPolicy, load_policy, save_policy
from policies.plan_policy.scorers import from_scorers
from tests.policies.plan_policy_for_tests import plan_of

NAMES = ("subscribe", "two_biographies")
CONFIG = PlanConfig(stream=TaskStream(floor=1.0, names=NAMES), tiers=PAID, alpha=0.5)


@pytest.fixture(scope="module")
def trained():
    """Two updates of P3O: enough for every parameter of the node head to have moved."""
    pytest.importorskip("torch")
    learners = pytest.importorskip("learners")
    base = learners.P3OConfig()
    config = replace(base, networks=replace(base.networks, actor_hidden=(64, 32)))
    run = learners.TrainConfig(total_steps=None, iterations=2, num_envs=4, rollout_length=4, seed=1)
    return learners.train(config, MakePlanEpisodes(CONFIG), run)


def test_what_a_learner_has_trained_decides_alike_in_numpy_and_in_its_file(trained, tmp_path):
    policy = from_scorers(trained.policy.weights, version="p3o-test")
    assert policy.parameters["agents.w3"].any(), "something was learned"
    path = tmp_path / "plan_p3o.npz"
    save_policy(policy, path)
    policy = load_policy(path)
    env = MakePlanEpisodes(CONFIG)(0, 4)
    obs = env.reset(3)
    theirs = trained.policy.probabilities(obs)
    for number, slot in enumerate(env._slots):
        problem = slot.run.problem
        n, k = problem.agent_mask.shape
        free = problem.agents_active
        ours = policy.probabilities(problem).agents
        assert theirs[number, :n, :k][free] == pytest.approx(ours[free], abs=1e-6)
    env.close()


def test_the_log_probability_that_a_learner_keeps_is_the_policys_own(trained):
    policy = from_scorers(trained.policy.weights, version="p3o-test")
    env = MakePlanEpisodes(CONFIG)(0, 4)
    obs = env.reset(4)
    choice = trained.policy.choose(obs, np.random.default_rng(0))
    for number, slot in enumerate(env._slots):
        actions = env.layout.actions(slot.run.problem, choice.actions[number])
        ours = policy.log_prob(slot.run.problem, actions).total
        assert choice.logp[number].sum() == pytest.approx(ours, abs=1e-5)
    env.close()


def test_training_repeats_with_its_seed(trained):
    import learners

    base = learners.P3OConfig()
    config = replace(base, networks=replace(base.networks, actor_hidden=(64, 32)))
    run = learners.TrainConfig(total_steps=None, iterations=2, num_envs=4, rollout_length=4, seed=1)
    again = learners.train(config, MakePlanEpisodes(CONFIG), run)
    for name, values in trained.policy.weights.items():
        assert np.array_equal(again.policy.weights[name], values), name


# Trials


def test_sides_are_compared_on_the_same_tasks_and_budgets():
    tasks = [generate(name, seed, Split.TRAIN).task for name in NAMES for seed in (1, 2)]
    assembly = CONFIG.assembly()
    sides = [
        Side(name="few", assembly=assembly, policy=AtTier(EffortTier.TOP_K)),
        Side(name="full", assembly=assembly, policy=AtTier(EffortTier.FULL_PAGE)),
        Side(name="untrained", assembly=assembly, policy=PlanPolicy()),
    ]
    records = list(trials(tasks, sides, alpha=0.5))
    assert len(records) == 12
    for place in range(0, 12, 3):
        few, full, untrained = (one.outcome for one in records[place : place + 3])
        assert few.key == full.key == untrained.key
        assert few.budget == full.budget
        assert untrained == few, "the rules propose the cheapest tier of the pool"
        assert full.spent > few.spent
    groups = paired(records, "full", "few", lambda outcome: outcome.cost)
    assert [len(group) for group in groups] == [2, 2]
    assert all(difference > 0 for group in groups for difference in group)
    assert {one.outcome.template for one in records if one.has_fork} == {"two_biographies"}


def test_a_fork_is_two_nodes_on_pages_that_need_not_wait_for_each_other():
    reads = [Verb.READ, Verb.READ]
    assert has_fork(plan_of(reads, []))
    assert not has_fork(plan_of(reads, [(0, 1, True)]))
    assert not has_fork(plan_of([Verb.READ, Verb.COMPUTE], []))


def test_effort_without_thrift_goes_on_beyond_its_budget():
    task = generate("submit_text", 1, Split.TRAIN).task
    assembly = CONFIG.assembly()
    sides = [
        Side(name=name, assembly=assembly, policy=AtTier(EffortTier.FULL_PAGE, keeps_on=keeps_on))
        for name, keeps_on in (("thrifty", False), ("all in", True))
    ]
    thrifty, all_in = (one.outcome for one in trials([task], sides, alpha=0.3))
    assert all_in.cost > 1.05
    assert all_in.strict
    assert thrifty.spent < all_in.spent
