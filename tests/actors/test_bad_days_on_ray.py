"""What goes wrong on Ray is told, ends by itself, and leaves every micro-dollar accounted for."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import ray

from actors.event_log import read_run
from actors.folds import EpisodeFold, fold_episode
from actors.rehearsal.mini_site import MINI_URL
from actors.rehearsal.plans import node, rehearsal, respond, whole_mini_task
from actors.rehearsal.scripted import ClickOn, Do, NoteText, NoteValue, Step
from actors.system import Call, SolveResult, System
from core.events import (
    EpisodeFinished,
    Event,
    FailureKind,
    PageObserved,
    SpendSettled,
    SubtaskFailed,
)
from core.pages import Goto
from core.plans import Plan, PlanEdge, ValueType, Verb
from core.tasks import ResponseStatus

pytestmark = pytest.mark.ray

UNHEARD = "nobody waits for it any more"
PATHS = ("boom", "hang", "big", "latin")


def _one(about: str, agent: str = "scout", waits_for: int = 0) -> Plan:
    first = node(0, Verb.READ, about, agent=agent, outputs={"votes": ValueType.NUMBER})
    edges = (PlanEdge(source=waits_for, target=1),)
    return Plan(nodes=(first, respond(1, a=(0, "votes"))), edges=edges)


def _visit(path: str) -> tuple[Step, ...]:
    return (Do(Goto(f"{MINI_URL}/{path}")), NoteValue("votes", 1))


SLOW = (
    ClickOn("posts"),
    Do(Goto(MINI_URL + "/posts/1"), pause_s=1.0),
    NoteText("votes", r"(\d+) votes"),
)
SYSTEM = rehearsal(
    {path: _one(path) for path in PATHS}
    | {
        "slow": _one("slow"),
        "nobody": _one("latin", agent="nobody"),
        "nothing": _one("latin", waits_for=7),
    },
    scripts={"slow": SLOW} | {path: _visit(path) for path in PATHS},
)


@pytest.fixture(scope="module")
def system(ray_instance: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One system has all the bad days, one after the other."""
    del ray_instance
    with System.start(SYSTEM, runs=tmp_path_factory.mktemp("runs"), run="bad") as started:
        yield started


def _solve(
    system: System,
    intent: str,
    *,
    deadline_s: float = 60.0,
    patience_s: float = 90.0,
    on_event: Callable[[Event], object] = repr,
) -> tuple[SolveResult, EpisodeFold]:
    call = Call(
        task=whole_mini_task(intent), budget=0.1, deadline_s=deadline_s, patience_s=patience_s
    )
    result = system.solve(call, on_event=lambda envelope: on_event(envelope.body))
    fold = fold_episode(read_run(system.folder), result.episode)
    assert result.spent == fold.money.settled + fold.money.open
    return result, fold


def _failures(fold: EpisodeFold) -> list[SubtaskFailed]:
    return [one for ends in fold.nodes.values() for one in ends if isinstance(one, SubtaskFailed)]


def _once(act: Callable[[PageObserved], None]) -> Callable[[Event], None]:
    """Returns a listener that acts on the first page only."""
    pages: list[PageObserved] = []

    def listen(event: Event) -> None:
        if isinstance(event, PageObserved):
            pages.append(event)
            if len(pages) == 1:
                act(event)

    return listen


def test_a_page_that_is_large_broken_or_no_utf8_and_a_plan_with_flaws_all_end(system: System):
    for intent in ("big", "latin"):
        result, fold = _solve(system, intent)
        assert result.response is not None
        assert result.response.status is ResponseStatus.SUCCESS, intent
        assert fold.money.open == 0
    result, fold = _solve(system, "boom")
    assert "answered 500" in result.reason
    assert {one.failure for one in _failures(fold)} == {FailureKind.UNREACHABLE}
    for intent in ("nobody", "nothing"):  # an unknown agent, a dependency on an unknown node
        result, fold = _solve(system, intent)
        assert result.response is not None
        assert result.response.status is ResponseStatus.SUCCESS, result.reason
        (plan,) = fold.plans
        assert {one.agent for one in plan.nodes} <= set(system.pool.agents)
        assert {one.source for one in plan.edges} <= {one.id for one in plan.nodes}


@pytest.mark.slow
def test_a_site_that_hangs_costs_time_and_not_the_run(system: System):
    started = time.monotonic()
    result, fold = _solve(system, "hang", deadline_s=2.0)
    assert "out of time after 2.0 s" in result.reason
    assert time.monotonic() - started < 30.0
    assert fold.money.open == 0


