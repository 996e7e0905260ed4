"""Every adapter, through its real package, against a server that speaks its wire format."""

import dataclasses
import json
import logging
import math
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import SecretStr

from core.budget import BudgetTracker
from planner.llm_planner import LLMPlanner, LLMPlannerConfig
from planner.plan_dialect import as_said
from planner.prices import PriceBook, parse_price
from planner.providers.capabilities import SchemaMode, known_capabilities
from planner.providers.capability_book import CapabilityBook
from planner.providers.capable import MAX_TRIES, Capable
from planner.providers.contract import (
    BrokenReplyError,
    ChatMessage,
    CredentialsError,
    FinishReason,
    ModelRequest,
    OverloadedError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
    RequestRefusedError,
    UnsupportedError,
    Usage,
)
from planner.providers.endpoints import Endpoint
from planner.providers.naming import open_adapter, read_name
from planner.rules import RulesPlanner
from planner.validator import PlanContext, find_flaws
from planner.wrappers.budget import may_be_billed
from planner.wrappers.purses import LedgerPurse
from planner.wrappers.retry import RetryConfig
from planner.wrappers.stack import ProviderStack, StackedAdapter
from tests.planner.plans_for_tests import request_for
from tests.planner.wire_servers.anthropic_wire import AnthropicWire
from tests.planner.wire_servers.google_wire import GoogleWire
from tests.planner.wire_servers.openai_wire import LocalWire, OpenAIWire
from tests.planner.wire_servers.wire_server import Answer, json_answer, serving

WIRES = {wire.provider: wire for wire in (OpenAIWire(), LocalWire(), AnthropicWire(), GoogleWire())}
KEY = "sk-a-key-nobody-may-see"
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "maxLength": 40}},
    "required": ["answer"],
    "additionalProperties": False,
}
ASKED = ModelRequest(
    id="r1",
    system="You plan.",
    messages=(
        ChatMessage(role="user", text="Plan this."),
        ChatMessage(role="assistant", text="Which one?"),
        ChatMessage(role="user", text="The first."),
    ),
    max_output_tokens=321,
    timeout_s=5.0,
)
WITH_SCHEMA = dataclasses.replace(ASKED, schema_name="plan", schema=SCHEMA)
IN_A_HURRY = dataclasses.replace(ASKED, timeout_s=0.15)


@dataclasses.dataclass
class Case:
    """One provider: how it words things, its server, and the adapter under test."""

    wire: object
    server: object
    endpoint: Endpoint
    book: CapabilityBook
    adapter: object

    def answer(self, *answers, request=ASKED):
        self.server.will(*answers)
        return self.adapter.complete(request)

    def failure(self, kind, *answers, request=ASKED):
        self.server.will(*answers)
        with pytest.raises(kind) as caught:
            self.adapter.complete(request)
        assert type(caught.value) is kind
        assert caught.value.provider == self.wire.provider
        return caught.value

    def knows(self, **abilities):
        record = self.book.record(self.endpoint)
        self.book.know(self.endpoint, dataclasses.replace(record, **abilities))

    def last_sent(self):
        return self.wire.sent(self.server.received[-1])


@pytest.fixture(scope="module", params=sorted(WIRES))
def opened(request):
    wire = WIRES[request.param]
    name = read_name(wire.typed_name)
    with serving() as server:
        endpoint = Endpoint(
            provider=name.provider,
            label=name.label,
            model=name.model,
            base_url=server.address + wire.base_path,
            api_key=SecretStr(KEY),
        )
        book = CapabilityBook()
        adapter = open_adapter(endpoint, book)
        yield Case(wire, server, endpoint, book, adapter)
        adapter.close()


@pytest.fixture
def case(opened):
    opened.server.forget()
    yield opened
    opened.book.know(opened.endpoint, known_capabilities(opened.endpoint))


def test_a_request_arrives_whole_and_its_reply_comes_back(case):
    reply = case.answer(json_answer(case.wire.reply("Step one.")))
    sent = case.last_sent()
    assert (reply.text, reply.finish) == ("Step one.", FinishReason.STOP)
    assert reply.usage == Usage(input_tokens=11, output_tokens=7)
    assert (reply.provider, reply.attempts) == (case.wire.provider, 1)
    assert reply.model == case.wire.served_name
    assert sent["key"] == KEY
    assert sent["model"] == case.endpoint.model
    assert sent["system"] == "You plan."
    assert sent["texts"] == ["Plan this.", "Which one?", "The first."]
    assert sent["limit"] == 321
    assert sent["temperature"] is sent["logprobs"] is sent["schema"] is None
    assert not sent["json"]


