"""A decision as arrays: what a learner of candidates sees, does, and leaves behind."""

import numpy as np
import pytest

from core.errors import ConfigurationError, PlanError
from core.plans import Verb
from policies.plan_policy import (
    EPSILON,
    GATES,
    SHAPES,
    Gate,
    PlanPolicy,
    RunStanding,
    initial_parameters,
    load_policy,
    save_policy,
)
from policies.plan_policy.arrays import NUM_FEATURES, NUM_SUMMARY, Layout, summary
from policies.plan_policy.scorers import from_scorers, to_scorers
from tests.policies.plan_policy_for_tests import (
    ALL_HEADS,
    BIG_PLAN,
    BIG_POOL,
    joint_actions,
    plan_of,
    problem_of,
    trained,
)

SMALL = plan_of(
    [Verb.READ, Verb.DELETE], [(0, 1, False), (0, 2, False), (1, 2, True)], agent="able"
)
LAYOUT = Layout(max_nodes=5, max_edges=2, num_choices=4)


def everything(plan=SMALL, **more):
    return problem_of(plan, heads=ALL_HEADS, gates=frozenset(GATES), **more)


def slots_of(problem, actions, layout=LAYOUT):
    """What the slots choose when this is decided."""
    chosen = np.zeros(layout.num_slots, dtype=np.int64)
    chosen[: len(actions.agents)] = actions.agents
    kept = actions.keep[problem.edge_removable]
    chosen[layout.max_nodes : layout.max_nodes + len(kept)] = kept
    chosen[-1] = GATES.index(actions.gate)
    return chosen


def test_every_joint_action_is_one_choice_of_the_slots_and_comes_back():
    problem = everything()
    arrays = LAYOUT.arrays(problem)
    found = set()
    for actions in joint_actions(problem):
        chosen = slots_of(problem, actions)
        assert arrays.mask[np.arange(len(chosen)), chosen][arrays.active].all()
        back = LAYOUT.actions(problem, chosen)
        assert np.array_equal(back.agents, actions.agents)
        assert np.array_equal(back.keep, actions.keep)
        assert back.gate is actions.gate
        found.add(tuple(chosen))
    assert len(found) == np.prod(arrays.mask.sum(axis=1)[arrays.active])


def test_slots_without_a_choice_are_inactive_and_do_what_is_forced():
    problem = problem_of(SMALL, budget=1)
    arrays = LAYOUT.arrays(problem)
    assert not arrays.active[:5].any()
    assert not arrays.active[-1]
    nonsense = np.full(LAYOUT.num_slots, 3)
    actions = LAYOUT.actions(problem, nonsense)
    assert np.array_equal(actions.agents, problem.planned)
    assert actions.gate is Gate.CONTINUE


def test_what_is_not_legal_is_refused():
    problem = everything()
    column = int(np.flatnonzero(~problem.agent_mask[1])[0])
    chosen = slots_of(problem, next(iter(joint_actions(problem))))
    chosen[1] = column
    with pytest.raises(PlanError, match="not legal"):
        LAYOUT.actions(problem, chosen)


def test_a_plan_that_does_not_fit_is_refused():
    with pytest.raises(PlanError, match="10 nodes and 15 choices"):
        LAYOUT.arrays(problem_of(BIG_PLAN, pool=BIG_POOL))
    fits = Layout(max_nodes=10, max_edges=2, num_choices=15)
    problem = problem_of(BIG_PLAN, pool=BIG_POOL)
    assert problem.edge_removable.sum() > 2
    actions = fits.actions(problem, np.zeros(fits.num_slots, dtype=np.int64))
    assert (~actions.keep).sum() == 2, "free edges without a slot are kept"


def test_what_is_not_capped_may_cost_anything():
    capped = problem_of(SMALL, budget=1)
    observed = problem_of(SMALL, standing=RunStanding(budget=1, is_capped=False))
    assert not capped.agent_mask.any()
    assert np.array_equal(observed.agent_mask, problem_of(SMALL).agent_mask)


def test_the_summary_of_a_decision_is_of_one_width_and_finite():
    for problem in (everything(), problem_of(SMALL, budget=1), problem_of(BIG_PLAN, pool=BIG_POOL)):
        assert summary(problem).shape == (NUM_SUMMARY,)
        assert np.isfinite(summary(problem)).all()


# Scorers of a learner