def test_a_killed_world_host_is_told_and_what_was_spent_stays_spent(system: System):
    pid = ray.get(system.pool.world.pid.remote(), timeout=30)
    result, fold = _solve(system, "slow", on_event=_once(lambda _: os.kill(pid, signal.SIGKILL)))
    assert fold.money.settled > 0
    assert "cannot reach" in result.reason
    assert result.verdict is not None
    assert "gone with its host" in str(result.verdict["error"])
    assert _solve(system, "latin")[0].reason == "answered", "the next episode has its world"


@pytest.mark.slow
def test_agents_that_always_die_are_not_tried_for_ever(system: System):
    def kill(event: Event) -> None:
        if isinstance(event, PageObserved):
            agent = system.pool.agents[event.agent]
            os.kill(ray.get(agent.pid.remote(), timeout=30), signal.SIGKILL)

    result, fold = _solve(system, "slow", on_event=kill)
    assert result.response is not None
    assert result.response.status is not ResponseStatus.SUCCESS
    assert {one.failure for one in _failures(fold)} == {FailureKind.AGENT_LOST}
    assert fold.money.open == 0


def test_a_budget_tracker_killed_at_every_page_loses_and_doubles_nothing(system: System):
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, PageObserved):
            with suppress(ray.exceptions.ActorUnavailableError):  # it is just being started again
                killed.append(ray.get(system.pool.budget.pid.remote(), timeout=30))
                os.kill(killed[-1], signal.SIGKILL)

    result, fold = _solve(system, "slow", on_event=kill)
    assert result.reason == "answered"
    assert fold.money.open == 0
    own = [one.body for one in read_run(system.folder) if one.trace == result.episode]
    assert {one.kind for one in own} >= {"spend_settled", "episode_finished"}
    closed = [one.reservation for one in own if isinstance(one, SpendSettled)]
    assert len(closed) == len(set(closed))
    assert len(set(killed)) > 1


def test_an_episode_that_has_ended_is_told_again_and_not_run_again(system: System):
    call = Call(task=whole_mini_task("latin"), budget=0.1)
    first = system.solve(call, episode="one")
    events = len(read_run(system.folder))
    again = system.solve(call, episode="one")
    assert (again.response, again.spent) == (first.response, first.spent)
    assert len(read_run(system.folder)) == events


def test_a_listener_that_fails_ends_its_episode_and_hears_its_own_error(system: System):
    def fail(event: Event) -> None:
        if isinstance(event, PageObserved):
            raise ray.exceptions.GetTimeoutError("the listener's own")

    with pytest.raises(ray.exceptions.GetTimeoutError, match="own"):
        _solve(system, "slow", on_event=fail)
    until = time.monotonic() + 30.0
    while (ended := _ended(system)[-1]).reason != UNHEARD and time.monotonic() < until:
        time.sleep(0.1)
    assert ended.reason == UNHEARD
    assert fold_episode(read_run(system.folder), ended.episode).money.open == 0


def _ended(system: System) -> list[EpisodeFinished]:
    return [one.body for one in read_run(system.folder) if isinstance(one.body, EpisodeFinished)]


@pytest.mark.slow
def test_an_agent_that_stands_still_is_given_up_and_counts_in_full(system: System):
    pid = ray.get(system.pool.agents["scout"].pid.remote(), timeout=30)
    try:
        result, fold = _solve(
            system,
            "slow",
            deadline_s=2.0,
            on_event=_once(lambda _: os.kill(pid, signal.SIGSTOP)),
        )
    finally:
        os.kill(pid, signal.SIGCONT)
    assert "out of time after 2.0 s" in result.reason
    (lost,) = _failures(fold)
    assert lost.failure is FailureKind.AGENT_LOST
    assert fold.money.open == 0
    assert result.spent == fold.spent


def test_an_orchestrator_that_stands_still_is_not_waited_for_without_end(system: System):
    pid = ray.get(system.pool.orchestrator.pid.remote(), timeout=30)
    try:
        result, fold = _solve(
            system,
            "slow",
            deadline_s=1.0,
            patience_s=2.0,
            on_event=_once(lambda _: os.kill(pid, signal.SIGSTOP)),
        )
    finally:
        os.kill(pid, signal.SIGCONT)
    assert "the orchestrator does not come to an end" in result.reason
    assert result.response is None
    assert result.spent > 0
    assert fold.money.settled + fold.money.open == result.spent