def test_the_adapter_says_who_it_is_as_the_user_typed_it(case):
    assert case.adapter.name == case.wire.provider
    assert case.adapter.model == case.wire.typed_name


@pytest.mark.parametrize("finish", list(FinishReason))
def test_the_reason_for_stopping_is_told(case, finish):
    reply = case.answer(json_answer(case.wire.reply("words", finish=finish)))
    assert reply.finish is case.wire.shown.get(finish, finish)


def test_a_refusal_of_the_model_comes_with_its_usage(case):
    reply = case.answer(json_answer(case.wire.reply("I cannot.", finish=FinishReason.REFUSAL)))
    assert reply.usage == Usage(input_tokens=11, output_tokens=7)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(input_tokens=100, cache_read_tokens=80, output_tokens=5),
        Usage(input_tokens=0, cache_read_tokens=80, output_tokens=50, reasoning_tokens=40),
        Usage(input_tokens=3, cache_write_tokens=900, output_tokens=1),
    ],
)
def test_usage_comes_in_disjoint_sums(case, usage):
    known = dataclasses.replace(usage, **dict.fromkeys(case.wire.never_told, 0))
    assert case.answer(json_answer(case.wire.reply("x", usage=known))).usage == known


def test_missing_usage_is_none_and_not_zero(case):
    assert case.answer(json_answer(case.wire.reply("x", usage=None))).usage is None


@pytest.mark.parametrize("wrong", [-5, "many", None, [1], True])
def test_usage_that_is_no_number_of_tokens_is_none(case, wrong):
    body = case.wire.reply("x")
    case.wire.set_input_tokens(body, wrong)
    assert case.answer(json_answer(body)).usage is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRefusedError),
        (401, CredentialsError),
        (403, CredentialsError),
        (404, RequestRefusedError),
        (408, ProviderTimeoutError),
        (409, OverloadedError),
        (413, RequestRefusedError),
        (422, RequestRefusedError),
        (429, RateLimitedError),
        (500, OverloadedError),
        (503, OverloadedError),
        (529, OverloadedError),
    ],
)
def test_a_status_becomes_an_error_that_says_whether_to_try_again(case, status, kind):
    error = case.failure(kind, case.wire.failure(status, "the server's own words"))
    assert "the server's own words" in str(error)
    assert case.wire.typed_name in str(error)
    assert str(status) in str(error)
    assert len(case.server.received) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_is_not_followed_with_the_key(case, status):
    moved = Answer(status=status, headers={"location": case.server.address + "/elsewhere"})
    case.failure(RequestRefusedError, moved)
    assert len(case.server.received) == 1


def test_a_page_of_a_proxy_in_place_of_an_error_is_told_in_one_short_line(case):
    page = Answer(status=502, body=b"<html>\n" + b"<p>bad gateway</p>\n" * 500)
    error = case.failure(OverloadedError, page)
    assert "\n" not in str(error)
    assert len(str(error)) < 700


@pytest.mark.parametrize("value", ["3", "3.0"])
def test_retry_after_in_seconds_is_told(case, value):
    refused = case.wire.failure(429, "slow down", retry_after=value)
    assert case.failure(RateLimitedError, refused).retry_after_s == 3.0


def test_retry_after_in_milliseconds_is_told(case):
    refused = case.wire.failure(429, "slow", retry_after_ms="1500", retry_after="9")
    assert case.failure(RateLimitedError, refused).retry_after_s == 1.5


def test_retry_after_as_a_date_is_told_by_the_clock_of_the_server(case):
    an_hour_off = datetime.now(UTC) + timedelta(hours=1)
    dates = {
        "date": format_datetime(an_hour_off, usegmt=True),
        "retry_after": format_datetime(an_hour_off + timedelta(seconds=20), usegmt=True),
    }
    error = case.failure(OverloadedError, case.wire.failure(503, "soon", **dates))
    assert error.retry_after_s == 20.0


@pytest.mark.parametrize("value", ["", "soon", "-3", "nan", "inf"])
def test_a_retry_after_that_is_no_time_is_none(case, value):
    refused = case.wire.failure(429, "slow down", retry_after=value)
    assert case.failure(RateLimitedError, refused).retry_after_s is None


@pytest.mark.parametrize("status", [400, 429])
def test_an_account_without_money_is_not_asked_again(case, status):
    if case.wire.no_money is None:
        pytest.skip("not told apart")
    case.failure(CredentialsError, case.wire.failure(status, case.wire.no_money))


