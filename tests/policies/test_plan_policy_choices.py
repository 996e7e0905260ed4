import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigurationError, PlanError
from core.plans import EdgeKind, EffortTier, Plan, PlanEdge, PlanGraph, Verb
from planner.validator import PlanContext, find_flaws
from policies.plan_policy import (
    Actions,
    Choice,
    Gate,
    Head,
    NodeStanding,
    PlanPolicy,
    PlanPrior,
    PriorSource,
    RunStanding,
    applied,
    choices_of,
)
from policies.plan_policy.features import CHOICE, CONTEXT, EDGE, GATE, NODE, PAIR
from policies.plan_policy.shape import shape_of
from policies.profiles import DEFAULT_POOL
from policies.tariff import Tariff
from tests.policies.plan_policy_for_tests import (
    BIG_PLAN,
    BIG_POOL,
    SMALL_POOL,
    joint_actions,
    node,
    plan_of,
    plans,
    problem_of,
    trained,
)

BUDGET = 1_000_000
CONTEXT_OF_RULES = PlanContext(agents=SMALL_POOL, sites=("reddit",), budget=BUDGET, max_nodes=12)


@settings(max_examples=60, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32))
def test_a_decided_plan_is_valid_and_acyclic(plan, seed):
    assert find_flaws(plan, CONTEXT_OF_RULES) == ()
    problem = problem_of(plan, budget=BUDGET)
    record = PlanPolicy(parameters=trained().parameters, beta=0.0).decide(problem, seed=seed)
    decided = applied(plan, problem, record.actions)
    assert find_flaws(decided, CONTEXT_OF_RULES) == ()
    assert PlanGraph(decided).cycle() == ()
    assert [n.subgoal for n in decided.nodes] == [n.subgoal for n in plan.nodes]


@settings(max_examples=25, deadline=None)
@given(plan=plans(max_nodes=4))
def test_any_subset_of_removable_edges_may_go(plan):
    problem = problem_of(plan, heads=frozenset({Head.EDGES}))
    for actions in joint_actions(problem):
        decided = applied(plan, problem, actions)
        assert decided.nodes == plan.nodes
        assert find_flaws(decided, CONTEXT_OF_RULES) == ()


def test_data_edges_and_the_last_way_to_the_response_stay():
    plan = plan_of(
        [Verb.READ, Verb.READ, Verb.READ],
        [(0, 1, True), (0, 2, False), (1, 2, False), (1, 3, False), (2, 3, False)],
    )
    kinds = dict(
        zip(
            [(e.source, e.target) for e in plan.edges], problem_of(plan).edge_removable, strict=True
        )
    )
    assert kinds == {(0, 1): False, (0, 2): True, (1, 2): True, (1, 3): False, (2, 3): False}


def test_dropping_a_mandatory_edge_is_refused():
    plan = plan_of([Verb.READ, Verb.READ], [(0, 1, True)])
    problem = problem_of(plan)
    actions = Actions(agents=problem.planned, keep=np.array([False, True]), gate=Gate.CONTINUE)
    with pytest.raises(PlanError, match="mandatory"):
        applied(plan, problem, actions)


def test_an_agent_without_the_skill_cannot_be_given_the_node():
    plan = plan_of([Verb.DELETE], [])
    problem = problem_of(plan)
    legal = [c.agent for c, ok in zip(problem.choices, problem.agent_mask[0], strict=True) if ok]
    assert set(legal) == {"able"}
    actions = Actions(agents=np.array([0, 2]), keep=np.array([True]), gate=Gate.CONTINUE)
    with pytest.raises(PlanError, match="thrifty"):
        applied(plan, problem, actions)


WORST = (10 + 2) * Tariff().upper_bound(EffortTier.TOP_K, 1.0)
"""Micro-dollars: all steps of a node of ten, and its opening, at the dearest."""


@pytest.mark.parametrize(
    ("standing", "legal"),
    [
        (RunStanding(budget=WORST), ["rules", "top_k"]),
        (RunStanding(budget=WORST - 1), ["rules"]),
        (RunStanding(budget=WORST + 6_040, spent=6_000, held=41), ["rules"]),
        (RunStanding(budget=WORST + 6_040, spent=6_000, held=40), ["rules", "top_k"]),
    ],
)
def test_a_choice_is_legal_while_its_worst_case_is_neither_spent_nor_held(standing, legal):
    plan = plan_of([Verb.DELETE], [])
    problem = problem_of(plan, standing=standing)
    tiers = [c.tier for c, ok in zip(problem.choices, problem.agent_mask[0], strict=True) if ok]
    assert tiers == legal


