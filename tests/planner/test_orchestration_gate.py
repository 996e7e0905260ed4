import itertools

import numpy as np
import pytest

from core.events import FailureKind, Trigger
from core.plans import EffortTier
from planner.decisions import (
    Continue,
    Failure,
    GiveUp,
    PastRepair,
    Repair,
    RepairKind,
    RetryOnly,
    RunReport,
    WantNewPlan,
)
from planner.orchestration_gate import GatedDecider
from planner.replanning import ReplanningEngine
from planner.requests import NodeReport
from policies.plan_policy import GATES, Gate, PlanPolicy, initial_parameters
from tests.planner.plans_for_tests import chain, request_for


def report_of(*, failure=FailureKind.ACTION, budget=100_000, spent=500, past=(), **more):
    attempts = more.pop("attempts", 1)
    nodes = {
        0: NodeReport(outputs={"url": "http://reddit.localhost/f/books"}, attempts=1, spent=90),
        1: NodeReport(
            outputs=None,
            attempts=attempts,
            spent=60,
            failure=failure,
            reason="no such button",
            agents=("editor",),
        ),
        2: NodeReport(outputs=None, attempts=0, spent=0),
    }
    failed = failure and Failure(
        node=1, agent="editor", kind=failure, reason="no such button", attempt=attempts
    )
    plan = chain()
    if not failure:
        nodes[1] = NodeReport(outputs=None, attempts=0, spent=0)
    return RunReport(
        **{
            "request": request_for(budget=budget - spent),
            "plan": plan,
            "nodes": nodes,
            "running": frozenset(),
            "budget": budget,
            "hard_cap": budget,
            "spent": spent,
            "progress": 0.34,
            "confidence": 0.0 if failure else 1.0,
            "failure": failed or None,
            "past": tuple(past),
            "lost_agents": frozenset(),
            **more,
        }
    )


def preferring(gate):
    """A policy that always takes one gate where it is legal."""
    parameters = {k: v.astype(np.float64) for k, v in initial_parameters(0).items()}
    for layer in (1, 2, 3):
        parameters[f"gate.w{layer}"][:] = 0.0
    parameters["gate.w1"][GATES.index(gate) - len(GATES), 0] = 3.0
    parameters["gate.w2"][0, 0] = 3.0
    parameters["gate.w3"][0, 0] = 60.0
    return PlanPolicy(parameters=parameters, version="test")


REPORTS = [
    report_of(failure=kind, attempts=attempts, spent=spent)
    for kind, attempts, spent in itertools.product(
        (None, *FailureKind), (1, 2, 3), (500, 60_000, 120_000)
    )
    if not (kind is None and attempts > 1)
]


def test_before_training_the_likeliest_answer_is_the_engines():
    gated = GatedDecider(ReplanningEngine(), PlanPolicy(), is_greedy=True)
    for report in REPORTS:
        assert gated.decide(report) == ReplanningEngine().decide(report)


@pytest.mark.parametrize("gate", GATES)
def test_no_gate_replans_where_the_engine_does_not(gate):
    gated = GatedDecider(ReplanningEngine(), preferring(gate))
    for report in REPORTS:
        answer, offered = gated.decide(report), ReplanningEngine().decide(report)
        if isinstance(answer, WantNewPlan):
            assert answer == offered
        if isinstance(offered, Continue):
            assert answer == offered
        if isinstance(answer, Continue):
            assert report.failure is None


def test_the_same_report_always_gives_the_same_answer():
    gated = GatedDecider(ReplanningEngine(), PlanPolicy(beta=0.0), seed=3)
    for report in REPORTS:
        assert gated.decide(report) == gated.decide(report)


def test_a_policy_may_stop_a_run_that_the_engine_would_repair():
    answer = GatedDecider(ReplanningEngine(), preferring(Gate.STOP)).decide(report_of())
    assert isinstance(answer, GiveUp)
    assert answer.reason == "no such button"


def test_escalation_raises_open_nodes_with_bounds_that_are_affordable():
    report = report_of()
    answer = GatedDecider(ReplanningEngine(), preferring(Gate.ESCALATE)).decide(report)
    assert isinstance(answer, Repair)
    assert answer.kind is RepairKind.REROUTE
    assert answer.plan.node(1).tier is EffortTier.FULL_PAGE
    assert answer.plan.nodes[0] == report.plan.nodes[0]
    assert answer.fingerprint.startswith("escalated ")


def test_a_failure_escalates_once():
    gated = GatedDecider(ReplanningEngine(), preferring(Gate.ESCALATE))
    first = gated.decide(report_of())
    past = PastRepair(
        trigger=first.trigger, kind=first.kind, fingerprint=first.fingerprint, changed=True
    )
    second = gated.decide(report_of(past=[past]))
    assert not second.fingerprint.startswith("escalated ")


def dear_plan():
    """The chain with a short, dear node in it: it can be made cheaper, and dearer still."""
    nodes = chain().nodes
    dear = nodes[1].model_copy(update={"tier": EffortTier.FULL_PAGE, "step_cap": 5})
    return chain().model_copy(update={"nodes": (nodes[0], dear, nodes[2])})


def escalates(report):
    answer = GatedDecider(ReplanningEngine(), preferring(Gate.ESCALATE)).decide(report)
    return getattr(answer, "fingerprint", "").startswith("escalated ")


def test_no_escalation_beyond_the_money_that_is_left():
    assert escalates(report_of(budget=33_000))
    assert not escalates(report_of(budget=30_000))


def test_no_escalation_when_the_budget_is_about_to_be_broken():
    unsure = report_of(failure=None, spent=60_000, progress=0.6, confidence=0.3, plan=dear_plan())
    assert ReplanningEngine().decide(unsure).trigger is Trigger.LOW_CONFIDENCE
    assert escalates(unsure)
    broken = report_of(failure=None, spent=60_000, progress=0.5, confidence=0.3, plan=dear_plan())
    assert ReplanningEngine().decide(broken).trigger is Trigger.CONSTRAINT_VIOLATION
    assert not escalates(broken)


def test_only_answers_that_were_free_are_told():
    told = []
    gated = GatedDecider(RetryOnly(), PlanPolicy(), on_decision=told.append)
    gated.decide(report_of(failure=None))
    gated.decide(report_of(failure=FailureKind.BUDGET, budget=2_000))
    assert told == []
    gated.decide(report_of())
    assert len(told) == 1
    record = told[0].record
    assert record.gate_active
    assert not record.agents_active.any()
    assert not record.edges_active.any()
    assert record.log_prob == pytest.approx(record.logp_gate)
    assert told[0].problem.gate_mask.tolist() == [False, True, True, True]


def test_soft_triggers_may_be_passed_over():
    report = report_of(failure=None, spent=60_000, progress=0.1, plan=dear_plan())
    assert isinstance(ReplanningEngine().decide(report), Repair)
    answer = GatedDecider(ReplanningEngine(), preferring(Gate.CONTINUE)).decide(report)
    assert answer == Continue()