def test_a_server_that_does_not_answer_in_time(case):
    start = time.monotonic()
    case.failure(ProviderTimeoutError, Answer(wait_s=4.0), request=IN_A_HURRY)
    assert time.monotonic() - start < 2.0


def test_a_server_that_drips_its_answer_is_left_in_time(case):
    body = json_answer(case.wire.reply("words"))
    start = time.monotonic()
    dripping = dataclasses.replace(body, drip_s=0.05)
    case.failure(ProviderTimeoutError, dripping, request=IN_A_HURRY)
    assert time.monotonic() - start < 2.0


def test_a_connection_that_is_reset(case):
    case.failure(OverloadedError, Answer(reset=True))


def test_a_server_that_is_not_there(case):
    nobody = dataclasses.replace(case.endpoint, base_url="http://127.0.0.1:9/v1")
    adapter = open_adapter(nobody, CapabilityBook())
    with pytest.raises(OverloadedError):
        adapter.complete(ASKED)
    adapter.close()


def test_an_answer_that_is_cut_in_the_middle(case):
    whole = json_answer(case.wire.reply("words"))
    case.failure(BrokenReplyError, dataclasses.replace(whole, cut_at=60))


def test_a_reply_that_is_streamed_in_chunks_is_read_whole(case):
    streamed = dataclasses.replace(json_answer(case.wire.reply("words")), chunks=7)
    assert case.answer(streamed).text == "words"


@pytest.mark.parametrize("ends_with", ["end", "close", "reset"])
def test_a_stream_that_is_cut_in_the_middle_is_no_reply(case, ends_with):
    whole = json_answer(case.wire.reply("words"))
    cut = dataclasses.replace(whole, chunks=5, cut_at=len(whole.body) // 2, ends_with=ends_with)
    error = case.failure(BrokenReplyError, cut)
    assert may_be_billed(error)


@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.99])
def test_wherever_a_stream_is_cut_nothing_of_it_is_taken_for_a_reply(case, at):
    whole = json_answer(case.wire.reply("words"))
    cut_at = int(len(whole.body) * at)
    case.failure(BrokenReplyError, dataclasses.replace(whole, chunks=3, cut_at=cut_at))


def test_events_of_a_server_that_streams_unasked_are_no_reply(case):
    event = b"data: " + json.dumps(case.wire.reply("words")).encode() + b"\n\n"
    events = Answer(body=event * 3, headers={"content-type": "text/event-stream"}, chunks=3)
    case.failure(BrokenReplyError, events)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"text"', b"{}", b"<html>hello</html>", b"\xff\xfe", b'{"id": 7}'],
)
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_a_success_that_is_no_reply(case, body, kind):
    headers = {"content-type": kind} if kind else {}
    case.failure(BrokenReplyError, Answer(body=body, headers=headers))


def test_values_of_the_wrong_type_are_no_reply(case):
    for body in case.wire.malformed():
        case.failure(BrokenReplyError, json_answer(body))


def test_a_reply_of_ten_megabytes_is_not_read_to_its_end(case):
    huge = json_answer(case.wire.reply("x" * 11_000_000))
    error = case.failure(BrokenReplyError, huge)
    assert "10,000,000" in str(error)


def test_a_huge_error_page_is_not_read_to_its_end(case):
    case.failure(BrokenReplyError, Answer(status=500, body=b"x" * 11_000_000))


def test_compression_is_not_asked_for_and_not_taken(case):
    packed = dataclasses.replace(
        json_answer(case.wire.reply("x")), headers={"content-encoding": "gzip"}
    )
    case.failure(BrokenReplyError, packed)
    assert case.server.received[-1].headers["accept-encoding"] == "identity"


def test_a_schema_goes_out_in_the_strongest_form_without_what_is_not_taken(case):
    reply = case.answer(json_answer(case.wire.reply('{"answer": "x"}')), request=WITH_SCHEMA)
    assert reply.text == '{"answer": "x"}'
    sent = case.last_sent()
    assert sent["json"]
    assert sent["schema"]["properties"] == {"answer": {"type": "string"}}
    assert sent["schema"]["required"] == ["answer"]
    assert "JSON" not in sent["system"]


def test_without_a_schema_mode_the_schema_is_said_in_words(case):
    case.knows(schema_mode=SchemaMode.TEXT)
    case.answer(json_answer(case.wire.reply("{}")), request=WITH_SCHEMA)
    sent = case.last_sent()
    assert not sent["json"]
    assert '"answer"' in sent["system"]


