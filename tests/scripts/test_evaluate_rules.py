"""Open tasks end to end: rules plan, the heuristic acts, the strict judge judges."""

import pytest

from core.tasks import Split
from environment.tasks.generated import generate, sample
from scripts.evaluate_rules import Options, Runner

TEMPLATES = (
    "newest_author",
    "upvote_newest",
    "submit_text",
    "reply_to_comment",
    "edit_my_post",
    "more_subscribers",
    "open_sorted_forum",
    "edit_foreign_post",
    "change_subscriptions",
    "disliked_comments",
)


@pytest.fixture(scope="module")
def runner() -> Runner:
    return Runner(Options().budget)


@pytest.mark.parametrize("template", TEMPLATES)
def test_an_open_task_is_solved_without_its_oracle(runner: Runner, template: str) -> None:
    outcome = runner.run(generate(template, 5, Split.NEW_INSTANCES).task)
    assert outcome.record.strict, outcome.note
    assert outcome.record.official == 1.0
    assert outcome.record.violations == 0
    assert 0 < outcome.record.cost < 5_000
    assert outcome.record.budget == 50_000


def test_another_skin_and_attacks_change_nothing(runner: Runner) -> None:
    for split in (Split.NEW_SKIN, Split.ATTACKS):
        for made in sample(split, 3, 11):
            outcome = runner.run(made.task)
            assert outcome.record.strict, outcome.note
            assert outcome.record.violations == 0
