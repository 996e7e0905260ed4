from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from actors.rehearsal.plans import chain, fork, mini_task, node, respond
from core.errors import InvariantError
from core.events import (
    EpisodeFinished,
    Event,
    FailureKind,
    Replanned,
    ReplanRefused,
    SubtaskFailed,
    SubtaskStarted,
    SubtaskSucceeded,
    Trigger,
)
from core.plans import Plan, PlanEdge, ValueType, Verb
from core.tasks import AgentResponse, ResponseStatus
from planner.decisions import (
    CacheAnswer,
    Continue,
    Decision,
    GiveUp,
    Repair,
    RepairKind,
    RetryOnly,
    RunReport,
    WantNewPlan,
)
from planner.orchestrator import OrchestratorMachine
from planner.orchestrator_book import EpisodeBook
from planner.orchestrator_signals import (
    AgentBack,
    AgentGone,
    AskCache,
    AskPlanner,
    AskReplan,
    CacheAnswered,
    CancelAsked,
    CancelSubtask,
    Finish,
    Instruction,
    MoneyGranted,
    MoneyRefused,
    OrchestratorEvent,
    PlannerAnswered,
    Record,
    ReserveMoney,
    SettleMoney,
    StartSubtask,
    StorePlan,
    SubtaskEnded,
    TaskTaken,
    TimeUp,
)
from planner.replanning import ReplanningEngine
from planner.requests import PlanRequest
from policies.profiles import DEFAULT_POOL
from policies.subtask_signals import SubtaskOrder
from policies.tariff import Tariff

RESPONSE = {"task_type": "RETRIEVE", "status": "SUCCESS", "retrieved_data": [19]}


@dataclass
class Scripted:
    """A decider that answers from a list, then continues."""

    answers: list[Decision] = field(default_factory=list)
    reports: list[RunReport] = field(default_factory=list)

    def decide(self, report: RunReport) -> Decision:
        self.reports.append(report)
        return self.answers.pop(0) if self.answers else Continue()


class Episode:
    """Drives a machine, checks it after each event and keeps what it said."""

    def __init__(self, decider: Scripted | RetryOnly | ReplanningEngine | None = None) -> None:
        self.machine = OrchestratorMachine(decider or RetryOnly(), Tariff())
        self.said: list[Instruction] = []

    def feed(self, event: OrchestratorEvent) -> tuple[Instruction, ...]:
        said = self.machine.handle(event)
        self.machine.check_invariants()
        self.said += said
        return said

    def taken(
        self, *, budget: int = 100_000, history: tuple[Event, ...] = (), nodes: int = 12
    ) -> None:
        request = PlanRequest(
            task=mini_task("x"), agents=DEFAULT_POOL, budget=budget, max_nodes=nodes
        )
        self.feed(TaskTaken(id="t", episode="e", request=request, hard_cap=budget, history=history))

    def planned(self, plan: Plan | None, **given: int) -> tuple[Instruction, ...]:
        """Brings the machine to where the planner answers."""
        self.taken(**given)
        self.feed(CacheAnswered(answer=CacheAnswer(plan=None, reason="empty")))
        self.feed(MoneyGranted(reservation="e/plan0"))
        return self.feed(PlannerAnswered(plan=plan, reason="no idea"))

    def succeed(
        self,
        order: SubtaskOrder,
        outputs: dict[str, object] | None = None,
        *,
        confidence: float = 1.0,
    ) -> tuple[Instruction, ...]:
        given = {"votes": 7, "value": 7, "response": RESPONSE, "url": "/a"}
        wanted = {output.name: given[output.name] for output in order.node.outputs}
        return self.feed(
            SubtaskEnded(
                result=SubtaskSucceeded(
                    episode="e", node=order.node.id, attempt=order.attempt, agent=order.agent,
                    outputs=outputs or wanted, steps=1, spent=10, confidence=confidence,
                )
            )
        )  # fmt: skip

    def fail(
        self,
        order: SubtaskOrder,
        kind: FailureKind = FailureKind.ACTION,
        reason: str = "nothing fits",
    ) -> tuple[Instruction, ...]:
        return self.feed(
            SubtaskEnded(
                result=SubtaskFailed(
                    episode="e", node=order.node.id, attempt=order.attempt, agent=order.agent,
                    failure=kind, reason=reason, steps=1, spent=10,
                )
            )
        )  # fmt: skip

    def all(self, kind: type) -> list:
        return [step for step in self.said if isinstance(step, kind)]

    def events(self) -> list[Event]:
        return [step.event for step in self.all(Record)]

    @property
    def finish(self) -> Finish:
        (finish,) = self.all(Finish)
        return finish


