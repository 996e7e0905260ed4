"""Models by name, keys and addresses from an environment, and old models on the wire."""

import pytest
from pydantic import SecretStr

from core.errors import ConfigurationError
from planner.credentials import Credentials, read_credentials
from planner.providers.capabilities import SchemaMode
from planner.providers.capability_book import CapabilityBook
from planner.providers.contract import ChatMessage, CredentialsError, ModelRequest
from planner.providers.endpoints import Endpoint, checked_base_url
from planner.providers.naming import endpoint_of, open_adapter, read_name
from tests.planner.wire_servers.anthropic_wire import AnthropicWire
from tests.planner.wire_servers.google_wire import GoogleWire
from tests.planner.wire_servers.openai_wire import OpenAIWire
from tests.planner.wire_servers.wire_server import json_answer, serving

EVERYTHING = {
    "OPENAI_API_KEY": "key-o",
    "ANTHROPIC_API_KEY": "key-a",
    "GOOGLE_API_KEY": "key-g",
    "LOCAL_MODEL_URL": "http://127.0.0.1:8000/v1",
}


@pytest.mark.parametrize(
    ("typed", "provider", "wire"),
    [
        ("gpt-4-turbo", "openai", "gpt-4-turbo"),
        ("gpt-4o", "openai", "gpt-4o"),
        ("o3-mini", "openai", "o3-mini"),
        ("ft:gpt-4o:mine::1", "openai", "ft:gpt-4o:mine::1"),
        (" claude-sonnet-5 ", "anthropic", "claude-sonnet-5"),
        ("claude-3-opus", "anthropic", "claude-3-opus-20240229"),
        ("claude-3-opus-20240229", "anthropic", "claude-3-opus-20240229"),
        ("gemini-1.5-pro", "google", "gemini-1.5-pro"),
        ("local:qwen2.5:7b", "local", "qwen2.5:7b"),
        ("local:meta-llama/Llama-3.1-8B", "local", "meta-llama/Llama-3.1-8B"),
        ("local:claude-3-opus", "local", "claude-3-opus"),
        ("rules", "rules", ""),
    ],
)
def test_a_name_says_who_serves_the_model(typed, provider, wire):
    name = read_name(typed)
    assert (name.provider, name.model) == (provider, wire)
    assert name.label == typed.strip()


@pytest.mark.parametrize(
    "typed", ["", "gpt", "llama3", "local:", "local: ", "gpt-4 turbo", "RULES"]
)
def test_an_unknown_name_is_told_with_the_forms_that_exist(typed):
    with pytest.raises(ConfigurationError, match=r"claude-….*local:MODEL, rules"):
        read_name(typed)


def test_rules_have_no_server():
    with pytest.raises(ConfigurationError, match="no model"):
        endpoint_of("rules", read_credentials(EVERYTHING))


@pytest.mark.parametrize(
    ("typed", "key", "url"),
    [
        ("gpt-4o", "key-o", "https://api.openai.com/v1"),
        ("claude-3-opus", "key-a", "https://api.anthropic.com"),
        ("gemini-1.5-pro", "key-g", "https://generativelanguage.googleapis.com"),
        ("local:x", "none", "http://127.0.0.1:8000/v1"),
    ],
)
def test_a_model_is_reached_at_its_provider_with_its_key(typed, key, url):
    endpoint = endpoint_of(typed, read_credentials(EVERYTHING))
    assert endpoint.api_key.get_secret_value() == key
    assert endpoint.base_url == url


@pytest.mark.parametrize(
    ("typed", "variable"),
    [
        ("gpt-4o", "OPENAI_API_KEY"),
        ("claude-3-opus", "ANTHROPIC_API_KEY"),
        ("gemini-2.5-flash", "GOOGLE_API_KEY or GEMINI_API_KEY"),
    ],
)
@pytest.mark.parametrize("value", [None, "", "   "])
def test_a_missing_key_is_told_by_the_name_of_its_variable(typed, variable, value):
    environ = {} if value is None else {variable.split()[0]: value}
    with pytest.raises(CredentialsError, match=variable):
        endpoint_of(typed, read_credentials(environ))


@pytest.mark.parametrize("bad", ["sk-secret\nX-Evil: 1", "sk-secret two", "sk-sécret"])
def test_a_key_that_cannot_be_one_is_told_without_the_key(bad):
    with pytest.raises(CredentialsError, match="OPENAI_API_KEY") as caught:
        endpoint_of("gpt-4o", read_credentials({"OPENAI_API_KEY": bad}))
    assert "cret" not in str(caught.value)


