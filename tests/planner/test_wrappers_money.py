import pytest

from planner.credentials import Credentials
from planner.prices import PriceBook
from planner.wrappers.stack import open_stack
from scripts.bench.planner_money import check_then_record, reserve_then_settle


def test_sixteen_planners_on_one_budget_never_overspend_in_any_order_with_kills():
    runs = [reserve_then_settle(seed) for seed in range(60)]
    assert all(run.billed <= run.booked <= run.cap for run in runs)
    assert sum(run.kills for run in runs) > 0
    # The cap is in reach, else this would show nothing.
    assert max(run.booked / run.cap for run in runs) > 0.7


def test_the_same_order_gives_the_same_run():
    assert reserve_then_settle(3) == reserve_then_settle(3)


def test_checking_before_and_recording_after_overspends():
    runs = [check_then_record(seed) for seed in range(10)]
    assert all(run.billed > run.cap for run in runs)


@pytest.mark.parametrize("models", [["rules", "gpt-4o"], [], ["gpt-4o", "claude-3-opus"]])
def test_a_list_of_models_ends_with_rules_and_passes_over_those_without_a_key(models):
    told = []
    stack = open_stack(models, Credentials(), PriceBook(), on_fall=lambda *what: told.append(what))
    assert stack.model == ""
    assert len(told) == (2 if "claude-3-opus" in models else 0)
    assert all("no key for" in problem for _, problem in told)
