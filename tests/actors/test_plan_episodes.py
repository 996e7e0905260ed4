"""Decisions about plans as an environment: contract, determinism, ends, and the same numbers."""

import gc
import pickle

import numpy as np
import pytest
from greenlet import greenlet

from actors.arena.budgets import Budgets
from actors.arena.plan_run import PlanRun, plan_trial
from actors.arena.tasks import TaskStream
from actors.plan_episodes import MODEL_FREE, PAID, MakePlanEpisodes, PlanConfig
from core.errors import ConfigurationError, InvariantError
from core.plans import EffortTier
from core.tasks import Split
from environment.tasks.generated import from_key, generate
from policies.plan_policy import EPSILON, PlanPolicy

NAMES = ("subscribe", "message_missing_user", "two_biographies", "block_user")
STREAM = TaskStream(floor=1.0, names=NAMES)
BOTH = [MODEL_FREE, PAID]


def made(num_envs=3, *, tiers=PAID, worker=0, **more):
    config = PlanConfig(stream=STREAM, tiers=tiers, alpha=0.5, **more)
    return MakePlanEpisodes(config)(worker, num_envs)


def drawn(obs, rng):
    """One legal candidate for every slot."""
    actions = np.zeros(obs.active.shape, dtype=np.int64)
    for place in zip(*np.nonzero(obs.active), strict=True):
        actions[place] = rng.choice(np.flatnonzero(obs.mask[place]))
    return actions


def walk(env, steps, seed=0):
    rng = np.random.default_rng(seed)
    obs, taken = env.reset(5), []
    for _ in range(steps):
        step = env.step(drawn(obs, rng))
        obs = step.obs
        taken.append(step)
    return taken


def numbers(step):
    return np.concatenate(
        [part.ravel() for part in (step.obs.features, step.obs.state, step.reward, step.costs)]
    )


@pytest.mark.parametrize("tiers", BOTH, ids=["free", "paid"])
def test_what_is_observed_has_the_shapes_of_the_contract(tiers):
    env = made(tiers=tiers)
    spec = env.spec
    assert (spec.num_groups, spec.prior_feature, spec.discount) == (3, 0, 1.0)
    for step in walk(env, 6):
        obs = step.obs
        shape = (spec.num_envs, spec.num_agents, env.layout.num_candidates)
        assert obs.features.shape == (*shape, spec.num_features)
        assert obs.mask.shape == shape
        assert obs.state.shape == (spec.num_envs, spec.num_state)
        assert np.array_equal(obs.active, obs.mask.sum(axis=2) > 1)
        assert obs.active.any(axis=1).all(), "an episode waits only where there is a choice"
        assert np.isfinite(obs.features).all()
        assert np.isfinite(obs.state).all()
        assert step.costs.shape == (spec.num_envs, 3)
        assert (step.costs >= 0).all()
        assert set(np.unique(step.reward)) <= {0.0, 1.0}
        assert not step.truncated.any()
    env.close()


def test_the_learners_own_checks_find_nothing_wrong():
    checks = pytest.importorskip("learners.contract_checks")
    env = made()
    checks.check_obs(env.spec, env.reset(0))
    for step in walk(env, 3):
        checks.check_step(env.spec, step)
    env.close()


def test_the_same_seed_gives_the_same_episodes_and_another_worker_others():
    steps = [[numbers(step) for step in walk(made(), 5)] for _ in range(2)]
    assert all(np.array_equal(one, other) for one, other in zip(*steps, strict=True))
    others = [numbers(step) for step in walk(made(worker=1), 5)]
    assert not all(np.array_equal(a, b) for a, b in zip(steps[0], others, strict=True))


def test_an_episode_that_ended_is_followed_by_the_first_decision_of_the_next():
    env = made()
    ends = 0
    for step in walk(env, 12):
        for place in np.flatnonzero(step.terminated):
            ends += 1
            spent = env.spec.num_state - len(NAMES) - 2
            assert step.obs.state[place, spent] == 0.0, "nothing is spent before the first plan"
            assert step.info["template"][place] in NAMES
            assert step.info["decisions"][place] >= 1
    assert ends > 4
    env.close()


def test_the_costs_of_an_episode_sum_to_its_ledger_divided_by_its_budget():
    env = made(num_envs=2)
    sums = np.zeros((2, 3))
    for step in walk(env, 10):
        sums += step.costs
        for place in np.flatnonzero(step.terminated):
            assert sums[place, 0] == pytest.approx(step.info["cost"][place])
            assert sums[place, 2] == float(step.info["cost"][place] > 1.05)
            sums[place] = 0.0
    env.close()


def test_a_saved_environment_goes_on_as_if_nothing_had_happened():
    env, other = made(), made()
    rng = np.random.default_rng(3)
    obs = env.reset(2)
    for _ in range(3):
        obs = env.step(drawn(obs, rng)).obs
    loaded = other.load_state(env.state())
    assert np.array_equal(loaded.features, obs.features)
    assert np.array_equal(loaded.state, obs.state)
    for _ in range(4):
        actions = drawn(obs, rng)
        step, again = env.step(actions), other.step(actions)
        assert np.array_equal(numbers(step), numbers(again))
        obs = step.obs
    with pytest.raises(InvariantError, match="state of 3 episodes"):
        made(num_envs=2).load_state(env.state())
    env.close()
    other.close()


