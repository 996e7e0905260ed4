from __future__ import annotations

from dataclasses import replace

import pytest

from actors.folds import EpisodeFold, fold_episode
from actors.in_process import EpisodeResult, EpisodeSetup, run_episode
from actors.journal import EventEnvelope
from actors.rehearsal.mini_site import MINI_URL, mini_host
from actors.rehearsal.plans import chain, fork, mini_task, node, rehearsal, respond
from actors.rehearsal.scripted import ClickOn, Do, NoteText, NoteValue, ScriptedPlanner
from core.budget import Enforcement
from core.events import FailureKind, PageObserved, StateChanged, SubtaskFailed
from core.pages import Goto
from core.plans import Plan, PlanEdge, ValueType, Verb
from core.tasks import ResponseStatus
from environment.browsers.in_process import InProcessBrowser
from environment.transports import DirectTransport
from planner.requests import PlanRequest

VOTES = {"votes": ValueType.NUMBER}


def _visit(path: str) -> tuple[Do, ...]:
    return (Do(Goto(MINI_URL + path)), NoteValue("votes", 1))


def _one(about: str, *, cost_bound: int = 0, step_cap: int = 10) -> Plan:
    first = node(
        0, Verb.READ, about, agent="scout", outputs=VOTES, cost_bound=cost_bound, step_cap=step_cap
    )
    return Plan(nodes=(first, respond(1, a=(0, "votes"))), edges=(PlanEdge(source=0, target=1),))


def _run(
    plan: Plan,
    *,
    budget: float = 0.1,
    deadline_s: float | None = None,
    enforcement: Enforcement = Enforcement.ENFORCE,
    max_ticks: int = 100,
    **scripts: tuple,
) -> tuple[EpisodeResult, EpisodeFold, list[EventEnvelope]]:
    events: list[EventEnvelope] = []
    setup = EpisodeSetup(
        episode="e",
        task=mini_task("x"),
        budget=budget,
        enforcement=enforcement,
        max_ticks=max_ticks,
    )
    transport = DirectTransport(mini_host(hang_s=0.6), deadline_s=deadline_s)
    system = rehearsal({"x": plan}, scripts=scripts)
    result = run_episode(setup, system, InProcessBrowser(transport), on_event=events.append)
    transport.close()
    fold = fold_episode(events, "e")
    assert fold.spent == fold.money.settled == result.spent, "the log, its sum and the ledger agree"
    assert fold.money.open == 0
    return result, fold, events


def _failures(fold: EpisodeFold) -> list[FailureKind]:
    return [
        event.failure
        for ends in fold.nodes.values()
        for event in ends
        if isinstance(event, SubtaskFailed)
    ]


def test_two_branches_are_read_and_answered() -> None:
    result, fold, _ = _run(fork())
    assert result.response.retrieved_data == [12, 7]
    assert _failures(fold) == []


def test_the_same_seeds_give_the_same_events() -> None:
    assert _run(fork())[2] == _run(fork())[2]


def test_every_event_names_its_cause() -> None:
    *_, events = _run(fork())
    unexplained = [one.body.kind for one in events if not one.cause and "budget" not in one.id]
    assert unexplained == []
    assert len({one.id for one in events}) == len(events)


def test_a_chain_of_computations_carries_a_value_to_the_end() -> None:
    result, _, _ = _run(chain(5))
    assert result.response.retrieved_data == [1]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/boom", FailureKind.UNREACHABLE), ("/posts/99", FailureKind.NOT_FOUND)],
)
def test_a_site_that_fails_ends_the_episode_with_its_reason(path: str, kind: FailureKind) -> None:
    looking = (Do(Goto(MINI_URL + path)), NoteText("votes", r"(\d+) votes"))
    result, fold, _ = _run(_one("look"), look=looking)
    assert set(_failures(fold)) == {kind}
    assert result.response.status is not ResponseStatus.SUCCESS


def test_a_site_that_hangs_is_unreachable_and_not_waited_for() -> None:
    result, fold, _ = _run(_one("look"), deadline_s=0.1, look=_visit("/hang"))
    assert set(_failures(fold)) == {FailureKind.UNREACHABLE}
    assert "time-out" in result.reason


