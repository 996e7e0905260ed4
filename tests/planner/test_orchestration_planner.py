import itertools
from dataclasses import replace

import pytest

from core.events import FailureKind, Trigger
from core.plans import EdgeKind, PlanEdge, PlanGraph, Verb
from planner.orchestration import (
    OrchestratedPlanner,
    decide_plan,
    standing_at_replan,
    standing_at_start,
)
from planner.orchestration_priors import StoredPriors
from planner.requests import NodeReport, ReplanRequest
from planner.rules import RulesPlanner
from planner.validator import PlanContext, find_flaws
from policies.plan_policy import PlanPolicy, PlanPrior, Pool, PriorSource
from policies.profiles import DEFAULT_POOL
from tests.planner.plans_for_tests import chain, node, request_for
from tests.policies.plan_policy_for_tests import trained

INTENTS = (
    "Upvote the newest post in the books forum",
    "How many comments has the top post of the books forum got?",
    'Post "Hello there" with the title "Greetings" in the funny forum',
    "Which of the forums books and funny has more subscribers?",
)
UNLIKE_THE_PLANNER = PlanPolicy(parameters=trained(3, scale=4.0).parameters, beta=0.1)


@pytest.mark.parametrize("intent", INTENTS)
def test_before_training_the_likeliest_decisions_are_the_planners_own(intent):
    request = request_for(intent)
    planner = OrchestratedPlanner(RulesPlanner(), PlanPolicy(), is_greedy=True)
    assert planner.plan(request) == RulesPlanner().plan(request)


@pytest.mark.parametrize("intent", INTENTS)
def test_whatever_is_decided_the_plan_keeps_all_rules(intent):
    request = request_for(intent)
    changed = 0
    for seed in range(20):
        planner = OrchestratedPlanner(RulesPlanner(), UNLIKE_THE_PLANNER, seed=seed)
        plan = planner.plan(request)
        assert find_flaws(plan, PlanContext.of(request)) == ()
        changed += plan != RulesPlanner().plan(request)
    assert changed > 15


def test_every_decision_is_told_and_can_be_recomputed():
    told = []
    planner = OrchestratedPlanner(
        RulesPlanner(), UNLIKE_THE_PLANNER, seed=4, on_decision=told.append
    )
    plan = planner.plan(request_for())
    assert told[0].plan == plan
    again = UNLIKE_THE_PLANNER.log_prob(told[0].problem, told[0].record.actions)
    assert told[0].record.log_prob == pytest.approx(again.total, abs=1e-5)
    assert len({planner.plan(request_for()).model_dump_json() for _ in range(3)}) == 1


def failed_chain(**report):
    request = request_for()
    nodes = {
        0: NodeReport(outputs={"url": "http://reddit.localhost/f/books"}, attempts=1, spent=90),
        1: NodeReport(
            outputs=None,
            attempts=1,
            spent=60,
            failure=FailureKind.ACTION,
            reason="no such button",
            agents=("editor",),
        ),
        2: NodeReport(outputs=None, attempts=0, spent=0),
    }
    return ReplanRequest(
        request=replace(request, budget=request.budget - 150),
        plan=chain(),
        nodes=nodes | report,
        trigger=Trigger.ACTION_FAILURE,
        node=1,
        reason="no such button",
    )


class Same:
    """Proposes the running plan again."""

    def plan(self, _request):
        return chain()

    def replan(self, request):
        return request.plan


def test_a_replan_keeps_what_is_done_and_decides_the_rest():
    told = []
    planner = OrchestratedPlanner(Same(), UNLIKE_THE_PLANNER, on_decision=told.append)
    plan = planner.replan(failed_chain())
    assert plan.nodes[0] == chain().nodes[0]
    record = told[0].record
    assert record.agents_active.tolist() == [False, True, True]
    assert record.logp_agents[0] == 0.0


