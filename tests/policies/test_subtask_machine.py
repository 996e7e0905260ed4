from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from core.errors import InvariantError
from core.events import ActionTaken, FailureKind, PageObserved, SubtaskFailed, SubtaskSucceeded
from core.pages import (
    Answer,
    Back,
    Click,
    Element,
    Expand,
    Fill,
    Goto,
    Note,
    Observation,
    Stop,
    Value,
)
from core.plans import NodeOutput, PlanNode, Postcondition, Subgoal, ValueType, Verb
from policies import rendering
from policies.subtask import MAX_REPEATS, SubtaskMachine, SubtaskParts
from policies.subtask_signals import (
    Act,
    Begun,
    Cancelled,
    ChoiceMade,
    Choose,
    End,
    Granted,
    Instruction,
    Open,
    PageLost,
    PageSeen,
    Refund,
    Refused,
    Report,
    Reserve,
    Settle,
    SubtaskEvent,
    SubtaskOrder,
)
from policies.tariff import Tariff
from policies.view import AgentView, Choice

TARIFF = Tariff()


def _compute(node: PlanNode, arguments: dict[str, Value]) -> dict[str, Value]:
    if "broken" in arguments:
        raise ValueError("not_found: nothing to add up")
    return {output.name: 3 for output in node.outputs}


PARTS = SubtaskParts(pricing=TARIFF, rendering=rendering, computation=_compute)


def _node(
    verb: Verb = Verb.READ, *, output: ValueType | None = ValueType.NUMBER, **fields: object
) -> PlanNode:
    outputs = () if output is None else (NodeOutput(name="votes", type=output),)
    return PlanNode(
        id=1,
        subgoal=Subgoal(verb=verb, object="votes"),
        agent="scout",
        site="reddit",
        outputs=outputs,
        **fields,
    )


def _order(node: PlanNode, arguments: dict[str, Value] | None = None) -> SubtaskOrder:
    return SubtaskOrder(
        id="e/1.1",
        episode="e",
        node=node,
        attempt=1,
        agent="scout",
        price_factor=1.0,
        arguments=arguments or {},
        base_url="http://x",
        start_url="http://x/f",
    )


PAGE = Observation(
    url="http://x/f",
    title="Forum",
    status=200,
    elements=(
        Element("link", "Newest"),
        Element("textbox", "Password"),
        Element("text", "7 votes"),
    ),
)


class Driver:
    """Feeds a machine, checks it after each event and keeps what it said."""

    def __init__(self, machine: SubtaskMachine) -> None:
        self.machine = machine
        self.said: list[Instruction] = []

    def feed(self, event: SubtaskEvent) -> tuple[Instruction, ...]:
        said = self.machine.handle(event)
        self.machine.check_invariants()
        self.said += said
        return said

    def begin(self, node: PlanNode) -> AgentView:
        """Begins, is granted the money and sees the page."""
        (reserve,) = self.feed(Begun(id="b", order=_order(node)))
        assert isinstance(reserve, Reserve)
        self.feed(Granted(reservation=reserve.reservation))
        return self.view(self.feed(PageSeen(observation=PAGE)))

    def choose(self, action: object, *, page: Observation = PAGE) -> tuple[Instruction, ...]:
        """Chooses an action, is granted its money and sees the page if there is one to see."""
        said = self.feed(ChoiceMade(choice=Choice(action=action, confidence=0.9)))
        reserves = [step for step in said if isinstance(step, Reserve)]
        if not reserves:
            return said
        said = self.feed(Granted(reservation=reserves[0].reservation))
        if any(isinstance(step, Act) for step in said):
            return self.feed(PageSeen(observation=page))
        return said

    @staticmethod
    def view(said: tuple[Instruction, ...]) -> AgentView:
        (view,) = [step.view for step in said if isinstance(step, Choose)]
        return view

    @property
    def result(self) -> SubtaskSucceeded | SubtaskFailed:
        (end,) = [step for step in self.said if isinstance(step, End)]
        return end.event

    def failure(self) -> tuple[FailureKind, str]:
        assert isinstance(self.result, SubtaskFailed)
        return self.result.failure, self.result.reason


@pytest.fixture
def driver() -> Iterator[Driver]:
    made = Driver(SubtaskMachine(PARTS))
    yield made
    reserved = {step.reservation: step.amount for step in made.said if isinstance(step, Reserve)}
    closed = [step for step in made.said if isinstance(step, Settle | Refund)]
    assert len({step.reservation for step in closed}) == len(closed), "closed twice"
    assert all(
        step.amount <= reserved[step.reservation] for step in closed if isinstance(step, Settle)
    )
    if made.machine.is_ended:
        spent = sum(step.amount for step in closed if isinstance(step, Settle))
        assert made.result.spent == spent == made.machine.spent


