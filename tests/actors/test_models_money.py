"""A model's money when the attempt that asked for it is over before the model answers."""

from __future__ import annotations

import asyncio
import threading

import pytest

from actors.episodes import EpisodeRun, Ports
from actors.journal import Journal, TickClock
from actors.ledgers import Ledgers
from actors.messages import MoveMoney, OpenLedger, PlanFound, RunSubtask, SolveTask
from actors.model_money import CallPurse
from actors.purses import LedgerPurse, Spender
from actors.rehearsal.plans import fork, mini_task
from actors.subtasks import SubtaskRun
from core.budget import BudgetTracker, Enforcement
from core.errors import LedgerUnavailableError
from core.events import EpisodeFinished, SubtaskFailed
from core.pages import Answer, Observation
from core.plans import PlanNode, Subgoal, Verb
from planner.decisions import RetryOnly
from planner.orchestrator import OrchestratorMachine
from policies import rendering
from policies.compute import derive
from policies.profiles import DEFAULT_POOL
from policies.subtask import SubtaskMachine, SubtaskParts
from policies.tariff import Tariff
from policies.view import Choice


def test_after_it_is_closed_a_purse_pays_nothing_more() -> None:
    ledger = BudgetTracker(0.01)
    purse = CallPurse(LedgerPurse(ledger, "a/", Spender(holder="a")))
    assert purse.reserve("out", 3_000) == ""
    assert purse.reserve("back", 1_000) == ""
    purse.refund("back")
    purse.close()
    purse.close()
    assert (ledger.spent, ledger.reserved, purse.spent) == (3_000, 0, 3_000)
    purse.settle("out", 10)
    purse.refund("out")
    assert purse.reserve("late", 1) == "whoever asked is gone"
    assert (ledger.spent, ledger.reserved, purse.spent) == (3_000, 0, 3_000)


def test_a_ledger_that_does_not_answer_counts_at_the_bound_that_its_lease_settles() -> None:
    class Silent:
        def reserve(self, request: str, upper_bound: int) -> str:
            del request, upper_bound
            return ""

        def settle(self, request: str, actual: int) -> None:
            raise LedgerUnavailableError(f"{request} {actual}")

        def refund(self, request: str) -> None:
            raise LedgerUnavailableError(request)

    purse = CallPurse(Silent())
    purse.reserve("a", 500)
    purse.settle("a", 20)
    purse.reserve("b", 70)
    purse.refund("b")
    assert purse.spent == 570


class Thinker:
    """A policy whose model answers only after it was given up."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.has_answered = threading.Event()

    def choose_all(self, views):
        (view,) = views
        assert view.purse.reserve("call", 700) == ""
        self.may_answer.wait(10)
        view.purse.settle("call", 5)
        self.has_answered.set()
        return [Choice(action=Answer(), confidence=1.0)]


class Sheet:
    async def observe(self) -> Observation:
        return Observation(url="http://x.localhost/", title="", status=200, elements=())

    async def close(self) -> None:
        return


class Stationer:
    async def open(self, url: str, **_: object) -> Sheet:
        del url
        return Sheet()


class Teller:
    """A ledger on the run's own loop, as a budget actor answers."""

    def __init__(self) -> None:
        self.events = []
        clock = TickClock()
        self.ledgers = Ledgers(Journal("budget", self.events.append, clock=clock), clock)
        asked = OpenLedger(
            episode="e", budget=10_000, hard_cap=10_000, enforcement=Enforcement.ENFORCE
        )
        self.ledgers.open(asked)

    async def move(self, asked: MoveMoney):
        await asyncio.sleep(0)
        return self.ledgers.move(asked)


@pytest.mark.parametrize("cost_bound", [0, 5_000])
def test_a_choice_that_comes_too_late_is_in_the_attempts_sum_at_its_bound(cost_bound) -> None:
    thinker, teller = Thinker(), Teller()
    node = PlanNode(
        id=0,
        subgoal=Subgoal(verb=Verb.READ, object="x"),
        agent="a",
        site="x",
        cost_bound=cost_bound,
    )
    asked = RunSubtask(
        subtask="e/0.1",
        episode="e",
        node=node,
        attempt=1,
        agent="a",
        price_factor=1.0,
        arguments={},
        base_url="http://x.localhost",
        start_url="http://x.localhost/",
        site_notes={},
    )
    parts = SubtaskParts(pricing=Tariff(), rendering=rendering, computation=derive)
    run = SubtaskRun(
        asked, SubtaskMachine(parts), thinker, Stationer(), teller, choice_deadline_s=0.05
    )

    async def ended() -> SubtaskFailed:
        seen = [event async for event in run.run()]
        thinker.may_answer.set()
        assert await asyncio.to_thread(thinker.has_answered.wait, 10)
        return seen[-1]

    result = asyncio.run(ended())
    state = teller.ledgers.state("e")
    assert "no choice after" in result.reason
    assert (state.spent, state.reserved) == (result.spent, 0)
    assert result.spent == 700 + Tariff().charge(node.tier, 1.0, 0, "goto")


class Dreamer:
    """A planner whose model answers only after the episode was out of time."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.has_answered = threading.Event()

    def plan(self, request):
        assert request.purse.reserve("call", 900) == ""
        self.may_answer.wait(10)
        request.purse.settle("call", 5)
        self.has_answered.set()
        return fork()

    def replan(self, request):
        raise AssertionError(request)


class Budget(Teller):
    """The whole port that an episode wants."""

    async def open(self, asked) -> None:
        self.ledgers.open(asked)

    async def close_holder(self, asked):
        return self.ledgers.close_holder(asked)

    async def close(self, asked) -> None:
        self.final = self.ledgers.state(asked.episode)
        self.ledgers.close(asked.episode)


class Forgetful:
    async def look_up(self, asked) -> PlanFound:
        del asked
        return PlanFound(plan=None, reason="nothing is remembered")


@pytest.mark.parametrize("asks_people", [False, True])
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_plan_that_comes_too_late_is_in_the_episodes_sum_at_its_bound(
    is_cancelled, asks_people
) -> None:
    dreamer, budget = Dreamer(), Budget()
    ports = Ports(
        agents={},
        profiles=DEFAULT_POOL,
        budget=budget,
        cache=Forgetful(),
        planner=dreamer,
        asks_people=asks_people,
    )
    asked = SolveTask(
        episode="e",
        task=mini_task("x"),
        budget=10_000,
        hard_cap=10_000,
        deadline_s=10.0 if is_cancelled else 0.2,
    )
    events = []
    journal = Journal("orchestrator", events.append, clock=TickClock())
    run = EpisodeRun(asked, OrchestratorMachine(RetryOnly(), Tariff()), ports, journal)

    async def ended():
        if is_cancelled:
            asyncio.get_running_loop().call_later(0.2, run.cancel, "no more")
        seen = [envelope async for batch in run.run() for envelope in batch]
        dreamer.may_answer.set()
        assert await asyncio.to_thread(dreamer.has_answered.wait, 10)
        return seen[-1].body

    finished = asyncio.run(ended())
    assert isinstance(finished, EpisodeFinished)
    assert ("no more" if is_cancelled else "out of time") in finished.reason
    assert finished.spent == budget.final.spent >= 900
    assert budget.final.reserved == 0
