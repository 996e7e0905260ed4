from dataclasses import replace

import pytest

from core.errors import ConfigurationError
from core.events import FailureKind, Trigger
from core.plans import EdgeKind, Plan, PlanEdge, ValueType, Verb
from planner.decisions import (
    Continue,
    Failure,
    GiveUp,
    PastRepair,
    Repair,
    RepairKind,
    RunReport,
    WantNewPlan,
)
from planner.replanning import ReplanConfig, ReplanningEngine
from planner.requests import NodeReport
from planner.validator import PlanContext, find_flaws
from tests.planner.plans_for_tests import chain, const, node, request_for

OPEN = NodeReport(outputs=None, attempts=0, spent=0)
DONE = NodeReport(outputs={"url": "/f/books"}, attempts=1, spent=500, agents=("scout",))


def report(failure=None, **changes):
    nodes = {0: DONE, 1: OPEN, 2: OPEN}
    if failure is not None:
        nodes[failure.node] = NodeReport(
            outputs=None,
            attempts=failure.attempt,
            spent=100,
            failure=failure.kind,
            reason=failure.reason,
            agents=(failure.agent,) * failure.attempt,
        )
    base = RunReport(
        request=request_for(),
        plan=chain(),
        nodes=nodes,
        running=frozenset(),
        budget=10_000,
        hard_cap=10_000,
        spent=1_000,
        progress=0.5,
        confidence=0.9,
        failure=failure,
        past=(),
        lost_agents=frozenset(),
    )
    return replace(base, **changes)


def failed(kind=FailureKind.ACTION, attempt=1, reason="no such button", node=1):
    return Failure(node=node, agent="editor", kind=kind, reason=reason, attempt=attempt)


def dear():
    """The chain with its vote given to the dearest agent."""
    costly = chain().node(1).model_copy(update={"agent": "generalist"})
    return chain().model_copy(update={"nodes": (chain().nodes[0], costly, chain().nodes[2])})


def past(decision, changed=True):
    kind = decision.kind if isinstance(decision, Repair) else RepairKind.NEW_PLAN
    return PastRepair(
        trigger=decision.trigger, kind=kind, fingerprint=decision.fingerprint, changed=changed
    )


def decide(*args, **changes):
    return ReplanningEngine().decide(report(*args, **changes))


def test_a_good_run_goes_on():
    assert decide() == Continue()


def test_a_failed_action_goes_to_an_agent_that_has_not_tried():
    decision = decide(failed())
    assert isinstance(decision, Repair)
    assert decision.kind is RepairKind.REROUTE
    assert decision.plan.node(1).agent == "generalist"
    assert decision.plan.node(0) == chain().node(0)


def test_the_same_failure_climbs_the_ladder_and_then_ends():
    seen = []
    history = ()
    for _ in range(10):
        decision = decide(failed(), past=history)
        seen.append(type(decision).__name__)
        if isinstance(decision, GiveUp):
            break
        history = (*history, past(decision))
    assert seen == ["Repair", "WantNewPlan", "GiveUp"]


def test_a_replan_that_failed_is_counted_all_the_same():
    wanted = decide(failed(FailureKind.POSTCONDITION))
    assert isinstance(wanted, WantNewPlan)
    assert wanted.trigger is Trigger.UNEXPECTED_STATE
    again = decide(failed(FailureKind.POSTCONDITION), past=(past(wanted, changed=False),))
    assert isinstance(again, GiveUp)


@pytest.mark.parametrize("changed", [True, False])
def test_different_failures_cannot_ask_for_more_plans_than_allowed(changed):
    history = ()
    for index in range(20):
        decision = decide(failed(FailureKind.POSTCONDITION, reason=f"page {index}"), past=history)
        if not isinstance(decision, WantNewPlan):
            break
        history = (*history, past(decision, changed=changed))
    assert len(history) == ReplanConfig().max_new_plans
    assert isinstance(decision, GiveUp)


def test_a_lost_agent_is_always_worth_another_try():
    first = decide(failed(FailureKind.AGENT_LOST))
    second = decide(failed(FailureKind.AGENT_LOST, attempt=2), past=(past(first),))
    assert isinstance(first, Repair)
    assert isinstance(second, Repair)


def test_an_unreachable_site_is_tried_once_more_only():
    first = decide(failed(FailureKind.UNREACHABLE))
    assert isinstance(first, Repair)
    assert isinstance(decide(failed(FailureKind.UNREACHABLE, 2), past=(past(first),)), GiveUp)


def test_repeated_failures_of_one_node_want_another_plan():
    decision = decide(failed(attempt=3))
    assert isinstance(decision, WantNewPlan)
    assert decision.trigger is Trigger.REPEATED_FAILURES


