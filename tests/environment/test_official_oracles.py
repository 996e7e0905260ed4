"""Every hosted official task is solved by its oracle, in both browsers, for both judges."""

import asyncio
import re

import pytest

from core.errors import UnknownTaskError
from environment.hosting import hosting_problem, is_hosted
from environment.oracles.official import official_solutions, oracle_of, unsatisfiable
from environment.tasks.official import official_task, official_tasks
from scripts.hosted_tasks import BROWSERS, DOCUMENT, run_all

HOSTED = [task for task in official_tasks() if is_hosted(task)]
SAMPLE = ("27", "69", "399", "404", "409", "580", "595", "610", "615", "714", "719", "731")
"""One task of each way of acting: reading, searching, replying, voting, posting, editing."""


def test_all_single_site_forum_tasks_are_hosted_in_all_their_templates():
    assert len(HOSTED) == 106
    assert len({task.template for task in HOSTED}) == 21


def test_every_oracle_satisfies_the_evaluators_and_the_strict_judge_in_process():
    scores = asyncio.run(run_all("in-process", HOSTED))
    short = {key for key, score in scores.items() if score.official != 1.0}
    assert {key for key, score in scores.items() if not score.strict} == set()
    assert short == {task.key for task in HOSTED if unsatisfiable(task)}


@pytest.mark.chromium
def test_a_task_of_each_kind_is_solved_in_chromium_too():
    scores = asyncio.run(run_all("chromium", [official_task(key) for key in SAMPLE]))
    assert {key: score.note for key, score in scores.items() if score.note} == {}


def test_an_unsatisfiable_task_is_so_because_of_what_its_evaluator_expects():
    for task in filter(unsatisfiable, HOSTED):
        wanted = str(task.verified["eval"])
        assert "{{" in wanted or "machine learning" in wanted


def test_no_oracle_knows_an_id_of_the_world():
    ids = set(re.findall(r"(?<!\d)\d{5,6}(?!\d)", str([task.verified["eval"] for task in HOSTED])))
    sources = "".join(
        path.read_text()
        for path in (DOCUMENT.parent.parent / "environment" / "oracles").rglob("*.py")
    )
    assert not ids & set(re.findall(r"\d{5,6}", sources))


def test_a_task_that_is_not_hosted_says_why_and_has_no_oracle():
    assert hosting_problem(official_task("0")) == "not embedded: shopping_admin"
    with pytest.raises(UnknownTaskError, match="no oracle"):
        oracle_of("0")
    with pytest.raises(UnknownTaskError, match="552"):
        official_solutions(official_task("552"))


def test_the_document_lists_what_is_hosted_now():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"{len(HOSTED)} of the {len(official_tasks())} tasks" in text
    by_task = text.partition("## By task")[2].partition("## Not hosted")[0]
    assert re.findall(r"^\| (\d+) \|", by_task, re.MULTILINE) == [task.key for task in HOSTED]
    not_hosted = re.findall(r"^\| [a-z_, ]+ \| (\d+) \|", text.partition("## Not hosted")[2], re.M)
    assert sum(map(int, not_hosted)) == len(official_tasks()) - len(HOSTED)


def test_the_document_shows_both_browsers_and_the_scores_that_are_claimed():
    text = DOCUMENT.read_text(encoding="utf-8")
    for name in BROWSERS:
        found = re.search(rf"^\* {name}: .*official and strict (\d+)$", text, re.MULTILINE)
        assert found is not None
        assert int(found[1]) == len(HOSTED) - sum(map(bool, map(unsatisfiable, HOSTED)))