def test_a_system_text_can_go_with_the_first_message(case):
    case.knows(system=False)
    case.answer(json_answer(case.wire.reply("x")))
    sent = case.last_sent()
    assert sent["system"] == ""
    assert sent["texts"][0] == "You plan.\n\nPlan this."


def test_temperature_and_alternatives_go_out_where_the_model_takes_them(case):
    wanted = dataclasses.replace(ASKED, temperature=0.2, top_logprobs=3)
    case.answer(json_answer(case.wire.reply("x")), request=wanted)
    sent = case.last_sent()
    assert sent["temperature"] == (0.2 if "temperature" in case.wire.features else None)
    assert sent["logprobs"] == (3 if "logprobs" in case.wire.features else None)


def test_temperature_and_alternatives_stay_here_where_the_model_takes_none(case):
    case.knows(temperature=False, logprobs=False)
    wanted = dataclasses.replace(ASKED, temperature=0.2, top_logprobs=3)
    case.answer(json_answer(case.wire.reply("x")), request=wanted)
    sent = case.last_sent()
    assert sent["temperature"] is None
    assert sent["logprobs"] is None


def test_log_probabilities_come_back_with_their_alternatives(case):
    if "logprobs" not in case.wire.features:
        pytest.skip("this provider has none")
    body = case.wire.reply("ab")
    case.wire.add_logprobs(body, [("a", -0.1, [("a", -0.1), ("b", -2.5)]), ("b", -0.7, [])])
    wanted = dataclasses.replace(ASKED, top_logprobs=2)
    first, second = case.answer(json_answer(body), request=wanted).logprobs
    assert (first.token, first.logprob) == ("a", -0.1)
    assert first.top == (("a", -0.1), ("b", -2.5))
    assert (second.token, second.logprob, second.top) == ("b", -0.7, ())
    assert math.exp(first.logprob) < 1


@pytest.mark.parametrize("feature", ["schema", "temperature", "logprobs"])
def test_what_a_model_refuses_is_named_and_left_out_from_then_on(case, feature):
    if feature not in case.wire.features:
        pytest.skip("never sent")
    wanted = dataclasses.replace(WITH_SCHEMA, temperature=0.2, top_logprobs=3)
    refused = case.wire.refused_parameter(feature)
    error = case.failure(UnsupportedError, refused, request=wanted)
    assert error.parameter == feature

    case.server.will(refused, *[json_answer(case.wire.reply("{}"))] * 2)
    capable = Capable(case.adapter, case.book, case.endpoint)
    assert capable.complete(wanted).attempts == 2
    first, second = (case.wire.sent(each) for each in case.server.received[-2:])
    assert first[feature] is not None
    assert second[feature] is None
    assert capable.complete(wanted).attempts == 1
    assert case.last_sent()[feature] is None


def test_a_word_in_a_refusal_means_nothing_when_it_was_not_sent(case):
    refused = case.wire.failure(400, "the temperature in the prompt is about response_format")
    case.failure(RequestRefusedError, refused)


def test_a_model_that_refuses_everything_is_asked_a_bounded_number_of_times(case):
    wanted = dataclasses.replace(WITH_SCHEMA, temperature=0.2, top_logprobs=3)
    said = "temperature, logprobs, response_format, output_config, responseSchema: no"
    case.server.will(*[case.wire.failure(400, said)] * 20)
    capable = Capable(case.adapter, case.book, case.endpoint)
    with pytest.raises(RequestRefusedError):
        capable.complete(wanted)
    assert len(case.server.received) <= MAX_TRIES


@pytest.mark.parametrize("where", ["error", "body", "connection"])
def test_the_key_is_seen_nowhere(case, caplog, where):
    caplog.set_level(logging.DEBUG)
    answers = {
        "error": case.wire.failure(401, f"Incorrect API key provided: {KEY}."),
        "body": json_answer({"error": KEY, "choices": KEY, "content": KEY, "candidates": KEY}),
        "connection": Answer(reset=True),
    }
    case.server.will(answers[where])
    with pytest.raises(ProviderError) as caught:
        case.adapter.complete(ASKED)
    shown = [str(caught.value), repr(caught.value), repr(case.adapter), repr(case.endpoint)]
    shown += ["".join(traceback.format_exception(caught.value)), caplog.text]
    assert case.last_sent()["key"] == KEY
    assert not any(KEY in text for text in shown)