def test_money_is_reserved_before_the_page_is_opened_and_settled_after(driver: Driver) -> None:
    (reserve,) = driver.feed(Begun(id="b", order=_order(_node())))
    assert reserve == Reserve(
        reservation="e/1.1:0", amount=TARIFF.upper_bound(_node().tier, 1.0), cause="b"
    )
    (opened,) = driver.feed(Granted(id="g", reservation="e/1.1:0"))
    assert opened == Open(url="http://x/f", cause="g")
    settle, report, choose = driver.feed(PageSeen(id="p", observation=PAGE))
    tokens = rendering.count_tokens(PAGE, (0, 1, 2))
    charge = TARIFF.charge(_node().tier, 1.0, tokens, "goto")
    assert settle == Settle(reservation="e/1.1:0", amount=charge, cause="p")
    assert isinstance(report, Report)
    assert isinstance(report.event, PageObserved)
    assert isinstance(choose, Choose)
    assert choose.cause == "p"


def test_notes_become_outputs(driver: Driver) -> None:
    driver.begin(_node())
    view = driver.view(driver.choose(Note("votes", 7)))
    assert view.notes == {"votes": 7}
    driver.choose(Answer())
    assert isinstance(driver.result, SubtaskSucceeded)
    assert driver.result.outputs == {"votes": 7}
    assert driver.result.confidence == 0.9


def test_a_note_of_the_wrong_type_is_told_to_the_policy_and_not_kept(driver: Driver) -> None:
    driver.begin(_node())
    view = driver.view(driver.choose(Note("votes", "seven")))
    assert view.notes == {}
    assert "wants a number" in view.history[-1].problem
    view = driver.view(driver.choose(Note("other", 7)))
    assert "no output is called" in view.history[-1].problem


def test_an_answer_without_its_outputs_is_a_failure(driver: Driver) -> None:
    driver.begin(_node())
    driver.choose(Answer())
    assert driver.failure() == (FailureKind.OUTPUT, "output 'votes' is missing")


@pytest.mark.parametrize(
    ("kind", "argument", "holds"),
    [
        ("url_contains", "/f", True),
        ("url_contains", "/new", False),
        ("text_present", "7 VOTES", True),
        ("text_present", "8 votes", False),
        ("text_absent", "8 votes", True),
        ("pressed", "newest", False),
    ],
)
def test_a_postcondition_decides_about_success(
    driver: Driver, kind: str, argument: str, holds: bool
) -> None:
    condition = Postcondition.model_validate({"kind": kind, "argument": argument})
    driver.begin(_node(output=None, postcondition=condition))
    driver.choose(Answer())
    if holds:
        assert isinstance(driver.result, SubtaskSucceeded)
    else:
        assert driver.failure()[0] is FailureKind.POSTCONDITION


def test_a_refused_reservation_ends_the_attempt_before_anything_happens(driver: Driver) -> None:
    driver.feed(Begun(order=_order(_node())))
    said = driver.feed(Refused(reservation="e/1.1:0", reason="0 left"))
    assert [type(step) for step in said] == [End]
    assert driver.failure() == (FailureKind.BUDGET, "0 left")


def test_the_step_cap_ends_the_attempt(driver: Driver) -> None:
    driver.begin(_node(step_cap=2))
    view = driver.view(driver.choose(Click(0)))
    assert view.steps_left == 1
    assert driver.view(driver.choose(Back())).steps_left == 0
    driver.choose(Click(0))
    assert driver.failure() == (FailureKind.STEP_CAP, "not done after 2 actions")


def test_at_the_cap_an_answer_is_still_allowed(driver: Driver) -> None:
    driver.begin(_node(step_cap=1))
    driver.choose(Note("votes", 7))
    driver.choose(Answer())
    assert isinstance(driver.result, SubtaskSucceeded)


def test_the_same_action_on_the_same_page_is_a_loop(driver: Driver) -> None:
    driver.begin(_node())
    for _ in range(MAX_REPEATS):
        driver.choose(Click(0))
    kind, reason = driver.failure()
    assert kind is FailureKind.ACTION
    assert "repeated" in reason


def test_the_same_action_on_a_page_that_changes_is_no_loop(driver: Driver) -> None:
    driver.begin(_node())
    for place in range(MAX_REPEATS + 1):
        page = Observation(
            url=PAGE.url, title="", status=200, elements=(Element("text", str(place)),) * 2
        )
        driver.choose(Click(0), page=page)
    assert not driver.machine.is_ended


@pytest.mark.parametrize(
    ("status", "problem", "reason"),
    [(500, "", "http://x/f answered 500"), (0, "time-out: http://x/f", "time-out: http://x/f")],
)
def test_a_page_that_does_not_come_is_unreachable(
    driver: Driver, status: int, problem: str, reason: str
) -> None:
    driver.feed(Begun(order=_order(_node())))
    driver.feed(Granted(reservation="e/1.1:0"))
    page = Observation(url="http://x/f", title="", status=status, elements=(), problem=problem)
    driver.feed(PageSeen(observation=page))
    assert driver.failure() == (FailureKind.UNREACHABLE, reason)


