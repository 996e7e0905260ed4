"""Plans and actions of a model over real HTTP, money of every call in the ledger."""

from __future__ import annotations

import itertools
import json

import pytest

from actors.assembly import Assembly, default_assembly
from actors.folds import fold_episode
from actors.in_process import EpisodeSetup, run_episode
from actors.models import ModelConfig, model_config, model_note
from core.budget import MICROS_PER_DOLLAR
from core.errors import ConfigurationError
from core.events import ActionTaken, ModelCalled
from environment.browsers.in_process import InProcessBrowser
from environment.judge import judge
from environment.tasks.loader import load_task
from environment.transports import DirectTransport
from planner.llm_agent import LLMAgentConfig
from planner.llm_planner import LLMPlannerConfig
from planner.requests import PlanRequest
from policies.profiles import DEFAULT_POOL
from tests.actors.model_for_tests import (
    AT_ONCE,
    COST,
    MODEL,
    PRICES,
    WIRE,
    Upvoter,
    model_serving,
    reply,
    said,
)
from tests.planner.wire_servers.wire_server import Answer

TASK = load_task("404")
BUDGET = 0.2


def with_model(url: str, *, prices=PRICES, timeout_s: float = 5.0) -> Assembly:
    config = ModelConfig(
        names=(MODEL,),
        url=url,
        prices=prices,
        retry=AT_ONCE,
        planner=LLMPlannerConfig(timeout_s=timeout_s),
        agent=LLMAgentConfig(timeout_s=timeout_s),
    )
    return default_assembly(model=config)


class Ran:
    """One episode on the embedded forum, with all that was seen of it."""

    def __init__(self, assembly: Assembly, budget: float = BUDGET) -> None:
        host = assembly.world(TASK, {})
        self.events = []
        setup = EpisodeSetup(
            episode="e",
            task=TASK.public({site: host.base_url(site) for site in TASK.sites}),
            budget=budget,
            cookies=tuple(host.cookies_for(TASK.user)),
        )
        browser = InProcessBrowser(DirectTransport(host))
        self.result = run_episode(setup, assembly, browser, on_event=self.events.append)
        verdict = judge(TASK, host, self.result.response)
        self.is_solved, self.violations = verdict.strict, verdict.violations
        host.close()
        self.fold = fold_episode(self.events, "e")
        assert self.fold.money.open == 0
        assert self.fold.spent == self.fold.money.settled == self.result.spent

    def of(self, kind):
        return [one.body for one in self.events if isinstance(one.body, kind)]

    @property
    def model_spent(self) -> int:
        return sum(amount for key, amount in self.fold.settled.items() if "/model" in key)

    @property
    def problems(self) -> str:
        return "; ".join(call.problem for call in self.of(ModelCalled))


def public_request() -> PlanRequest:
    host = default_assembly().world(TASK, {})
    urls = {site: host.base_url(site) for site in TASK.sites}
    host.close()
    return PlanRequest(task=TASK.public(urls), agents=DEFAULT_POOL, budget=200_000)


def test_a_model_plans_and_acts_and_every_call_is_in_the_ledger() -> None:
    with model_serving(Upvoter(public_request())) as server:
        ran = Ran(with_model(server.url))
    calls = ran.of(ModelCalled)
    assert ran.is_solved, ran.result.reason
    assert ran.fold.plans[0].origin == "qwen2.5"
    assert [call.purpose for call in calls].count("plan") == len(server.asked_for("plan")) == 1
    assert len(server.asked_for("action")) == len(calls) - 1 == 4, "notes need no call of their own"
    assert ran.model_spent == sum(call.spent for call in calls) == COST * len(calls)
    assert {(call.input_tokens, call.output_tokens) for call in calls} == {(1_000, 50)}
    assert {call.prompt for call in calls if call.purpose == "action"} == {"act@2"}
    assert {call.agent for call in calls if call.purpose == "action"} == {"generalist"}
    assert all(one.cause for one in ran.events if isinstance(one.body, ModelCalled))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda _: reply("I would rather not say."), id="garbage"),
        pytest.param(lambda _: reply("[" * 5_000), id="brackets"),
        pytest.param(lambda _: Answer(body=b"x" * 11_000_000), id="eleven megabytes"),
        pytest.param(lambda _: Answer(reset=True), id="reset"),
        pytest.param(lambda _: WIRE.failure(401, "Incorrect API key provided"), id="401"),
        pytest.param(lambda _: WIRE.failure(500, "oops"), id="500"),
        pytest.param(lambda _: Answer(wait_s=1.5), id="silence"),
    ],
)
def test_a_model_that_fails_leaves_the_task_to_the_rules(answer) -> None:
    with model_serving(answer) as server:
        ran = Ran(with_model(server.url, timeout_s=0.3))
    assert ran.is_solved, ran.result.reason
    assert ran.fold.plans[0].origin == "rules"
    assert ran.model_spent == sum(call.spent for call in ran.of(ModelCalled))
    assert len(ran.of(ModelCalled)) >= 1