def scored(weights, problem, layout=LAYOUT):
    """Probabilities as a learner in torch computes them: [A, C]."""
    torch = pytest.importorskip("torch")
    arrays = layout.arrays(problem)
    rows = torch.from_numpy(arrays.features)
    found = np.zeros(arrays.mask.shape)
    for slot, group in enumerate(layout.groups):
        if not arrays.active[slot]:
            continue
        hidden = rows[slot]
        for layer in range(3):
            weight = torch.from_numpy(weights[f"{group}.layers.{layer}.weight"])
            bias = torch.from_numpy(weights[f"{group}.layers.{layer}.bias"])
            hidden = torch.nn.functional.linear(hidden, weight, bias)
            hidden = hidden if layer == 2 else torch.tanh(hidden)
        scale = torch.from_numpy(np.asarray(weights[f"{group}.prior_scale"]))
        logits = hidden[:, 0] + scale * rows[slot, :, 0]
        logits = logits.masked_fill(~torch.from_numpy(arrays.mask[slot]), float("-inf"))
        found[slot] = torch.softmax(logits, dim=0).numpy()
    return found


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_learners_scorers_and_the_plan_policy_give_the_same_probabilities(seed):
    weights = to_scorers(trained(seed))
    policy = from_scorers(weights, version="test")
    for problem in (everything(), problem_of(SMALL, budget=400)):
        ours = policy.probabilities(problem)
        theirs = scored(weights, problem)
        free = problem.agents_active
        n, k = problem.agent_mask.shape
        assert theirs[:n, :k][free] == pytest.approx(ours.agents[free], abs=1e-6)
        kept = ours.keep[problem.edge_removable]
        assert theirs[LAYOUT.max_nodes :, 1][: len(kept)] == pytest.approx(kept, abs=1e-6)
        if problem.gate_active:
            assert theirs[-1, :4] == pytest.approx(ours.gate, abs=1e-6)


def test_what_the_padding_weighs_changes_nothing():
    weights = to_scorers(trained(3))
    changed = {name: values.copy() for name, values in weights.items()}
    changed["2.layers.0.weight"][:, 60:] = 7.0
    problem = everything()
    assert np.array_equal(scored(weights, problem), scored(changed, problem))
    one, other = (from_scorers(each, version="a") for each in (weights, changed))
    assert np.array_equal(one.probabilities(problem).gate, other.probabilities(problem).gate)


def test_scorers_before_training_are_the_planners_own_preference():
    weights = to_scorers(PlanPolicy(parameters=initial_parameters(0)))
    problem = everything()
    chances = scored(weights, problem)
    rows = np.flatnonzero(problem.agents_active)
    free = problem.agent_mask[rows].sum(axis=1)
    wanted = 1.0 - EPSILON + EPSILON / free
    assert chances[rows, problem.planned[rows]] == pytest.approx(wanted, abs=1e-6)


def test_scorers_that_know_no_prior_become_a_policy_that_knows_none():
    weights = {k: v for k, v in to_scorers(trained(1)).items() if not k.endswith("prior_scale")}
    policy = from_scorers(weights, version="test")
    assert all(policy.parameters[f"{head}.prior_scale"] == 0.0 for head in ("agents", "edges"))


def test_a_policy_of_scorers_goes_through_a_file(tmp_path):
    policy = from_scorers(to_scorers(trained(4)), version="run-7")
    path = tmp_path / "plan_test.npz"
    save_policy(policy, path)
    loaded = load_policy(path)
    assert (loaded.version, set(loaded.parameters)) == ("run-7", set(SHAPES))
    problem = everything()
    assert np.array_equal(
        loaded.probabilities(problem).agents, policy.probabilities(problem).agents
    )


def test_parameters_that_are_no_scorers_are_refused():
    weights = to_scorers(trained(0))
    with pytest.raises(ConfigurationError, match="not the scorers"):
        from_scorers({k: v for k, v in weights.items() if k[0] != "1"}, version="x")
    weights["0.layers.0.weight"] = np.zeros((64, NUM_FEATURES - 1), dtype=np.float32)
    with pytest.raises(ConfigurationError, match=f"reads {NUM_FEATURES} numbers"):
        from_scorers(weights, version="x")
    with pytest.raises(ConfigurationError, match="no parameters"):
        to_scorers(PlanPolicy())
