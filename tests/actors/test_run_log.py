from __future__ import annotations

from pathlib import Path

import pytest

from actors.bus import EventBus
from actors.event_log import EventLog, read_log, read_run
from actors.folds import fold_episode
from actors.journal import EventEnvelope, Journal, TickClock
from actors.ledgers import Ledgers, rebuilt_ledgers
from actors.messages import (
    CODEC,
    MESSAGES,
    Claim,
    CloseHolder,
    MoveMoney,
    OpenLedger,
    Settlement,
    pack,
    request_from_wire,
    request_to_wire,
    unpack,
)
from actors.rehearsal.plans import mini_task
from core.errors import CodecError, LedgerUnavailableError
from core.events import (
    ActionTaken,
    AgentLost,
    EpisodeFailed,
    EpisodeFinished,
    EpisodeStarted,
    Event,
)
from core.tasks import AgentResponse, ResponseStatus, TaskType
from planner.requests import PlanRequest
from policies.profiles import DEFAULT_POOL

LOST = AgentLost(episode="e", agent="scout", reason="killed")
STARTED = EpisodeStarted(episode="e", task="t", intent="i", budget=1_000, hard_cap=1_000, seed=0)


def _log(folder: Path, owner: str) -> tuple[EventLog, Journal]:
    log = EventLog(folder, owner)
    return log, Journal(owner, lambda one: log.append([one]), clock=TickClock(), first=log.count)


def test_what_was_written_is_read_back_in_order(tmp_path: Path) -> None:
    log, journal = _log(tmp_path, "orchestrator")
    written = [journal.write(LOST, cause=str(place)) for place in range(3)]
    log.close()
    assert list(read_log(tmp_path, "orchestrator")) == written


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_cut_log_goes_on_behind_its_last_whole_record(tmp_path: Path, cut: int) -> None:
    log, journal = _log(tmp_path, "budget")
    for place in range(3):
        journal.write(LOST, cause=str(place))
    log.close()
    file = tmp_path / "budget.msgpack"
    file.write_bytes(file.read_bytes()[:-cut])
    log, journal = _log(tmp_path, "budget")
    assert log.count == 2
    journal.write(LOST, cause="after")
    log.close()
    assert [one.cause for one in read_log(tmp_path, "budget")] == ["0", "1", "after"]
    assert [one.sequence for one in read_log(tmp_path, "budget")] == [0, 1, 2]


def test_a_run_is_all_of_its_files(tmp_path: Path) -> None:
    for owner in ("budget", "world"):
        log, journal = _log(tmp_path, owner)
        journal.write(LOST)
        log.close()
    assert [one.id for one in read_run(tmp_path)] == ["budget:0", "world:0"]


def test_the_bus_calls_by_kind_and_in_order() -> None:
    heard: list[str] = []
    bus = EventBus()
    bus.subscribe(Event, lambda one: heard.append(f"any {one.body.episode}"))
    bus.subscribe(AgentLost, lambda one: heard.append(f"lost {one.sequence}"))
    bus.subscribe(ActionTaken, lambda one: heard.append(f"action {one.sequence}"))
    Journal("x", bus.publish, clock=TickClock()).write(LOST)
    assert heard == ["lost 0", "any e"]


def _claim(name: str, amount: int = 100, holder: str = "h") -> Claim:
    return Claim(reservation=name, amount=amount, holder=holder)


def _ledgers(folder: Path) -> tuple[Ledgers, EventLog]:
    log, journal = _log(folder, "budget")
    ledgers = Ledgers(journal, TickClock())
    rebuilt_ledgers(ledgers, read_log(folder, "orchestrator"), read_log(folder, "budget"))
    return ledgers, log


def _opened(folder: Path) -> tuple[Ledgers, EventLog]:
    log, journal = _log(folder, "orchestrator")
    journal.write(STARTED)
    log.close()
    ledgers, log = _ledgers(folder)
    ledgers.open(OpenLedger(episode="e", budget=1_000, hard_cap=1_000))
    return ledgers, log