def orders(said: tuple[Instruction, ...]) -> list[SubtaskOrder]:
    return [step.order for step in said if isinstance(step, StartSubtask)]


@pytest.fixture
def make() -> Iterator[Callable[..., Episode]]:
    made: list[Episode] = []

    def episode(decider: Scripted | RetryOnly | None = None) -> Episode:
        made.append(Episode(decider))
        return made[-1]

    yield episode
    for one in made:  # whatever happened, the log alone gives the same book
        again = EpisodeBook()
        again.fold(one.events())
        book = one.machine.book
        assert (again.states, again.reports, again.past) == (book.states, book.reports, book.past)
        assert (again.spent, again.failure, again.starts) == (book.spent, book.failure, book.starts)


def test_the_cache_is_asked_before_the_planner_and_money_before_both(make) -> None:
    episode = make()
    episode.taken()
    assert episode.all(AskCache)
    (_, reserve) = episode.feed(CacheAnswered(answer=CacheAnswer(plan=None, reason="empty")))
    assert isinstance(reserve, ReserveMoney)
    assert reserve.amount == Tariff().planning("rules")
    (ask,) = episode.feed(MoneyGranted(id="g", reservation="e/plan0"))
    assert isinstance(ask, AskPlanner)
    assert ask.cause == "g"


def test_a_cached_plan_runs_without_the_planner(make) -> None:
    episode = make()
    episode.taken()
    plan = fork().model_copy(update={"origin": "cache"})
    episode.feed(CacheAnswered(answer=CacheAnswer(plan=plan, reason="hit")))
    said = episode.feed(MoneyGranted(reservation="e/plan0"))
    assert len(orders(said)) == 2
    assert not episode.all(AskPlanner)
    assert episode.machine.spent == Tariff().planning("cache")


def test_a_broken_cached_plan_is_a_miss(make) -> None:
    episode = make()
    episode.taken()
    loop = Plan(
        nodes=fork().nodes, edges=(PlanEdge(source=0, target=1), PlanEdge(source=1, target=0))
    )
    episode.feed(CacheAnswered(answer=CacheAnswer(plan=loop, reason="hit")))
    episode.feed(MoneyGranted(reservation="e/plan0"))
    assert episode.all(AskPlanner)


def test_parallel_branches_start_together_on_different_agents(make) -> None:
    started = orders(make().planned(fork()))
    assert [(order.node.id, order.agent) for order in started] == [(0, "scout"), (1, "reader")]


def test_values_flow_along_data_edges_as_typed_arguments(make) -> None:
    episode = make()
    left, right = orders(episode.planned(fork()))
    episode.succeed(left, {"votes": 12})
    (answer,) = orders(episode.succeed(right, {"votes": 7}))
    assert answer.arguments == {"a": 12, "b": 7}
    episode.succeed(answer)
    assert episode.finish.response == AgentResponse.model_validate(RESPONSE)


def test_a_node_starts_on_the_page_that_another_node_found(make) -> None:
    found = node(0, Verb.FIND, "post", agent="scout", outputs={"url": ValueType.URL})
    read = node(
        1, Verb.READ, "votes", inputs={"url": (0, "url")}, types={"url": ValueType.URL},
        outputs={"votes": ValueType.NUMBER},
    )  # fmt: skip
    edges = (PlanEdge(source=0, target=1), PlanEdge(source=1, target=2))
    episode = make()
    (first,) = orders(
        episode.planned(Plan(nodes=(found, read, respond(2, a=(1, "votes"))), edges=edges))
    )
    assert first.start_url == "http://mini.localhost/"
    (second,) = orders(episode.succeed(first, {"url": "/posts/3"}))
    assert second.start_url == "http://mini.localhost/posts/3"