def test_a_done_node_stays_even_when_its_agent_is_not_in_the_pool_any_more():
    asked = failed_chain()
    asked = replace(asked, request=replace(asked.request, agents=tuple(DEFAULT_POOL[1:])))
    plan = OrchestratedPlanner(Same(), UNLIKE_THE_PLANNER).replan(asked)
    assert plan.nodes[0] == chain().nodes[0]
    assert {n.agent for n in plan.nodes[1:]} <= {"reader", "editor", "generalist"}


def test_what_running_nodes_may_still_spend_is_held():
    plan = chain().model_copy(
        update={"nodes": (node(0, Verb.READ, cost_bound=700), *chain().nodes[1:])}
    )
    running = NodeReport(outputs=None, attempts=1, spent=200)
    asked = replace(failed_chain(), plan=plan)
    asked = replace(asked, nodes={**asked.nodes, 0: running})
    standing = standing_at_replan(asked)
    assert not standing.node(0).is_open
    assert (standing.budget, standing.spent, standing.held) == (10_110, 260, 500)
    assert standing.free == asked.request.budget - 500


def test_a_planner_that_gives_up_gives_up():
    class GivesUp(Same):
        def replan(self, _request):
            return None

    assert OrchestratedPlanner(GivesUp(), PlanPolicy()).replan(failed_chain()) is None


def test_a_plan_that_cannot_be_mended_is_passed_on_undecided():
    class Broken(Same):
        def plan(self, _request):
            return chain().model_copy(update={"nodes": chain().nodes[:2]})

    told = []
    broken = OrchestratedPlanner(Broken(), PlanPolicy(), on_decision=told.append)
    assert broken.plan(request_for()).nodes == chain().nodes[:2]
    assert told == []


def test_dropping_order_edges_keeps_the_plan_valid():
    """All subsets that can be drawn, over a plan with a diamond of order edges."""
    plan = chain().model_copy(
        update={
            "edges": (
                *chain().edges,
                PlanEdge(source=0, target=2, kind=EdgeKind.ORDER),
                PlanEdge(source=0, target=1, kind=EdgeKind.ORDER),
            )
        }
    )
    request = request_for()
    seen = set()
    for seed in range(60):
        result = decide_plan(
            plan,
            request,
            PlanPolicy(beta=0.0),
            pool=Pool.of(request.agents),
            standing=standing_at_start(request),
            seed=seed,
        )
        kept = tuple(result.record.actions.keep.tolist())
        seen.add(kept)
        assert find_flaws(result.plan, PlanContext.of(request)) == ()
        assert PlanGraph(result.plan).cycle() == ()
    assert seen == {(True, True, *pair) for pair in itertools.product((True, False), repeat=2)}


def test_a_cached_plan_has_the_prior_of_the_plan_that_was_stored():
    class Labels:
        def prior(self, *_asked):
            return PlanPrior.from_label_logprobs({0: {"scout:rules": -1.0, "reader:rules": -1.0}})

    priors = StoredPriors(Labels(), max_priors=2)
    request = request_for()
    pool, standing = Pool.of(request.agents), standing_at_start(request)

    def prior_of(plan):
        return decide_plan(
            plan, request, PlanPolicy(), pool=pool, standing=standing, seed=0, prior_of=priors
        ).prior

    assert prior_of(chain().model_copy(update={"origin": "a-model"})).source is PriorSource.LABELS
    cached = chain(forum="films").model_copy(update={"origin": "cache"})
    stored = prior_of(cached)
    assert stored.source is PriorSource.CACHE
    assert stored.nodes[0] == {"scout:rules": 0.5, "reader:rules": 0.5}
    assert stored.nodes[1] == {"editor:rules": 1.0}
    longer = cached.model_copy(update={"edges": (*cached.edges, PlanEdge(source=0, target=2))})
    plain = prior_of(longer)
    assert (plain.source, plain.nodes) == (PriorSource.CACHE, {})
