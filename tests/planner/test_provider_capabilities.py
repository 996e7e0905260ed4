"""What is known of models, how it is corrected, and how it is remembered."""

import dataclasses
import threading

import pytest
from pydantic import SecretStr

from planner.providers.capabilities import FEATURES, Capabilities, SchemaMode, known_capabilities
from planner.providers.capability_book import CapabilityBook
from planner.providers.capable import MAX_TRIES, Capable
from planner.providers.contract import (
    ChatMessage,
    ModelRequest,
    OverloadedError,
    RequestRefusedError,
    UnsupportedError,
)
from planner.providers.endpoints import Endpoint
from planner.providers.naming import open_adapter, read_name
from planner.providers.scripted import ScriptedProvider
from tests.planner.wire_servers.openai_wire import LocalWire
from tests.planner.wire_servers.wire_server import json_answer, serving

REQUEST = ModelRequest(
    id="r1",
    system="Plan.",
    messages=(ChatMessage(role="user", text="Now."),),
    schema_name="plan",
    schema={"type": "object", "properties": {"a": {"type": "string"}}},
)


def at(typed, base_url="http://127.0.0.1:9/v1"):
    name = read_name(typed)
    return Endpoint(
        provider=name.provider,
        label=name.label,
        model=name.model,
        base_url=base_url,
        api_key=SecretStr("k"),
    )


@pytest.mark.parametrize(
    ("typed", "mode", "temperature", "logprobs"),
    [
        ("gpt-4-turbo", "json_object", True, True),
        ("gpt-4", "text", True, True),
        ("gpt-4-0613", "text", True, True),
        ("gpt-3.5-turbo", "json_object", True, True),
        ("gpt-4o", "json_schema", True, True),
        ("gpt-4o-2024-05-13", "json_object", True, True),
        ("gpt-4.1-mini", "json_schema", True, True),
        ("gpt-5-mini", "json_schema", False, False),
        ("o1-mini", "text", False, False),
        ("o3", "json_schema", False, False),
        ("gpt-a-model-of-next-year", "json_schema", True, True),
        ("claude-3-opus", "text", True, False),
        ("claude-3-7-sonnet", "text", True, False),
        ("claude-sonnet-4-0", "text", True, False),
        ("claude-sonnet-4-5", "json_schema", True, False),
        ("claude-opus-4-1", "json_schema", True, False),
        ("claude-opus-9", "json_schema", False, False),
        ("gemini-1.5-pro", "json_object", True, True),
        ("gemini-2.5-flash", "json_schema", True, True),
        ("local:gpt-4", "json_schema", True, True),
    ],
)
def test_what_a_name_promises(typed, mode, temperature, logprobs):
    record = known_capabilities(at(typed))
    assert (record.schema_mode, record.temperature, record.logprobs) == (
        mode,
        temperature,
        logprobs,
    )


def test_only_servers_that_are_not_openai_get_the_old_name_of_the_limit():
    assert known_capabilities(at("gpt-4-turbo")).max_completion_tokens
    assert not known_capabilities(at("local:x")).max_completion_tokens


def test_every_feature_can_be_given_up_once_and_the_schema_twice():
    record, steps = Capabilities(), 0
    for feature in FEATURES:
        if feature == "output_limit":
            continue
        while (weaker := record.without(feature)) is not None:
            record, steps = weaker, steps + 1
    assert record == Capabilities(
        schema_mode=SchemaMode.TEXT, temperature=False, logprobs=False, system=False
    )
    assert steps == 5


def test_a_refusal_without_a_name_gives_up_what_costs_least():
    record, given_up = Capabilities(), []
    while (weaker := record.without("")) is not None:
        before, after = dataclasses.asdict(record), dataclasses.asdict(weaker)
        given_up.append(next(name for name in before if before[name] != after[name]))
        record = weaker
    assert given_up == ["logprobs", "temperature", "schema_mode", "schema_mode", "system"]


def test_each_try_is_a_call_of_its_own_with_an_id_of_its_own():
    book, endpoint = CapabilityBook(), at("gpt-4o")
    inner = ScriptedProvider(
        [UnsupportedError("no", parameter="schema"), UnsupportedError("no"), "a plan"]
    )
    reply = Capable(inner, book, endpoint).complete(REQUEST)
    assert (reply.text, reply.attempts) == ("a plan", 3)
    assert [asked.id for asked in inner.requests] == ["r1", "r1~2", "r1~3"]
    assert all(dataclasses.replace(asked, id="r1") == REQUEST for asked in inner.requests)
    record = book.record(endpoint)
    assert (record.schema_mode, record.logprobs) == (SchemaMode.JSON_OBJECT, False)


def test_other_errors_pass_and_teach_nothing():
    book, endpoint = CapabilityBook(), at("gpt-4o")
    with pytest.raises(OverloadedError):
        Capable(ScriptedProvider([OverloadedError("later")]), book, endpoint).complete(REQUEST)
    assert book.record(endpoint) == Capabilities()