def test_a_dearer_choice_brings_a_bound_to_match():
    plan = plan_of([Verb.DELETE], [], cost_bound=300)
    problem = problem_of(plan)
    actions = Actions(
        agents=np.array([problem.choices.index(Choice("able", EffortTier.TOP_K)), 2]),
        keep=np.array([True]),
        gate=Gate.CONTINUE,
    )
    changed = applied(plan, problem, actions).node(0)
    assert (changed.tier, changed.cost_bound) == (EffortTier.TOP_K, WORST)


def test_lost_agents_get_nothing():
    problem = problem_of(
        plan_of([Verb.READ], []),
        standing=RunStanding(budget=BUDGET, lost_agents=frozenset({"thrifty"})),
    )
    assert not problem.agent_mask[:, :2].any()


def test_a_node_without_a_page_keeps_its_tier():
    problem = problem_of(plan_of([Verb.COMPUTE], []))
    tiers = {c.tier for c, ok in zip(problem.choices, problem.agent_mask[0], strict=True) if ok}
    assert tiers == {EffortTier.RULES}


def test_features_have_the_documented_widths_and_are_finite():
    standing = RunStanding(
        budget=5_000,
        spent=6_000,
        nodes={0: NodeStanding(is_open=True, attempts=2, agents=("scout", "stranger"))},
    )
    problem = problem_of(BIG_PLAN, pool=BIG_POOL, standing=standing)
    n, k, m = len(BIG_PLAN.nodes), len(choices_of(DEFAULT_POOL)), len(BIG_PLAN.edges)
    assert (n, k, m) == (10, 15, 15)
    assert problem.context.shape == (len(CONTEXT),)
    assert problem.node.shape == (n, len(NODE))
    assert problem.choice.shape == (k, len(CHOICE))
    assert problem.pair.shape == (n, k, len(PAIR))
    assert problem.edge.shape == (m, len(EDGE))
    assert problem.gate.shape == (len(GATE),)
    for name in ("context", "node", "choice", "pair", "edge", "gate"):
        values = getattr(problem, name)
        assert np.isfinite(values).all(), name
        assert np.abs(values).max() <= 4.0, name


def test_names_of_features_are_unique():
    for names in (CHOICE, CONTEXT, EDGE, GATE, NODE, PAIR):
        assert len(set(names)) == len(names)


def test_a_changed_state_changes_what_the_policy_sees():
    fresh = problem_of(BIG_PLAN, pool=BIG_POOL, budget=50_000)
    late = problem_of(
        BIG_PLAN, pool=BIG_POOL, standing=RunStanding(budget=50_000, spent=30_000, progress=0.2)
    )
    changed = {
        name for name, a, b in zip(CONTEXT, fresh.context, late.context, strict=True) if a != b
    }
    assert changed == {"remaining_share", "spent_share", "burn_rate", "progress"}


@settings(max_examples=40, deadline=None)
@given(plan=plans())
def test_shapes_agree_with_networkx(plan):
    import networkx as nx

    shape, graph = shape_of(plan), PlanGraph(plan).graph
    for source, target in shape.edges:
        cut = graph.copy()
        cut.remove_edge(source, target)
        assert shape.has_other_path(source, target) == nx.has_path(cut, source, target)
    longest = nx.dag_longest_path_length(graph)
    assert max(shape.depth) == max(shape.height) == longest
    assert [graph.in_degree(i) for i in range(len(plan.nodes))] == list(shape.num_predecessors)


def test_a_plan_that_is_no_dag_is_refused():
    looped = Plan(
        nodes=(node(0), node(1)),
        edges=(PlanEdge(source=0, target=1), PlanEdge(source=1, target=0, kind=EdgeKind.ORDER)),
    )
    with pytest.raises(PlanError, match="wait for each other"):
        problem_of(looped)
    with pytest.raises(PlanError, match="names node"):
        problem_of(Plan(nodes=(node(0),), edges=(PlanEdge(source=0, target=7),)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"epsilon": 0.0},
        {"epsilon": 1.0},
        {"nodes": {0: {"able:rules": -1.0}}},
        {"nodes": {0: {"able:rules": float("nan")}}},
        {"edges": {(0, 1): 1.5}},
        {"pseudo_count": -1.0},
    ],
)
def test_a_prior_that_is_no_distribution_is_refused(wrong):
    with pytest.raises(ConfigurationError):
        PlanPrior(source=PriorSource.LABELS, **wrong)