def test_the_two_names_of_the_google_key_have_the_order_of_its_package():
    both = read_credentials({"GOOGLE_API_KEY": "first", "GEMINI_API_KEY": "second"})
    assert both.key("google").get_secret_value() == "first"
    one = read_credentials({"GEMINI_API_KEY": "second"})
    assert one.key("google").get_secret_value() == "second"


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GOOGLE_BASE_URL"])
def test_the_address_of_a_provider_can_be_set(variable):
    provider = variable.split("_")[0].lower()
    found = read_credentials({variable: "http://127.0.0.1:9/gate/"})
    assert found.base_url(provider) == "http://127.0.0.1:9/gate"


def test_the_openai_key_goes_to_a_local_server_only_where_it_is_the_openai_address():
    shared = {"OPENAI_API_KEY": "key-o", "OPENAI_BASE_URL": "http://127.0.0.1:8000/v1"}
    assert endpoint_of("local:x", read_credentials(shared)).api_key.get_secret_value() == "key-o"
    elsewhere = read_credentials(shared).with_local_url("http://127.0.0.1:9")
    assert endpoint_of("local:x", elsewhere).api_key.get_secret_value() == "none"
    own = read_credentials({**EVERYTHING, "LOCAL_MODEL_KEY": "key-l"})
    assert endpoint_of("local:x", own).api_key.get_secret_value() == "key-l"


def test_a_local_model_needs_an_address():
    with pytest.raises(ConfigurationError, match="--model-url"):
        endpoint_of("local:x", read_credentials({}))


def test_the_address_on_the_command_line_wins():
    found = read_credentials(EVERYTHING).with_local_url("http://127.0.0.1:11434")
    assert found.base_url("local") == "http://127.0.0.1:11434/v1"
    assert read_credentials(EVERYTHING).with_local_url("").base_url("local").endswith(":8000/v1")


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://x", "http://", "just words"])
def test_what_is_no_address_is_told_with_where_it_was_written(url):
    with pytest.raises(ConfigurationError, match="LOCAL_MODEL_URL"):
        read_credentials({"LOCAL_MODEL_URL": url}).base_url("local")


def test_an_address_may_be_the_one_of_the_end_point_itself():
    url = checked_base_url("http://h:1/v1/chat/completions", setting="x", default_path="/v1")
    assert url == "http://h:1/v1"


def test_nothing_that_holds_a_key_shows_it():
    secrets = {**EVERYTHING, "OPENAI_API_KEY": "sk-hidden"}
    found = read_credentials(secrets)
    endpoint = endpoint_of("gpt-4o", found)
    assert "sk-hidden" not in f"{found!r} {found} {endpoint!r} {endpoint.key!r}"
    assert "hidden" not in repr(Credentials(keys={"OPENAI_API_KEY": SecretStr("sk-hidden")}))


def test_a_password_in_an_address_is_no_part_of_what_is_remembered():
    endpoint = Endpoint(
        provider="local",
        label="local:x",
        model="x",
        base_url="http://me:secret@127.0.0.1:8000/v1/",
        api_key=SecretStr("none"),
    )
    assert endpoint.key == ("http://127.0.0.1:8000/v1", "x")


@pytest.mark.parametrize(
    ("wire", "typed", "on_the_wire", "mode"),
    [
        (OpenAIWire(), "gpt-4-turbo", "gpt-4-turbo", SchemaMode.JSON_OBJECT),
        (AnthropicWire(), "claude-3-opus", "claude-3-opus-20240229", SchemaMode.TEXT),
        (GoogleWire(), "gemini-1.5-pro", "gemini-1.5-pro", SchemaMode.JSON_OBJECT),
    ],
)
def test_the_models_of_the_first_version_still_answer(wire, typed, on_the_wire, mode):
    variables = {
        f"{wire.provider.upper()}_API_KEY": "key",
        f"{wire.provider.upper()}_BASE_URL": "",
    }
    with serving() as server:
        variables[f"{wire.provider.upper()}_BASE_URL"] = server.address + wire.base_path
        endpoint = endpoint_of(typed, read_credentials(variables))
        book = CapabilityBook()
        adapter = open_adapter(endpoint, book)
        server.will(json_answer(wire.reply("{}")))
        request = ModelRequest(
            id="r",
            system="Plan.",
            messages=(ChatMessage(role="user", text="Now."),),
            schema_name="plan",
            schema={"type": "object", "properties": {}},
            temperature=0.2,
        )
        assert adapter.complete(request).text == "{}"
        adapter.close()
    sent = wire.sent(server.received[0])
    assert sent["model"] == on_the_wire
    assert sent["temperature"] == 0.2
    assert "JSON schema" in sent["system"]
    assert sent["schema"] is None
    assert sent["json"] == (mode is SchemaMode.JSON_OBJECT)
    assert book.record(endpoint).schema_mode is mode