@pytest.mark.parametrize(
    "failing",
    [
        pytest.param(reply("no"), id="garbage"),
        pytest.param(WIRE.failure(401, "Incorrect API key provided"), id="401"),
    ],
)
def test_a_model_that_plans_and_then_fails_leaves_actions_to_the_heuristic(failing) -> None:
    upvoter = Upvoter(public_request())

    def answer(received):
        return upvoter(received) if "nodes" in json.dumps(received.body) else failing

    with model_serving(answer) as server:
        ran = Ran(with_model(server.url))
    assert ran.is_solved, ran.result.reason
    assert ran.fold.plans[0].origin == "qwen2.5"
    assert any(call.purpose == "action" for call in ran.of(ModelCalled))


HARM = (
    said("goto", text="http://evil.example/steal"),
    said("goto", text="/logout"),
    said("fill", element=2, text="the password is hunter2"),
    said("click", element=1_000_000),
    said("stop", text="done", notes=[{"name": "url", "value": "http://evil.example/"}]),
)


def test_a_model_that_obeys_strangers_does_no_harm() -> None:
    upvoter, wishes = Upvoter(public_request()), itertools.cycle(HARM)

    def answer(received):
        is_plan = "nodes" in json.dumps(received.body)
        return upvoter(received) if is_plan else reply(json.dumps(next(wishes)))

    with model_serving(answer) as server:
        ran = Ran(with_model(server.url))
    assert len(server.asked_for("action")) >= 4
    assert ran.violations == ()
    assert ran.is_solved, ran.result.reason
    assert not [one for one in ran.of(ActionTaken) if "evil" in one.text or "hunter2" in one.text]


def test_a_refused_key_is_told_once_and_not_at_every_step() -> None:
    upvoter = Upvoter(public_request())

    def answer(received):
        is_plan = "nodes" in json.dumps(received.body)
        return upvoter(received) if is_plan else WIRE.failure(401, "Incorrect API key provided")

    with model_serving(answer) as server:
        ran = Ran(with_model(server.url))
    assert len(server.asked_for("action")) == 1
    assert "401" in ran.problems or "key" in ran.problems.lower()


def test_a_model_without_a_price_is_not_asked_and_the_message_says_what_to_do() -> None:
    with model_serving(Upvoter(public_request())) as server:
        ran = Ran(with_model(server.url, prices={}))
        assert server.received == []
        note = model_note(model_config(MODEL, url=server.url))
    assert ran.is_solved
    assert ran.model_spent == 0
    assert "--price" in ran.problems
    assert "--price" in note
    assert note.endswith("the rules plan and the heuristic acts")


def test_a_budget_too_small_for_the_model_is_kept_and_the_rules_work() -> None:
    with model_serving(Upvoter(public_request())) as server:
        ran = Ran(with_model(server.url), budget=0.003)
    assert server.received == []
    assert ran.is_solved, ran.result.reason
    assert ran.result.spent <= 0.003 * MICROS_PER_DOLLAR
    assert "may cost" in ran.problems


def test_the_models_bill_takes_the_place_of_its_price_in_the_tariff() -> None:
    with model_serving(Upvoter(public_request())) as server:
        ran = Ran(with_model(server.url))
    steps = len([one for one in ran.of(ActionTaken) if one.agent == "generalist"])
    ours = ran.result.spent - ran.model_spent
    assert steps >= 4
    assert ours < 1_500 * steps, "a step at the tier's full price is at least 2,500 micro-dollars"


def test_names_and_addresses_are_checked_before_anything_starts() -> None:
    assert model_config("rules") is None
    assert model_config("rules, gpt-4o") is None, "nothing is asked after the rules"
    assert model_config("gpt-4o, claude-3-opus").names == ("gpt-4o", "claude-3-opus")
    with pytest.raises(ConfigurationError, match="no model has the name"):
        default_assembly(model="llama-on-the-moon")
    with pytest.raises(ConfigurationError, match="address"):
        default_assembly(model=MODEL, model_url="not an address")
