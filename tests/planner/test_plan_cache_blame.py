"""An episode that ends badly on a served plan tells the cache."""

import pytest

from core.events import FailureKind, PlanMade, SubtaskFailed
from planner.decisions import CacheAnswer, RetryOnly
from planner.orchestrator import OrchestratorMachine
from planner.orchestrator_signals import (
    BlamePlan,
    CacheAnswered,
    CancelAsked,
    MoneyGranted,
    StartSubtask,
    SubtaskEnded,
    TaskTaken,
)
from policies.tariff import Tariff
from tests.planner.plans_for_tests import chain, request_for


def served(history=()):
    machine = OrchestratorMachine(RetryOnly(max_attempts=1), Tariff())
    request = request_for(budget=100_000)
    said = [*machine.handle(TaskTaken(id="t", episode="e", request=request, hard_cap=100_000,
                                      history=history))]  # fmt: skip
    if not history:
        plan = chain().model_copy(update={"origin": "cache"})
        machine.handle(CacheAnswered(id="c", answer=CacheAnswer(plan=plan, reason="hit")))
        said += machine.handle(MoneyGranted(id="m", reservation="e/plan0"))
    return machine, said


def failed(machine, said):
    (order,) = [step.order for step in said if isinstance(step, StartSubtask)]
    event = SubtaskFailed(
        episode="e",
        node=order.node.id,
        attempt=order.attempt,
        agent=order.agent,
        failure=FailureKind.NOT_FOUND,
        reason="no such forum",
        steps=1,
        spent=10,
    )
    return machine.handle(SubtaskEnded(id="s", result=event))


def blamed(said):
    return [step.plan.origin for step in said if isinstance(step, BlamePlan)]


def test_a_served_plan_that_fails_is_blamed_once():
    assert blamed(failed(*served())) == ["cache"]


def test_a_served_plan_is_blamed_after_a_restart_too():
    made = PlanMade(episode="e", plan=chain().model_copy(update={"origin": "cache"}))
    assert blamed(failed(*served(history=(made,)))) == ["cache"]


@pytest.mark.parametrize("origin", ["rules", "gpt-5-mini"])
def test_a_plan_that_the_cache_did_not_serve_is_not_blamed(origin):
    made = PlanMade(episode="e", plan=chain().model_copy(update={"origin": origin}))
    assert blamed(failed(*served(history=(made,)))) == []


def test_a_person_who_cancels_blames_nobody():
    machine, said = served()
    said = [*machine.handle(CancelAsked(id="x", reason="enough")), *failed(machine, said)]
    assert blamed(said) == []
