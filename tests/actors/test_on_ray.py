from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import ray

from actors.event_log import read_run
from actors.folds import fold_episode
from actors.in_process import EpisodeSetup, run_episode
from actors.journal import EventEnvelope
from actors.messages import CODEC, RunSubtask, pack
from actors.rehearsal.mini_site import MINI_URL, mini_host
from actors.rehearsal.plans import (
    chain,
    fork,
    node,
    rehearsal,
    respond,
    whole_mini_task,
)
from actors.rehearsal.scripted import ClickOn, Do, NoteText
from actors.system import Call, SolveResult, System
from core.events import (
    AgentLost,
    Event,
    PageObserved,
    SpendSettled,
    StateChanged,
    SubtaskFailed,
    SubtaskStarted,
    SubtaskSucceeded,
)
from core.pages import Goto
from core.plans import Plan, PlanEdge, ValueType, Verb
from core.tasks import ResponseStatus
from environment.browsers.in_process import InProcessBrowser
from environment.transports import DirectTransport

pytestmark = pytest.mark.ray

VOTES = {"votes": ValueType.NUMBER}
PAUSE_S = 1.0


def _slow(post: int) -> tuple[ClickOn | Do | NoteText, ...]:
    posts = Do(Goto(MINI_URL + f"/posts/{post}"), pause_s=PAUSE_S)
    return (ClickOn("posts"), posts, NoteText("votes", r"(\d+) votes"))


def _writing() -> Plan:
    write = node(0, Verb.SUBMIT, "note", agent="editor", inputs={"text": "hello"})
    read = node(1, Verb.READ, "post 1", agent="scout", outputs=VOTES)
    edges = (PlanEdge(source=0, target=2), PlanEdge(source=1, target=2))
    return Plan(nodes=(write, read, respond(2, a=(1, "votes"))), edges=edges)


SYSTEM = rehearsal(
    {
        "two": fork(),
        "slow two": fork(left="slow 1", right="slow 2"),
        "write": _writing(),
        "chain": chain(6),
        "cycle": fork().model_copy(update={"edges": (PlanEdge(source=2, target=2),)}),
    },
    scripts={"slow 1": _slow(1), "slow 2": _slow(2)},
)


@pytest.fixture(scope="module")
def system(ray_instance: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    del ray_instance
    with System.start(SYSTEM, runs=tmp_path_factory.mktemp("runs"), run="t") as started:
        yield started


def _solve(
    system: System,
    intent: str,
    *,
    budget: float = 0.1,
    on_event: Callable[[Event], None] | None = None,
) -> tuple[SolveResult, list[EventEnvelope]]:
    seen: list[EventEnvelope] = []

    def hear(envelope: EventEnvelope) -> None:
        seen.append(envelope)
        if on_event is not None:
            on_event(envelope.body)

    call = Call(task=whole_mini_task(intent), budget=budget, deadline_s=60.0)
    result = system.solve(call, on_event=hear)
    fold = fold_episode(read_run(system.folder), result.episode)
    assert fold.money.settled == result.spent, "the ledger's log and the episode's sum agree"
    assert fold.money.open == 0
    assert result.spent <= result.budget
    return result, seen


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_a_task_is_solved_and_its_events_are_streamed(system: System) -> None:
    result, seen = _solve(system, "two")
    assert result.response is not None
    assert result.response.retrieved_data == [12, 7]
    assert result.verdict == {"status": "SUCCESS"}
    assert [one.body.kind for one in seen[:1] + seen[-1:]] == [
        "episode_started",
        "episode_finished",
    ]
    assert max(len(CODEC.pack(one)) for one in seen) <= 8_192
    kept = {one.id for one in read_run(system.folder)}
    assert {one.id for one in seen} <= kept, "whoever hears the end finds a whole log"


def test_the_same_seeds_give_the_same_fold_on_ray_and_in_this_process(system: System) -> None:
    for intent in ("two", "write", "chain"):
        result, _ = _solve(system, intent)
        here: list[EventEnvelope] = []
        cookies = tuple(mini_host().cookies_for(None))
        setup = EpisodeSetup(
            episode=result.episode, task=_public(intent), budget=0.1, cookies=cookies
        )
        browser = InProcessBrowser(DirectTransport(mini_host()))
        run_episode(setup, SYSTEM, browser, on_event=here.append)
        there = read_run(system.folder)
        assert fold_episode(there, result.episode) == fold_episode(here, result.episode)


def _public(intent: str):
    return whole_mini_task(intent).public({"mini": MINI_URL})


def test_two_branches_really_run_at_the_same_time(system: System) -> None:
    _, seen = _solve(system, "slow two")
    spans = {}
    for envelope in seen:
        body = envelope.body
        if isinstance(body, SubtaskStarted) and body.node < 2:
            spans[body.node] = [envelope.at_ms]
        elif isinstance(body, SubtaskSucceeded) and body.node < 2:
            spans[body.node].append(envelope.at_ms)
    (left_from, left_to), (right_from, right_to) = spans[0], spans[1]
    overlap = min(left_to, right_to) - max(left_from, right_from)
    assert overlap > 0.5 * max(left_to - left_from, right_to - right_from)


def test_a_killed_web_agent_costs_its_attempt_and_not_the_episode(system: System) -> None:
    pid = ray.get(system.pool.agents["scout"].pid.remote(), timeout=30)
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, PageObserved) and event.agent == "scout" and not killed:
            killed.append(pid)
            _kill(pid)

    result, seen = _solve(system, "slow two", on_event=kill)
    assert killed
    assert result.response is not None
    assert result.response.status is ResponseStatus.SUCCESS
    bodies = [envelope.body for envelope in seen]
    assert [body.agent for body in bodies if isinstance(body, AgentLost)] == ["scout"]
    (lost,) = [body for body in bodies if isinstance(body, SubtaskFailed)]
    assert lost.spent > 0, "what may have gone out counts"
    again = [body for body in bodies if isinstance(body, SubtaskStarted) and body.node == 0]
    assert [body.attempt for body in again] == [1, 2]