@pytest.mark.parametrize(
    ("reason", "status", "kind"),
    [
        ("not_found: no such user", 200, FailureKind.NOT_FOUND),
        ("Not_Allowed: no button", 200, FailureKind.NOT_ALLOWED),
        ("nothing fits: really", 200, FailureKind.ACTION),
        ("nothing fits", 403, FailureKind.NOT_ALLOWED),
        ("nothing fits", 404, FailureKind.NOT_FOUND),
    ],
)
def test_a_stop_says_what_kind_of_failure_it_is(
    driver: Driver, reason: str, status: int, kind: FailureKind
) -> None:
    driver.begin(_node())
    page = Observation(url="http://x/2", title="", status=status, elements=PAGE.elements)
    driver.choose(Click(0), page=page)
    driver.choose(Stop(reason))
    assert driver.failure()[0] is kind


def test_a_stop_without_money_still_says_why_it_stopped(driver: Driver) -> None:
    driver.begin(_node())
    _, reserve = driver.feed(ChoiceMade(choice=Choice(action=Stop("not_found: x"), confidence=1)))
    assert isinstance(reserve, Reserve)
    driver.feed(Refused(reservation=reserve.reservation, reason="0 left"))
    assert driver.failure()[0] is FailureKind.NOT_FOUND


def test_what_was_under_way_when_the_page_was_lost_counts_in_full(driver: Driver) -> None:
    driver.begin(_node())
    before = driver.machine.spent
    _, reserve = driver.feed(ChoiceMade(choice=Choice(action=Click(0), confidence=1)))
    assert isinstance(reserve, Reserve)
    driver.feed(Granted(reservation=reserve.reservation))
    driver.feed(PageLost(reason="gone"))
    assert driver.machine.spent == before + reserve.amount
    assert driver.failure()[0] is FailureKind.UNREACHABLE


def test_a_cancelled_attempt_gives_back_what_did_not_go_out(driver: Driver) -> None:
    driver.feed(Begun(order=_order(_node())))
    said = driver.feed(Cancelled(reason="replanned"))
    assert [type(step) for step in said] == [Refund, End]
    assert driver.failure() == (FailureKind.CANCELLED, "replanned")
    assert driver.feed(Granted(reservation="e/1.1:0")) == ()


def test_expand_shows_more_and_costs_what_it_shows(driver: Driver) -> None:
    elements = tuple(Element("text", f"line {place}") for place in range(40))
    page = Observation(url="http://x/f", title="", status=200, elements=elements)
    driver.feed(Begun(order=_order(_node(tier="top_k"))))
    driver.feed(Granted(reservation="e/1.1:0"))
    first = driver.view(driver.feed(PageSeen(observation=page)))
    spent = driver.machine.spent
    more = driver.view(driver.choose(Expand()))
    assert len(more.shown) > len(first.shown)
    assert driver.machine.spent > spent
    assert more.observation is first.observation


def test_a_password_does_not_reach_the_log(driver: Driver) -> None:
    driver.begin(_node())
    driver.choose(Fill(1, "hunter2"))
    assert "hunter2" not in str([step.event for step in driver.said if isinstance(step, Report)])


def test_reports_stay_below_eight_kilobytes(driver: Driver) -> None:
    driver.begin(_node())
    driver.choose(Goto("http://x/" + "y" * 50_000))
    (taken,) = [
        step.event
        for step in driver.said
        if isinstance(step, Report) and isinstance(step.event, ActionTaken)
    ]
    assert len(taken.model_dump_json()) < 8_000


def test_a_computation_needs_neither_page_nor_money(driver: Driver) -> None:
    (end,) = driver.feed(Begun(order=_order(_node(Verb.COMPUTE))))
    assert isinstance(end, End)
    assert isinstance(driver.result, SubtaskSucceeded)
    assert driver.result.outputs == {"votes": 3}


def test_a_computation_without_a_result_names_its_failure(driver: Driver) -> None:
    driver.feed(Begun(order=_order(_node(Verb.COMPUTE), {"broken": True})))
    assert driver.failure() == (FailureKind.NOT_FOUND, "nothing to add up")


def test_a_computation_of_the_wrong_type_is_a_failure(driver: Driver) -> None:
    driver.feed(Begun(order=_order(_node(Verb.COMPUTE, output=ValueType.TEXT))))
    assert driver.failure()[0] is FailureKind.OUTPUT


def test_an_event_that_cannot_happen_is_our_bug() -> None:
    machine = SubtaskMachine(PARTS)
    with pytest.raises(InvariantError, match="PageSeen cannot happen while new"):
        machine.handle(PageSeen(observation=PAGE))


def test_a_tariff_that_charges_more_than_its_bound_is_our_bug() -> None:
    pricing = SimpleNamespace(upper_bound=lambda *_: 1, charge=lambda *_: 2)
    parts = SubtaskParts(pricing=pricing, rendering=rendering, computation=_compute)
    machine = SubtaskMachine(parts)
    machine.handle(Begun(order=_order(_node())))
    machine.handle(Granted(reservation="e/1.1:0"))
    with pytest.raises(InvariantError, match="upper bound was 1"):
        machine.handle(PageSeen(observation=PAGE))
