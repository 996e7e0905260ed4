from dataclasses import replace

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.plans import EdgeKind, NodeOutput, Plan, PlanEdge, PlanGraph, ValueType, Verb
from planner.findings import Flaw
from planner.repairs import mend
from planner.validator import PlanContext, find_flaws, parse_plan
from tests.planner.plans_for_tests import chain, const, flow, node, request_for

CONTEXT = PlanContext.of(request_for())


def flaws(plan, context=CONTEXT):
    return [finding.flaw for finding in find_flaws(plan, context)]


def changed(plan, node_id, **update):
    return plan.model_copy(
        update={
            "nodes": tuple(
                n.model_copy(update=update) if n.id == node_id else n for n in plan.nodes
            )
        }
    )


def test_a_sound_plan_has_no_findings():
    assert flaws(chain()) == []


@pytest.mark.parametrize(
    ("damage", "flaw"),
    [
        (lambda p: changed(p, 1, agent="nobody"), Flaw.UNKNOWN_AGENT),
        (lambda p: changed(p, 1, agent="scout"), Flaw.UNFIT_AGENT),
        (lambda p: changed(p, 1, site="gitlab"), Flaw.FOREIGN_SITE),
        (lambda p: changed(p, 1, inputs=(flow("page", 0, "title"),)), Flaw.MISSING_PRODUCER),
        (lambda p: changed(p, 1, inputs=(flow("page", 7, "url"),)), Flaw.MISSING_PRODUCER),
        (
            lambda p: changed(p, 1, inputs=(flow("page", 0, "url", ValueType.NUMBER),)),
            Flaw.WRONG_TYPE,
        ),
        (lambda p: changed(p, 0, inputs=(const("name", 3),)), Flaw.WRONG_TYPE),
        (lambda p: changed(p, 0, inputs=(const("name", None),)), Flaw.MISSING_VALUE),
        (
            lambda p: changed(p, 0, inputs=(const("name", "a"), const("name", "b"))),
            Flaw.DUPLICATE_NAME,
        ),
        (lambda p: changed(p, 1, cost_bound=10_001), Flaw.OVER_BUDGET),
        (lambda p: p.model_copy(update={"edges": p.edges[1:]}), Flaw.MISSING_EDGE),
        (lambda p: p.model_copy(update={"edges": p.edges[:1]}), Flaw.DANGLING_NODE),
        (lambda p: p.model_copy(update={"nodes": p.nodes[:2]}), Flaw.NO_RESPONSE),
        (lambda p: p.model_copy(update={"nodes": p.nodes * 2}), Flaw.DUPLICATE_NODE),
        (lambda p: p.model_copy(update={"nodes": ()}), Flaw.EMPTY),
        (
            lambda p: p.model_copy(update={"edges": (*p.edges, PlanEdge(source=2, target=9))}),
            Flaw.UNKNOWN_DEPENDENCY,
        ),
        (
            lambda p: p.model_copy(update={"edges": (*p.edges, PlanEdge(source=2, target=0))}),
            Flaw.CYCLE,
        ),
    ],
)
def test_each_damage_is_found(damage, flaw):
    assert flaw in flaws(damage(chain()))


def test_a_plan_with_too_many_nodes_is_found():
    small = PlanContext.of(request_for(max_nodes=2))
    assert Flaw.TOO_MANY_NODES in flaws(chain(), small)


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: changed(p, 1, agent="nobody"),
        lambda p: changed(p, 1, agent="scout"),
        lambda p: changed(p, 1, cost_bound=99_999),
        lambda p: p.model_copy(update={"edges": ()}),
        lambda p: p.model_copy(update={"edges": (*p.edges, PlanEdge(source=2, target=9))}),
        lambda p: p.model_copy(
            update={"edges": (*p.edges, PlanEdge(source=1, target=0, kind=EdgeKind.ORDER))}
        ),
    ],
)
def test_what_has_one_clear_meaning_is_mended_and_the_repair_is_told(damage):
    mended = mend(damage(chain()), CONTEXT)
    assert mended.findings == ()
    assert mended.repairs
    subgoals = [n.subgoal for n in mended.plan.nodes]
    assert subgoals == [n.subgoal for n in chain().nodes]