@pytest.mark.parametrize(
    ("spent", "progress", "trigger"),
    [
        (5_100, 0.29, Trigger.CONSTRAINT_VIOLATION),
        (5_300, 0.50, Trigger.CONSTRAINT_VIOLATION),
        (5_200, 0.50, None),
        (4_900, 0.48, None),
    ],
)
def test_money_triggers_at_their_thresholds(spent, progress, trigger):
    decision = decide(plan=dear(), spent=spent, progress=progress)
    assert getattr(decision, "trigger", None) is trigger


@pytest.mark.parametrize(
    ("spent", "progress", "fires"),
    [(5_001, 0.299, True), (5_000, 0.299, False), (5_001, 0.3, False), (10_400, 0.29, True)],
)
def test_inefficiency_is_more_than_half_of_the_money_for_less_than_three_tenths(
    spent, progress, fires
):
    decision = decide(plan=dear(), spent=spent, progress=progress, hard_cap=100_000)
    found = getattr(decision, "trigger", None)
    assert found is (Trigger.BUDGET_INEFFICIENCY if fires else None)


@pytest.mark.parametrize(("spent", "fires"), [(10_500, False), (10_501, True)])
def test_a_violation_is_more_than_105_percent_of_the_budget(spent, fires):
    decision = decide(plan=dear(), spent=spent, progress=0.9, hard_cap=100_000)
    found = getattr(decision, "trigger", None)
    assert found is (Trigger.CONSTRAINT_VIOLATION if fires else None)


@pytest.mark.parametrize(("confidence", "fires"), [(0.5, False), (0.499, True)])
def test_a_success_is_doubtful_below_one_half(confidence, fires):
    found = getattr(decide(confidence=confidence), "trigger", None)
    assert found is (Trigger.LOW_CONFIDENCE if fires else None)


def test_spending_without_progress_triggers_where_the_cap_leaves_room():
    decision = decide(plan=dear(), spent=5_100, progress=0.2, hard_cap=100_000)
    assert isinstance(decision, Repair)
    assert decision.trigger is Trigger.BUDGET_INEFFICIENCY
    assert decision.plan.node(1).agent == "editor"
    assert decision.plan.node(0) == chain().node(0), "finished work is kept"


def test_a_doubtful_success_makes_the_rest_look_harder_once():
    decision = decide(confidence=0.4)
    assert isinstance(decision, Repair)
    assert decision.trigger is Trigger.LOW_CONFIDENCE
    assert decision.plan.node(1).tier != chain().node(1).tier
    assert decide(confidence=0.4, past=(past(decision),)) == Continue()


def test_without_money_what_only_looks_is_pruned():
    plan = Plan(
        nodes=(*chain().nodes, node(3, Verb.READ, "sidebar", "reader")),
        edges=(*chain().edges, PlanEdge(source=3, target=2, kind=EdgeKind.ORDER)),
    )
    decision = decide(
        failed(FailureKind.BUDGET), plan=plan, nodes={0: DONE, 1: OPEN, 2: OPEN, 3: OPEN}
    )
    assert isinstance(decision, Repair)
    assert decision.kind is RepairKind.PRUNE
    assert [n.id for n in decision.plan.nodes] == [0, 1, 2]
    assert find_flaws(decision.plan, PlanContext.of(request_for())) == ()


def test_a_long_list_is_split_into_parts_that_can_run_side_by_side():
    many = node(
        1, Verb.TOGGLE, "posts", "editor", [const("targets", ["/1", "/2", "/3"], ValueType.URLS)]
    )
    plan = Plan(
        nodes=(many, node(2, Verb.RESPOND)),
        edges=(PlanEdge(source=1, target=2, kind=EdgeKind.ORDER),),
    )
    decision = decide(failed(FailureKind.STEP_CAP), plan=plan, nodes={1: OPEN, 2: OPEN})
    assert isinstance(decision, Repair)
    assert decision.kind is RepairKind.SPLIT
    targets = [n.inputs[0].const for n in decision.plan.nodes if n.subgoal.verb is Verb.TOGGLE]
    assert targets == [["/1"], ["/2"], ["/3"]]
    assert find_flaws(decision.plan, PlanContext.of(request_for())) == ()


def test_the_same_report_always_gives_the_same_answer():
    engine = ReplanningEngine()
    assert engine.decide(report(failed())) == engine.decide(report(failed()))


def test_thresholds_out_of_range_are_refused():
    with pytest.raises(ConfigurationError, match="confidence"):
        ReplanConfig(confidence=1.5)
    with pytest.raises(ConfigurationError, match="max_new_plans"):
        ReplanConfig(max_new_plans=-1)
