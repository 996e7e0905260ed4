import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.budget import BudgetTracker
from core.errors import ConfigurationError
from core.pages import Element, Observation
from planner.context import ContextBuilder, build_context
from tests.planner.plans_for_tests import request_for

TASK = {"intent": "Upvote the newest post in the books forum", "sites": ["reddit"]}


def page(lines):
    return Observation(
        url="http://reddit.localhost/f/books",
        title="books",
        status=200,
        elements=tuple(Element(role="link", name=line) for line in lines),
    )


def test_a_context_is_plain_data_with_agents_and_prices():
    ledger = BudgetTracker(0.05)
    ledger.reserve("a", 10_000, holder="x")
    ledger.settle("a", 4_000)
    context = build_context(TASK, None, [], ledger, "p3o")
    assert json.loads(json.dumps(context)) == context
    assert context["budget"]["remaining"] == pytest.approx(0.046)
    assert context["budget"]["spent"] == pytest.approx(0.004)
    assert context["method"] == "p3o"
    scout = context["agents"][0]
    assert scout["id"] == "scout"
    assert scout["tiers"][0] == {"name": "rules", "step_micros": 20}
    assert "find" in scout["skills"]
    assert context["left_out"] == []


def test_only_what_agents_may_know_is_taken_from_a_task():
    task = {**TASK, "eval": {"answer": "CANARY"}, "expected": "CANARY", "start_url": "http://x"}
    context = build_context(task)
    assert "CANARY" not in json.dumps(context)
    assert context["task"]["start_urls"] == ["http://x"]


def test_a_public_task_is_taken_as_it_is():
    task = request_for().task
    assert build_context(task)["task"]["base_urls"] == dict(task.base_urls)


@pytest.mark.parametrize("task", [{}, {"intent": ""}, {"intent": 5}, {"sites": ["reddit"]}])
def test_a_task_without_an_intent_is_refused(task):
    with pytest.raises(ConfigurationError, match="intent"):
        build_context(task)


def test_an_unknown_method_is_refused():
    with pytest.raises(ConfigurationError, match="dqn"):
        build_context(TASK, method="dqn")


@pytest.mark.parametrize(
    "observation",
    [
        page(["books", "pics"]),
        "books\npics",
        {"url": "http://x", "title": "t", "text": "books\npics"},
        {"books": "pics"},
    ],
)
def test_a_page_may_come_in_several_forms(observation):
    said = build_context(TASK, observation)["observation"]["text"]
    assert "books" in said
    assert "pics" in said


def test_the_most_useful_lines_stay_and_what_is_left_out_is_told():
    lines = [f"something else {number}" for number in range(400)]
    lines[333] = "newest post in the books forum"
    context = ContextBuilder(max_tokens=1_500).build(TASK, observation=page(lines))
    shown = context["observation"]["text"]
    assert "newest post" in shown
    assert context["left_out"][0].endswith("of 401 lines of the page")
    numbers = [line.split("]")[0] for line in shown.splitlines() if line.startswith("[")]
    assert numbers == sorted(numbers, key=lambda text: int(text[1:]))


def test_the_newest_steps_come_before_the_page_and_older_ones():
    steps = [f"step {number} " + "x" * 300 for number in range(30)]
    context = ContextBuilder(max_tokens=1_600).build(
        TASK, observation=page(["y" * 300] * 50), trajectory=steps
    )
    told = context["trajectory"]
    assert told[-4:] == [step.strip() for step in steps[-4:]]
    assert told == [step.strip() for step in steps[-len(told) :]]
    assert any(what.endswith("of 30 steps") for what in context["left_out"])
    assert context["observation"] is not None


def test_notes_about_sites_are_told():
    context = ContextBuilder().build(TASK, site_notes={"reddit": {"forums": "/forums"}})
    assert context["site_notes"] == ['reddit: forums = "/forums"']


@given(
    lines=st.lists(st.text(max_size=80), max_size=60),
    steps=st.lists(st.text(max_size=80), max_size=30),
    room=st.integers(1_200, 3_000),
)
def test_no_context_takes_more_room_than_it_has(lines, steps, room):
    builder = ContextBuilder(max_tokens=room)
    context = builder.build(TASK, observation="\n".join(lines), trajectory=steps)
    bare = builder.build(TASK)["tokens"]
    assert bare <= context["tokens"] <= max(room, bare)
    said = [*context["trajectory"], (context["observation"] or {"text": ""})["text"]]
    assert sum(len(text.encode("utf-8", "replace")) // 4 for text in said) <= room


def test_what_must_be_told_is_told_even_without_room():
    context = ContextBuilder(max_tokens=1).build(TASK, trajectory=["one"], observation="x")
    assert context["task"]["intent"] == TASK["intent"]
    assert context["trajectory"] == []
    assert context["observation"] is None
    assert len(context["left_out"]) == 2


def test_a_senseless_builder_is_refused():
    with pytest.raises(ConfigurationError):
        ContextBuilder(max_tokens=0)
