import io

from rich.console import Console

from core.events import (
    ActionTaken,
    EpisodeFinished,
    EpisodeStarted,
    PageObserved,
    PlanMade,
    Replanned,
    SubtaskFailed,
    SubtaskStarted,
    SubtaskSucceeded,
    Trigger,
)
from core.plans import EffortTier
from core.tasks import AgentResponse, ResponseStatus, TaskType
from environment.judge.verdict import Verdict
from scripts.solve_view import EpisodeBoard
from tests.planner.plans_for_tests import chain

PLAN = chain()


def drawn(board, width=120):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(board)
    return console.file.getvalue()


def told(*events):
    board = EpisodeBoard(title="task 404")
    start = EpisodeStarted(
        episode="e", task="404", intent="Vote [now]", budget=5_000, hard_cap=5_000, seed=0
    )
    for event in (start, PlanMade(episode="e", plan=PLAN), *events):
        board.apply(event)
    return board


def started(node, agent="scout"):
    return SubtaskStarted(
        episode="e", node=node, attempt=1, agent=agent, tier=EffortTier.RULES, arguments={}
    )


def test_the_plan_stands_with_what_each_node_waits_for():
    text = drawn(told())
    assert "0 find forum" in text
    assert "1 ← 0 toggle newest post" in text
    assert "2 ← 1 respond answer" in text
    assert text.count("○") == 3


def test_eighty_columns_hold_every_edge_and_all_of_the_money():
    board = told()
    board.take_money(spent=1_234, reserved=56)
    lines = drawn(board, width=80).splitlines()
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "1 ← 0" in text
    assert "2 ← 1" in text
    (money,) = [line for line in lines if "budget" in line]
    assert "━" in money
    assert "spent $0.001234 + reserved $0.000056 of $0.005000" in money


def test_a_node_that_succeeded_shows_cost_and_values():
    done = SubtaskSucceeded(
        episode="e",
        node=0,
        attempt=1,
        agent="reader",
        outputs={"url": "/f/books"},
        steps=2,
        spent=55,
    )
    text = drawn(told(started(0), done))
    assert "✔ 0 find forum" in text
    assert "reader" in text
    assert "$0.000055" in text
    assert "url=/f/books" in text


def test_page_titles_with_brackets_are_text_and_no_markup():
    page = PageObserved(
        episode="e",
        node=0,
        agent="scout",
        url="http://x/",
        title="[red]not markup[/red]",
        status=200,
        num_elements=3,
        shown_tokens=10,
    )
    click = ActionTaken(
        episode="e", node=0, agent="scout", step=1, action="click", label="link [/] Books"
    )
    text = drawn(told(started(0), page, click))
    assert "[red]not markup[/red]" in text
    assert "link [/] Books" in text
    assert "Vote [now]" in text


def test_replans_stay_visible_to_the_end_and_failures_say_why():
    failed = SubtaskFailed(
        episode="e",
        node=1,
        attempt=1,
        agent="editor",
        failure="action",
        reason="no such button",
        steps=3,
        spent=90,
    )
    replanned = Replanned(
        episode="e",
        trigger=Trigger.ACTION_FAILURE,
        reason="no such button",
        repair="reroute",
        fingerprint="f",
        plan=PLAN,
    )
    finished = EpisodeFinished(
        episode="e",
        response=AgentResponse(task_type=TaskType.MUTATE, status=ResponseStatus.UNKNOWN_ERROR),
        reason="gave up",
        spent=321,
        replans=1,
    )
    board = told(started(1), failed, replanned, finished)
    board.verdict = Verdict(official=0.0, official_status="failure", strict=False, reasons=("x",))
    text = drawn(board)
    assert "action: no such button" in text
    assert "because  gave up" in text
    assert "reroute after action_failure" in text
    assert "spent $0.000321 + reserved $0.000000" in text
    assert "MUTATE UNKNOWN_ERROR" in text
    assert "official 0.0 ✘" in text