def test_a_page_of_five_megabytes_is_read_and_stays_small_in_the_log() -> None:
    result, _, events = _run(_one("look"), look=_visit("/big"))
    assert result.response.status is ResponseStatus.SUCCESS
    (big,) = [one.body for one in events if isinstance(one.body, PageObserved) and one.body.problem]
    assert big.problem.startswith("page truncated")
    assert len(str(big)) < 8_000


def test_bytes_that_are_not_utf8_are_a_page_all_the_same() -> None:
    assert _run(_one("look"), look=_visit("/latin"))[0].response.status is ResponseStatus.SUCCESS


def test_a_budget_of_zero_ends_at_once_and_spends_nothing() -> None:
    result, fold, _ = _run(fork(), budget=0.0)
    assert result.spent == 0
    assert "does not cover planning" in result.reason
    assert fold.nodes == {}


def test_a_budget_that_runs_out_stops_before_it_is_exceeded() -> None:
    result, fold, _ = _run(fork(), budget=0.000_1)
    assert result.spent <= 100
    assert FailureKind.BUDGET in _failures(fold)


def test_observing_meters_beyond_the_budget_and_refuses_nothing() -> None:
    result, _, _ = _run(fork(), budget=0.000_1, enforcement=Enforcement.OBSERVE)
    assert result.response.status is ResponseStatus.SUCCESS
    assert result.spent > 100


def test_a_nodes_own_bound_holds_over_all_of_its_attempts() -> None:
    _, fold, _ = _run(_one("post 1", cost_bound=45))
    assert _failures(fold) == [FailureKind.BUDGET]
    assert sum(amount for key, amount in fold.settled.items() if "/0." in key) <= 45


def test_an_episode_that_goes_in_circles_ends_by_its_ticks() -> None:
    circle = (ClickOn("posts"), Do(Goto(MINI_URL + "/"))) * 40
    result, _, _ = _run(_one("circle", step_cap=90), max_ticks=4, circle=circle)
    assert "out of time after 4 ticks" in result.reason


def test_a_task_that_nobody_can_plan_says_so() -> None:
    setup = EpisodeSetup(episode="e", task=mini_task("unheard of"), budget=0.1)
    browser = InProcessBrowser(DirectTransport(mini_host()))
    result = run_episode(setup, rehearsal({}), browser)
    assert "no plan for 'unheard of'" in result.reason


class ModelPlanner(ScriptedPlanner):
    """Pays for a model's call out of the request's purse, as a provider's wrapper does."""

    def plan(self, request: PlanRequest) -> Plan:
        assert request.purse is not None
        assert request.purse.reserve("call", 500) == ""
        request.purse.settle("call", 300)
        assert "micro-dollars left" in request.purse.reserve("too dear", 10**9)
        return super().plan(request)


def test_what_a_planner_pays_a_model_is_in_the_episodes_sum() -> None:
    system = replace(rehearsal({}), planner=lambda: ModelPlanner({"x": fork()}))
    events: list[EventEnvelope] = []
    setup = EpisodeSetup(episode="e", task=mini_task("x"), budget=0.1)
    browser = InProcessBrowser(DirectTransport(mini_host()))
    result = run_episode(setup, system, browser, on_event=events.append)
    fold = fold_episode(events, "e")
    assert fold.settled["e/model1/call"] == 300
    assert fold.spent == fold.money.settled == result.spent


def test_writes_reach_the_world_once() -> None:
    host = mini_host()
    write = node(0, Verb.SUBMIT, "note", agent="editor", inputs={"text": "hello"})
    plan = Plan(nodes=(write, respond(1)), edges=(PlanEdge(source=0, target=1),))
    setup = EpisodeSetup(episode="e", task=mini_task("x"), budget=0.1)
    run_episode(setup, rehearsal({"x": plan}), InProcessBrowser(DirectTransport(host)))
    assert host.tables()["mini"]["notes"] == [{"id": 0, "text": "hello"}]
    assert StateChanged.durable