def test_only_order_edges_of_a_cycle_go_and_values_flow_as_before():
    looped = chain().model_copy(
        update={
            "edges": (*chain().edges, PlanEdge(source=1, target=0, kind=EdgeKind.ORDER)),
        }
    )
    mended = mend(looped, CONTEXT)
    assert mended.plan == chain()
    assert mended.repairs == ("dropped order edges on a cycle: 1->0",)


def test_a_cycle_of_data_edges_is_left_to_its_author():
    looped = Plan(
        nodes=(
            node(
                0,
                Verb.READ,
                inputs=[flow("page", 1, "url")],
                outputs=[NodeOutput(name="url", type=ValueType.URL)],
            ),
            node(
                1,
                Verb.READ,
                inputs=[flow("page", 0, "url")],
                outputs=[NodeOutput(name="url", type=ValueType.URL)],
            ),
            node(2, Verb.RESPOND),
        ),
        edges=(
            PlanEdge(source=0, target=1),
            PlanEdge(source=1, target=0),
            PlanEdge(source=1, target=2, kind=EdgeKind.ORDER),
        ),
    )
    mended = mend(looped, CONTEXT)
    assert Flaw.CYCLE in [finding.flaw for finding in mended.findings]


def test_json_that_is_no_plan_gives_findings_that_name_the_field():
    findings = parse_plan({"dag": {"nodes": [{"id": "x", "colour": "red"}], "edges": []}})
    assert isinstance(findings, tuple)
    assert {finding.flaw for finding in findings} == {Flaw.UNREADABLE}
    assert any("nodes.0.subgoal" in finding.message for finding in findings)


def test_a_plan_survives_the_way_through_json():
    assert parse_plan({"dag": chain().model_dump(mode="json")}) == chain()


@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 7), st.sampled_from(list(EdgeKind))),
        max_size=20,
    )
)
def test_the_cycle_rule_agrees_with_networkx_and_mending_never_adds_one(edges):
    plan = Plan(
        nodes=tuple(node(n, Verb.READ) for n in range(8)),
        edges=tuple(PlanEdge(source=s, target=t, kind=k) for s, t, k in edges),
    )
    acyclic = nx.is_directed_acyclic_graph(nx.DiGraph([(s, t) for s, t, _ in edges]))
    assert (Flaw.CYCLE in flaws(plan)) is not acyclic
    mended = mend(plan, CONTEXT)
    if acyclic:
        assert PlanGraph(mended.plan).cycle() == ()


def test_bounds_of_all_nodes_are_held_against_the_total_where_one_is_given():
    plan = changed(changed(chain(), 0, cost_bound=600), 1, cost_bound=900)
    assert flaws(plan) == []
    strict = replace(CONTEXT, total=1_000)
    assert flaws(plan, strict) == [Flaw.OVER_TOTAL]
    mended = mend(plan, strict)
    assert mended.findings == ()
    first, second, last = (one.cost_bound for one in mended.plan.nodes)
    assert first + second <= 1_000
    assert abs(first / second - 600 / 900) < 0.01
    assert last == 0
    assert mended.repairs == ("cost bounds lowered together from 1500 to at most 1000",)


def test_a_total_that_leaves_no_micro_dollar_for_each_node_cannot_be_mended():
    plan = changed(changed(chain(), 0, cost_bound=5), 1, cost_bound=5)
    assert [one.flaw for one in mend(plan, replace(CONTEXT, total=1)).findings] == [Flaw.OVER_TOTAL]


def test_a_node_behind_the_response_is_brought_before_it():
    plan = chain()
    late = PlanEdge(source=2, target=3, kind=EdgeKind.ORDER)
    extra = node(3, Verb.TOGGLE, "oldest post", "editor", [flow("page", 0, "url")])
    plan = plan.model_copy(
        update={
            "nodes": (*plan.nodes, extra),
            "edges": (*plan.edges, PlanEdge(source=0, target=3), late),
        }
    )
    assert Flaw.DANGLING_NODE in flaws(plan)
    mended = mend(plan, CONTEXT)
    assert mended.findings == ()
    assert PlanGraph(mended.plan).terminals() == (2,)