def test_settings_of_other_programs_in_the_environment_change_nothing(case, monkeypatch):
    for name, value in {
        "OPENAI_BASE_URL": "http://127.0.0.1:9",
        "OPENAI_API_KEY": "another",
        "OPENAI_ORG_ID": "an-organisation",
        "OPENAI_PROJECT_ID": "a-project",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "ANTHROPIC_API_KEY": "another",
        "ANTHROPIC_AUTH_TOKEN": "another",
        "GOOGLE_API_KEY": "another",
        "GEMINI_API_KEY": "another",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9",
        "GOOGLE_CLOUD_PROJECT": "a-project",
    }.items():
        monkeypatch.setenv(name, value)
    adapter = open_adapter(case.endpoint, case.book)
    case.server.will(json_answer(case.wire.reply("x")))
    assert adapter.complete(ASKED).text == "x"
    adapter.close()
    assert case.last_sent()["key"] == KEY
    headers = str(case.server.received[-1].headers)
    assert "another" not in headers
    assert ("an-organisation" in headers) == (case.wire.provider == "openai")


def planned_by(case, *answers):
    """Plans with this provider alone, through all wrappers; returns plan, story and ledger."""
    case.server.will(*answers)
    stack = ProviderStack(
        [StackedAdapter(case.adapter, lambda inner: Capable(inner, case.book, case.endpoint))],
        PriceBook().with_price(case.adapter.model, parse_price("1,10")),
        retry=RetryConfig(first_wait_s=0.0, longest_wait_s=0.0),
    )
    stories, ledger = [], BudgetTracker(5.0)
    planner = LLMPlanner(
        stack.for_purse, RulesPlanner(), LLMPlannerConfig(timeout_s=2.0), on_story=stories.append
    )
    request = request_for(purse=LedgerPurse(tracker=ledger, holder="planner"))
    plan = planner.plan(request)
    assert find_flaws(plan, PlanContext.of(request)) == ()
    assert ledger.reserved == 0
    return plan, stories[0], ledger


def test_an_answer_of_another_schema_goes_back_to_the_model_and_its_next_one_counts(case):
    wrong = case.wire.reply(json.dumps({"steps": ["find the forum", "vote"]}))
    right = case.wire.reply(json.dumps(as_said(RulesPlanner().plan(request_for()))))
    plan, story, ledger = planned_by(case, json_answer(wrong), json_answer(right))
    assert plan.origin == case.wire.served_name
    assert [bool(turn.findings) for turn in story.turns] == [True, False]
    assert ledger.spent == 2 * (11 + 70), "both calls are paid for"
    assert len(case.last_sent()["texts"]) == 3, "the model is told what is wrong"


def test_a_plan_that_is_cut_off_is_asked_for_again(case):
    said = json.dumps(as_said(RulesPlanner().plan(request_for())))
    cut = case.wire.reply(said[: len(said) // 2], finish=FinishReason.LENGTH)
    plan, story, _ = planned_by(case, json_answer(cut), json_answer(case.wire.reply(said)))
    assert plan.origin == case.wire.served_name
    assert story.turns[0].findings


BROKEN = {
    "another schema": lambda wire: json_answer(wire.reply('{"steps": []}')),
    "no JSON": lambda wire: json_answer(wire.reply("I would first look for the forum.")),
    "refusal": lambda wire: json_answer(wire.reply("No.", finish=FinishReason.REFUSAL)),
    "filter": lambda wire: json_answer(wire.reply("", finish=FinishReason.FILTERED)),
    "cut JSON": lambda wire: json_answer(
        wire.reply('{"nodes": [{"id"', finish=FinishReason.LENGTH)
    ),
    "no reply": lambda _: Answer(body=b"{}", headers={"content-type": "application/json"}),
    "401": lambda wire: wire.failure(401, "bad key"),
    "429": lambda wire: wire.failure(429, "slow down", retry_after="0"),
    "500": lambda wire: wire.failure(500, "broken"),
    "reset": lambda _: Answer(reset=True),
    "cut stream": lambda wire: dataclasses.replace(
        json_answer(wire.reply("words")), chunks=4, cut_at=90, ends_with="close"
    ),
}


@pytest.mark.parametrize("what", sorted(BROKEN))
def test_whatever_a_provider_does_wrong_there_is_a_valid_plan_and_true_books(case, what):
    plan, story, ledger = planned_by(case, *[BROKEN[what](case.wire)] * 30)
    assert plan.origin == "rules"
    assert story.fell_back
    assert ledger.spent == story.spent
    assert (ledger.spent > 0) == (what not in {"401", "429", "500"}), "errors are not billed"


def test_several_threads_share_one_adapter(case):
    case.server.will(*[json_answer(case.wire.reply("x"))] * 16)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(case.adapter.complete, [ASKED] * 16))
    assert [reply.text for reply in replies] == ["x"] * 16