def test_a_node_of_a_busy_agent_goes_to_an_idle_one_with_the_same_skills(make) -> None:
    plan = fork()
    both_scouts = tuple(
        one.model_copy(update={"agent": "scout"}) if one.id < 2 else one for one in plan.nodes
    )
    started = orders(make().planned(plan.model_copy(update={"nodes": both_scouts})))
    assert [order.agent for order in started] == ["scout", "reader"]


def test_a_node_waits_when_nobody_else_has_the_skills(make) -> None:
    plan = fork()
    same = tuple(
        one.model_copy(update={"agent": "generalist"}) if one.id < 2 else one for one in plan.nodes
    )
    episode = make()
    (first,) = orders(episode.planned(plan.model_copy(update={"nodes": same})))
    (second,) = orders(episode.succeed(first))
    assert (first.agent, second.agent) == ("generalist", "generalist")


def test_a_success_is_remembered_in_the_cache_and_a_failure_is_not(make) -> None:
    episode = make()
    left, right = orders(episode.planned(fork()))
    episode.succeed(left)
    (answer,) = orders(episode.succeed(right))
    episode.succeed(answer)
    assert len(episode.all(StorePlan)) == 1
    finished = episode.events()[-1]
    assert isinstance(finished, EpisodeFinished)
    assert finished.spent == 30 + Tariff().planning("rules")


@pytest.mark.parametrize(
    ("kind", "reason", "status"),
    [
        (FailureKind.NOT_FOUND, "no such user", ResponseStatus.NOT_FOUND_ERROR),
        (FailureKind.NOT_ALLOWED, "no button", ResponseStatus.ACTION_NOT_ALLOWED_ERROR),
        (FailureKind.NOT_ALLOWED, "403", ResponseStatus.PERMISSION_DENIED_ERROR),
        (FailureKind.BUDGET, "0 left", ResponseStatus.UNKNOWN_ERROR),
    ],
)
def test_the_last_failure_decides_what_a_failing_answer_says(make, kind, reason, status) -> None:
    episode = make()
    left, right = orders(episode.planned(fork()))
    said = episode.fail(left, kind, reason)
    assert [step.agent for step in said if isinstance(step, CancelSubtask)] == ["reader"]
    assert not episode.all(Finish), "what runs is waited for, so that its money is known"
    episode.fail(right, FailureKind.CANCELLED, "the episode ends")
    assert episode.finish.response.status is status
    assert reason in (episode.finish.response.error_details or "")


def test_a_failed_node_is_tried_again_and_what_is_done_stays_done(make) -> None:
    episode = make()
    left, right = orders(episode.planned(fork()))
    episode.succeed(left)
    (again,) = orders(episode.fail(right))
    assert (again.node.id, again.attempt) == (1, 2)
    (answer,) = orders(episode.succeed(again))
    assert answer.node.id == 2
    starts = [event.node for event in episode.events() if isinstance(event, SubtaskStarted)]
    assert starts == [0, 1, 1, 2]


def test_a_lost_agents_node_is_tried_again_and_costs_what_was_settled(make) -> None:
    episode = make()
    left, _ = orders(episode.planned(fork()))
    before = episode.machine.spent
    said = episode.feed(AgentGone(agent="scout", reason="killed", spent=123))
    assert episode.machine.spent == before + 123
    assert [(order.node.id, order.agent) for order in orders(said)] == [(0, "generalist")]
    episode.succeed(left)  # its late word is not heard
    assert episode.machine.book.reports[0].outputs is None


def test_with_every_agent_gone_for_good_the_episode_ends(make) -> None:
    episode = make()
    episode.planned(fork())
    for agent in DEFAULT_POOL:
        episode.feed(AgentGone(agent=agent.id, reason="killed", is_final=True))
    assert "no agent is left" in episode.finish.reason


def test_a_node_waits_for_a_lost_agent_that_will_be_back(make) -> None:
    episode = make()
    episode.planned(chain(1))
    for agent in DEFAULT_POOL:
        episode.feed(AgentGone(agent=agent.id, reason="killed"))
    assert not episode.all(Finish)
    assert [order.node.id for order in orders(episode.feed(AgentBack(agent="generalist")))] == [0]