def test_a_ledger_is_rebuilt_from_the_log_and_counts_nothing_twice(tmp_path: Path) -> None:
    ledgers, log = _opened(tmp_path)
    for name in ("a", "b"):
        ledgers.move(MoveMoney(episode="e", reserve=_claim(name)))
    settle = (Settlement(reservation="a", amount=30),)
    ledgers.move(MoveMoney(episode="e", settle=settle))
    before = ledgers.state("e")
    log.close()
    again, log = _ledgers(tmp_path)
    assert again.state("e") == before
    again.move(MoveMoney(episode="e", settle=settle, reserve=_claim("b")))  # both asked before
    assert again.state("e") == before
    assert again.close_holder(CloseHolder(episode="e", holder="h")).spent == 130
    again.check_invariants()
    log.close()


def test_a_log_cut_in_the_last_settlement_only_leaves_it_open(tmp_path: Path) -> None:
    ledgers, log = _opened(tmp_path)
    ledgers.move(MoveMoney(episode="e", reserve=_claim("a")))
    ledgers.move(MoveMoney(episode="e", settle=(Settlement(reservation="a", amount=30),)))
    log.close()
    file = tmp_path / "budget.msgpack"
    file.write_bytes(file.read_bytes()[:-3])
    again, log = _ledgers(tmp_path)
    assert (again.state("e").spent, again.state("e").reserved) == (0, 100)
    again.move(MoveMoney(episode="e", settle=(Settlement(reservation="a", amount=30),)))
    assert again.state("e").spent == 30
    log.close()


def test_a_finished_episode_has_no_ledger_after_a_restart(tmp_path: Path) -> None:
    ledgers, log = _opened(tmp_path)
    log.close()
    own, journal = _log(tmp_path, "orchestrator")
    response = AgentResponse(task_type=TaskType.RETRIEVE, status=ResponseStatus.SUCCESS)
    journal.write(
        EpisodeFinished(episode="e", response=response, reason="answered", spent=0, replans=0)
    )
    own.close()
    again, log = _ledgers(tmp_path)
    with pytest.raises(LedgerUnavailableError):
        again.move(MoveMoney(episode="e", reserve=_claim("a")))
    log.close()
    del ledgers


def test_what_an_ended_episode_had_open_is_settled_when_its_tracker_comes_back(
    tmp_path: Path,
) -> None:
    ledgers, log = _opened(tmp_path)
    ledgers.move(MoveMoney(episode="e", reserve=_claim("a")))
    log.close()
    own, journal = _log(tmp_path, "orchestrator")
    journal.write(EpisodeFailed(episode="e", reason="no tracker", spent=0))
    own.close()
    for _ in range(2):  # the second time there is nothing left to do
        _ledgers(tmp_path)[1].close()
    money = fold_episode(read_log(tmp_path, "budget"), "e").money
    assert (money.settled, money.open) == (100, 0)
    settled = [one for one in read_log(tmp_path, "budget") if one.body.kind == "spend_settled"]
    assert len(settled) == 1


def test_a_lost_holder_costs_its_bounds_and_its_late_word_changes_nothing(tmp_path: Path) -> None:
    ledgers, log = _opened(tmp_path)
    ledgers.move(MoveMoney(episode="e", reserve=_claim("a", holder="lost")))
    ledgers.move(MoveMoney(episode="e", reserve=_claim("b", holder="alive")))
    for _ in range(2):
        assert ledgers.close_holder(CloseHolder(episode="e", holder="lost")).spent == 100
    ledgers.move(MoveMoney(episode="e", settle=(Settlement(reservation="a", amount=1),)))
    assert (ledgers.state("e").spent, ledgers.state("e").reserved) == (100, 100)
    log.close()


def test_every_message_has_a_kind_and_comes_back_as_it_went() -> None:
    assert len({message.model_fields["kind"].default for message in MESSAGES}) == len(MESSAGES)
    asked = MoveMoney(
        episode="e", settle=(Settlement(reservation="a", amount=1),), reserve=_claim("b")
    )
    assert unpack(pack(asked), MoveMoney) == asked
    with pytest.raises(CodecError, match="OpenLedger is wanted here, not MoveMoney"):
        unpack(pack(asked), OpenLedger)


def test_a_planning_request_crosses_a_border_unchanged() -> None:
    request = PlanRequest(
        task=mini_task("x"), agents=DEFAULT_POOL, budget=5, site_notes={"mini": {"nav": ["posts"]}}
    )
    assert request_from_wire(request_to_wire(request)) == request


def test_an_event_is_small_on_the_wire() -> None:
    sent: list[EventEnvelope] = []
    Journal("x", sent.append, clock=TickClock()).write(LOST)
    assert len(CODEC.pack(sent[0])) < 200
