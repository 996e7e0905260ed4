"""Wordings of one wish give one plan, and different wishes give different plans."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.plans import Verb
from planner.cache.plan_shape import PlanShape, plan_shape
from planner.rules import RulesPlanner
from tests.planner.plans_for_tests import request_for

WISHES = Path(__file__).parent / "data" / "wishes.txt"


@dataclass(frozen=True)
class Wish:
    """A block of `wishes.txt`."""

    steps: list[str]
    wordings: list[str]


def wishes() -> Iterator[Wish]:
    for block in WISHES.read_text("utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            assert lines[0].startswith("> "), block
            yield Wish(sorted(lines[0][2:].split(", ")), lines[1:])


ALL = list(wishes())


def steps_of(intent: str) -> list[str]:
    plan = RulesPlanner().plan(request_for(intent))
    goals = [node.subgoal for node in plan.nodes if node.subgoal.verb is not Verb.RESPOND]
    return sorted(f"{goal.verb} {goal.object}" for goal in goals)


def meaning_of(intent: str) -> PlanShape:
    return plan_shape(intent, ("reddit",), ())


@pytest.mark.parametrize("wish", ALL, ids=[wish.wordings[0] for wish in ALL])
def test_all_wordings_of_a_wish_give_its_plan(wish: Wish) -> None:
    assert len(wish.wordings) > 1
    assert {line: steps_of(line) for line in wish.wordings} == dict.fromkeys(
        wish.wordings, wish.steps
    )
    first = meaning_of(wish.wordings[0])
    for line in wish.wordings[1:]:
        assert meaning_of(line) == first, line


def test_no_two_wishes_have_the_same_plan() -> None:
    seen: dict[str, str] = {}
    for wish in ALL:
        meaning = repr(meaning_of(wish.wordings[0]))
        assert meaning not in seen, f"{wish.wordings[0]!r} is planned as {seen.get(meaning)!r}"
        seen[meaning] = wish.wordings[0]