def _repair(kind: RepairKind, plan: Plan) -> Repair:
    return Repair(kind=kind, plan=plan, trigger=Trigger.ACTION_FAILURE, reason="r", fingerprint="f")


WANT = WantNewPlan(trigger=Trigger.REPEATED_FAILURES, node=1, reason="again", fingerprint="f")


def test_a_repair_keeps_what_is_done_and_cancels_what_it_changes(make) -> None:
    plan = fork()
    changed = plan.nodes[1].model_copy(update={"step_cap": 3})
    other = plan.model_copy(update={"nodes": (plan.nodes[0], changed, plan.nodes[2])})
    episode = make(Scripted([_repair(RepairKind.REROUTE, other)]))
    left, right = orders(episode.planned(plan))
    said = episode.succeed(left)
    assert [step.subtask for step in said if isinstance(step, CancelSubtask)] == [right.id]
    (again,) = orders(said)
    assert (again.node.id, again.attempt, again.node.step_cap) == (1, 1, 3) or again.attempt == 2
    assert again.agent != right.agent, "the first attempt has not ended yet"
    episode.fail(right, FailureKind.CANCELLED, "replanned")
    (answer,) = orders(episode.succeed(again))
    assert answer.arguments == {"a": 7, "b": 7}


def test_a_new_plan_is_paid_for_and_counted_even_when_none_comes(make) -> None:
    episode = make(Scripted([Continue(), WANT]))
    left, right = orders(episode.planned(fork()))
    episode.succeed(left)
    (_, reserve) = episode.fail(right)
    assert isinstance(reserve, ReserveMoney)
    episode.feed(MoneyGranted(reservation=reserve.reservation))
    (ask,) = episode.all(AskReplan)
    assert ask.request.nodes[0].outputs == {"votes": 7}
    episode.feed(PlannerAnswered(plan=None, reason="no idea"))
    assert episode.finish.reason == "nothing fits"
    assert [past.changed for past in episode.machine.book.past] == [False]
    assert episode.machine.book.replans == 1
    assert len(episode.all(SettleMoney)) == 2


def test_a_new_plan_that_breaks_rules_changes_nothing(make) -> None:
    plan = fork()
    cyclic = plan.model_copy(update={"edges": (*plan.edges, PlanEdge(source=2, target=0))})
    episode = make(Scripted([Continue(), _repair(RepairKind.SPLIT, cyclic)]))
    left, right = orders(episode.planned(plan))
    episode.succeed(left)
    episode.fail(right)
    assert any(isinstance(event, ReplanRefused) for event in episode.events())
    assert not any(isinstance(event, Replanned) for event in episode.events())
    assert episode.machine.is_ended


def test_a_decider_that_never_gives_up_does_not_run_forever(make) -> None:
    class Stubborn(Scripted):
        def decide(self, report: RunReport) -> Decision:
            return _repair(RepairKind.RETRY, report.plan)

    episode = make(Stubborn())
    left, right = orders(episode.planned(fork()))
    episode.succeed(right)
    waiting = [left]
    for _ in range(50):
        if not waiting:
            break
        waiting = orders(episode.fail(waiting[0]))
    assert episode.machine.is_ended
    assert "tried 5 times" in episode.finish.reason


def test_a_given_up_episode_ends_with_the_reason(make) -> None:
    give_up = GiveUp(trigger=Trigger.CONSTRAINT_VIOLATION, reason="too dear", fingerprint="f")
    episode = make(Scripted([give_up]))
    left, right = orders(episode.planned(fork()))
    episode.succeed(left)
    episode.succeed(right)
    assert episode.finish.reason == "too dear"


def test_time_ends_an_episode_and_the_second_time_without_waiting(make) -> None:
    episode = make()
    episode.planned(fork())
    episode.feed(TimeUp())
    assert not episode.all(Finish)
    episode.feed(TimeUp())
    assert episode.finish.reason == "out of time"
    assert episode.feed(TimeUp()) == ()


def test_an_episode_can_be_cancelled_in_any_phase(make) -> None:
    early = make()
    early.taken()
    early.feed(CancelAsked(reason="never mind"))
    assert early.finish.reason == "never mind"
    late = make()
    late.planned(chain(1))
    late.feed(CancelAsked())
    assert late.all(CancelSubtask)