def test_closing_ends_every_greenlet_and_is_allowed_twice():
    def waiting():
        gc.collect()
        found = (one for one in gc.get_objects() if type(one) is greenlet)
        return sum(bool(one) for one in found if one.parent is not None)

    before = waiting()
    env = made(num_envs=4)
    env.reset(0)
    assert waiting() == before + 4
    env.reset(1)
    assert waiting() == before + 4, "a second reset leaves nothing of the first"
    env.close()
    env.close()
    assert waiting() == before


def test_a_factory_can_be_sent_to_a_worker():
    make = pickle.loads(pickle.dumps(MakePlanEpisodes(PlanConfig(stream=STREAM, alpha=0.5))))
    env = make(1, 1)
    assert env.reset(0).active.any()
    env.close()


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan")])
def test_a_budget_of_nothing_is_refused(alpha):
    with pytest.raises(ConfigurationError, match="alpha"):
        PlanConfig(alpha=alpha)


# One run


def run_of(template="subscribe", *, budget=2_000, tiers=PAID, seed=1):
    task = generate(template, seed, Split.TRAIN).task
    return PlanRun(task, 7, budget=budget, assembly=PlanConfig(tiers=tiers).assembly())


@pytest.mark.parametrize("budget", [1, 2_000])
def test_no_choice_is_illegal_for_its_price_where_budgets_are_observed(budget):
    run = run_of(budget=budget)
    problem = run.problem
    full = [k for k, one in enumerate(problem.choices) if one.tier is EffortTier.FULL_PAGE]
    paged = problem.agent_mask.sum(axis=1) > 2
    assert paged.any()
    assert paged.sum() == 3
    assert (problem.agent_mask[paged][:, full]).any(axis=1).sum() == 2, "the response has one tier"
    run.close()


def test_a_run_that_takes_what_is_proposed_goes_as_the_untrained_policy():
    for template in NAMES:
        for tiers in BOTH:
            run = run_of(template, tiers=tiers)
            while not run.is_over:
                untrained = PlanPolicy().decide(run.problem, seed=0, is_greedy=True)
                run.decide(untrained.actions)
            alone = plan_trial(
                run.task,
                7,
                budget=2_000,
                assembly=PlanConfig(tiers=tiers).assembly(),
                policy=PlanPolicy(),
            )
            assert run.outcome() == alone
            run.close()


def test_a_run_is_not_judged_before_its_end():
    run = run_of()
    with pytest.raises(InvariantError, match="still runs"):
        run.outcome()
    run.close()


def test_a_policy_that_breaks_is_heard_where_the_episode_was_driven():
    class Broken:
        def decide(self, problem, *, seed, is_greedy=False):
            raise ZeroDivisionError(f"{len(problem.node)} nodes, {seed}, {is_greedy}")

    task = generate("subscribe", 1, Split.TRAIN).task
    with pytest.raises(ZeroDivisionError, match="nodes"):
        plan_trial(task, 1, budget=500, assembly=PlanConfig(tiers=PAID).assembly(), policy=Broken())


def test_full_pages_cost_more_and_solve_what_the_few_best_elements_do_not():
    costs = {}
    for tier in (EffortTier.TOP_K, EffortTier.FULL_PAGE):
        run = run_of("posts_of_user_in_forum")
        while not run.is_over:
            problem = run.problem
            record = PlanPolicy().decide(problem, seed=0, is_greedy=True)
            agents = record.actions.agents.copy()
            for row, legal in enumerate(problem.agent_mask):
                fit = [k for k in np.flatnonzero(legal) if problem.choices[k].tier is tier]
                agents[row] = fit[0] if fit and legal.sum() > 1 else agents[row]
            run.decide(
                type(record.actions)(
                    agents=agents, keep=record.actions.keep, gate=record.actions.gate
                )
            )
        costs[tier] = run.outcome()
        run.close()
    assert costs[EffortTier.FULL_PAGE].strict
    assert not costs[EffortTier.TOP_K].strict
    assert costs[EffortTier.FULL_PAGE].spent > 2 * costs[EffortTier.TOP_K].spent


def test_an_untrained_learner_takes_what_the_rules_propose_with_chance_one_minus_epsilon():
    env = made(num_envs=4)
    obs = env.reset(0)
    for env_number, slot in zip(*np.nonzero(obs.active), strict=True):
        legal = obs.mask[env_number, slot]
        chances = np.exp(obs.features[env_number, slot, legal, 0])
        assert chances.sum() == pytest.approx(1.0, abs=1e-5)
        assert chances.max() == pytest.approx(1 - EPSILON + EPSILON / legal.sum(), abs=1e-5)
    env.close()


def test_budgets_are_those_of_the_arena():
    env = made(num_envs=1)
    env.reset(0)
    slot = env._slots[0]
    assert slot.run.budget == Budgets(0.5).of(from_key(slot.key).task)
    env.close()