def test_a_killed_budget_tracker_comes_back_from_the_log(system: System) -> None:
    pid = ray.get(system.pool.budget.pid.remote(), timeout=30)
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, PageObserved) and not killed:
            killed.append(pid)
            _kill(pid)

    result, _ = _solve(system, "slow two", on_event=kill)
    assert killed
    assert result.response is not None
    assert result.response.status is ResponseStatus.SUCCESS
    own = [one.body for one in read_run(system.folder) if one.trace == result.episode]
    closed = [body.reservation for body in own if isinstance(body, SpendSettled)]
    assert len(closed) == len(set(closed)), "nothing is settled twice"
    assert ray.get(system.pool.budget.pid.remote(), timeout=30) != pid


def test_a_killed_orchestrator_takes_the_episode_up_from_the_log(system: System) -> None:
    pid = ray.get(system.pool.orchestrator.pid.remote(), timeout=30)
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, PageObserved) and not killed:
            killed.append(pid)
            _kill(pid)

    result, _ = _solve(system, "slow two", on_event=kill)
    assert killed
    assert result.response is not None, result.reason
    assert result.response.retrieved_data == [12, 7]


def test_a_write_is_in_the_log_of_the_world_before_the_page_is_seen(system: System) -> None:
    result, _ = _solve(system, "write")
    own = [one for one in read_run(system.folder) if one.trace == result.episode]
    (changed,) = [one.body for one in own if isinstance(one.body, StateChanged)]
    assert (changed.method, changed.path, changed.status) == ("POST", "/note", 303)


@pytest.mark.parametrize(
    ("intent", "budget", "reason"),
    [
        ("cycle", 0.1, "wait for each other"),
        ("two", 0.0, "does not cover planning"),
        ("unheard of", 0.1, "no plan for"),
    ],
)
def test_what_cannot_be_done_ends_by_itself_and_says_why(
    system: System, intent: str, budget: float, reason: str
) -> None:
    result, _ = _solve(system, intent, budget=budget)
    assert reason in result.reason


def test_a_subtask_sent_twice_is_run_once(system: System) -> None:
    asked = RunSubtask(
        subtask="twice/0.1", episode="twice", node=fork().nodes[0], attempt=1, agent="scout",
        price_factor=1.0, arguments={}, base_url=MINI_URL, start_url=MINI_URL, site_notes={},
    )  # fmt: skip
    agent = system.pool.agents["scout"]
    first = [CODEC.unpack(ray.get(one)).body for one in agent.run_subtask.remote(pack(asked))]
    assert isinstance(first[-1], SubtaskFailed), "no ledger is open: nothing may be spent"
    assert list(agent.run_subtask.remote(pack(asked))) == []


def test_no_file_of_a_run_holds_what_only_the_judge_may_know(system: System) -> None:
    canary = "c4n4ry-4711"
    task = whole_mini_task("two").model_copy(update={"verified": {"answer": canary}})
    seen: list[EventEnvelope] = []
    system.solve(Call(task=task, budget=0.1), on_event=seen.append)
    assert canary not in str(seen)
    for file in Path(system.folder).iterdir():
        assert canary.encode() not in file.read_bytes(), file.name