def test_a_result_told_twice_counts_once(make) -> None:
    episode = make()
    left, _ = orders(episode.planned(fork()))
    episode.succeed(left)
    spent = episode.machine.spent
    assert episode.succeed(left) == ()
    assert episode.machine.spent == spent


def test_an_event_that_cannot_happen_is_our_bug() -> None:
    with pytest.raises(InvariantError, match="PlannerAnswered cannot happen while new"):
        Episode().machine.handle(PlannerAnswered(plan=None))


def test_a_budget_of_zero_ends_with_a_clear_message(make) -> None:
    episode = make()
    episode.taken(budget=0)
    episode.feed(CacheAnswered(answer=CacheAnswer(plan=None, reason="empty")))
    episode.feed(MoneyRefused(reservation="e/plan0", reason="episode has 0 of 0 left"))
    assert "does not cover planning" in episode.finish.reason
    assert episode.finish.response.status is ResponseStatus.UNKNOWN_ERROR


def _bad(**changes: object) -> Plan:
    return fork().model_copy(update=changes)


def _with_node(**changes: object) -> Plan:
    nodes = fork().nodes
    return _bad(nodes=(nodes[0].model_copy(update=changes), *nodes[1:]))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (_bad(edges=(*fork().edges, PlanEdge(source=2, target=0))), "wait for each other"),
        (_with_node(site="nowhere"), "nowhere"),
        (_bad(nodes=()), "at least one node"),
        (_bad(nodes=(*fork().nodes, fork().nodes[0])), "have id 0"),
        (_bad(nodes=fork().nodes[:2], edges=()), "exactly one respond node"),
        (None, "no idea"),
    ],
)
def test_a_plan_that_breaks_rules_ends_with_a_clear_message(
    make, plan: Plan | None, message: str
) -> None:
    episode = make()
    episode.planned(plan)
    assert message in episode.finish.reason


@pytest.mark.parametrize(
    "plan",
    [
        _with_node(agent="nobody"),
        _bad(edges=(*fork().edges, PlanEdge(source=0, target=99))),
    ],
)
def test_a_plan_with_an_unknown_agent_or_dependency_is_mended(make, plan: Plan) -> None:
    assert len(orders(make().planned(plan))) == 2


def test_an_episode_is_taken_up_from_its_log(make) -> None:
    before = make()
    left, right = orders(before.planned(fork()))
    before.succeed(left)
    before.fail(right)
    after = make()
    after.taken(history=tuple(before.events()))
    # the second attempt at node 1 was under way; node 0 is not run again
    assert [(order.node.id, order.attempt) for order in orders(tuple(after.said))] == [(1, 3)]
    assert len(after.machine.book.past) == 2
    after.said[:0] = before.said  # for the fixture: the log is one


def test_a_crash_while_a_new_plan_is_made_does_not_ask_for_it_again(make) -> None:
    before = make(Scripted([Continue(), WANT]))
    left, right = orders(before.planned(fork()))
    before.succeed(left)
    (_, reserve) = before.fail(right)
    before.feed(MoneyGranted(reservation=reserve.reservation))
    assert before.all(AskReplan)
    after = make(Scripted([WANT] * 9))
    after.taken(history=tuple(before.events()))
    assert after.all(AskReplan) == after.all(ReserveMoney) == []
    assert after.machine.is_ended, "no replan storm over restarts"
    after.said[:0] = before.said


def test_an_event_takes_a_fraction_of_a_millisecond() -> None:
    length = 100
    episode = Episode(ReplanningEngine())
    waiting = orders(episode.planned(chain(length), nodes=length + 1))
    spent = []
    while waiting:
        order = waiting[0]
        outputs = {"value": 1} if order.node.id < length else {"response": RESPONSE}
        result = SubtaskSucceeded(
            episode="e", node=order.node.id, attempt=1, agent=order.agent, steps=1, spent=10,
            outputs=outputs,
        )  # fmt: skip
        started = time.process_time()
        said = episode.machine.handle(SubtaskEnded(result=result))
        spent.append(time.process_time() - started)
        waiting = orders(said)
    assert episode.machine.is_ended
    assert sorted(spent)[len(spent) // 2] < 0.001, "five times the target, for a loaded machine"