@pytest.mark.parametrize("parameter", ["", *FEATURES])
def test_a_server_that_refuses_whatever_is_sent_gets_a_bounded_number_of_calls(parameter):
    inner = ScriptedProvider(lambda _: UnsupportedError("no", parameter=parameter))
    book = CapabilityBook()
    with pytest.raises(RequestRefusedError, match="no"):
        Capable(inner, book, at("gpt-4o")).complete(REQUEST)
    assert 2 <= len(inner.requests) <= MAX_TRIES
    assert book.record(at("gpt-4o")) == Capabilities()


def test_threads_that_are_refused_at_once_take_one_step_together():
    book, endpoint = CapabilityBook(), at("gpt-4o")
    together = threading.Barrier(8)

    def refused():
        used = book.record(endpoint)
        together.wait()
        assert book.downgrade(endpoint, "schema", used)

    threads = [threading.Thread(target=refused) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert book.record(endpoint).schema_mode is SchemaMode.JSON_OBJECT


def test_the_next_process_knows_what_this_one_learned(tmp_path):
    path, endpoint = tmp_path / "state" / "capabilities.json", at("gpt-4o")
    book = CapabilityBook(path)
    book.downgrade(endpoint, "temperature", book.record(endpoint))
    again = CapabilityBook(path)
    assert not again.record(endpoint).temperature
    assert again.record(at("gpt-4.1")) == Capabilities()
    assert again.record(at("gpt-4o", "http://127.0.0.1:7/v1")) == Capabilities()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_cut_at_any_byte_counts_as_empty(tmp_path):
    path, endpoint = tmp_path / "capabilities.json", at("gpt-4o")
    book = CapabilityBook(path)
    book.downgrade(endpoint, "temperature", book.record(endpoint))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert CapabilityBook(path).record(endpoint) == Capabilities()


def test_a_file_that_cannot_be_written_is_not_missed(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("[]")
    book, endpoint = CapabilityBook(blocked / "capabilities.json"), at("gpt-4o")
    assert book.downgrade(endpoint, "temperature", book.record(endpoint))
    assert not book.record(endpoint).temperature


def test_a_server_that_answers_500_to_a_schema_gets_the_form_that_llama_cpp_takes():
    wire, said = LocalWire(), "('body', 'response_format', 'type'): Input should be 'text'"
    with serving() as server:
        endpoint = at("local:gemma", server.address + "/v1")
        book = CapabilityBook()
        adapter = open_adapter(endpoint, book)
        server.will(wire.failure(500, said), json_answer(wire.reply("{}")))
        assert Capable(adapter, book, endpoint).complete(REQUEST).attempts == 2
        adapter.close()
    wanted = server.received[1].body["response_format"]
    assert wanted["type"] == "json_object"
    assert wanted["schema"]["properties"] == {"a": {"type": "string"}}


def test_a_template_without_a_system_role_gets_the_system_text_in_the_first_message():
    wire = LocalWire()
    with serving() as server:
        endpoint = at("local:gemma", server.address + "/v1")
        book = CapabilityBook()
        adapter = open_adapter(endpoint, book)
        server.will(wire.failure(500, "System role not supported"), json_answer(wire.reply("x")))
        plain = dataclasses.replace(REQUEST, schema=None)
        assert Capable(adapter, book, endpoint).complete(plain).text == "x"
        adapter.close()
    assert wire.sent(server.received[1])["texts"] == ["Plan.\n\nNow."]


def test_a_gateway_that_wants_the_other_name_of_the_limit_gets_it():
    wire = LocalWire()
    with serving() as server:
        endpoint = at("local:o9", server.address + "/v1")
        book = CapabilityBook()
        adapter = open_adapter(endpoint, book)
        said = "Unsupported parameter: 'max_tokens' is not supported with this model."
        server.will(wire.failure(400, said), json_answer(wire.reply("x")))
        assert Capable(adapter, book, endpoint).complete(REQUEST).text == "x"
        adapter.close()
    assert server.received[1].body["max_completion_tokens"] == REQUEST.max_output_tokens
    assert "max_tokens" not in server.received[1].body


def test_what_was_learned_before_another_error_is_kept():
    book, endpoint = CapabilityBook(), at("gpt-4o")
    inner = ScriptedProvider(
        [UnsupportedError("no", parameter="temperature"), OverloadedError("later")]
    )
    with pytest.raises(OverloadedError):
        Capable(inner, book, endpoint).complete(REQUEST)
    assert not book.record(endpoint).temperature


def test_a_compatible_server_may_send_its_text_in_parts():
    wire = LocalWire()
    body = wire.reply("")
    thought, said = {"type": "thinking", "thinking": []}, {"type": "text", "text": "a plan"}
    body["choices"][0]["message"]["content"] = [thought, said]
    with serving() as server:
        adapter = open_adapter(at("local:m", server.address + "/v1"), CapabilityBook())
        server.will(json_answer(body))
        assert adapter.complete(REQUEST).text == "a plan"
        adapter.close()
