"""The scripted provider, and how a schema is written for those who take little of it."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import InvariantError
from planner.providers.capabilities import Capabilities, SchemaMode
from planner.providers.contract import (
    ChatMessage,
    FinishReason,
    ModelReply,
    ModelRequest,
    RateLimitedError,
    Usage,
)
from planner.providers.schemas import longest_form, spoken, strict
from planner.providers.scripted import ScriptedProvider

REQUEST = ModelRequest(id="r", system="", messages=(ChatMessage(role="user", text="hello"),))
WHOLE = ModelReply(text="w", finish=FinishReason.LENGTH, usage=None, provider="p", model="m")


def test_a_script_is_spoken_in_order_and_keeps_what_it_was_asked():
    provider = ScriptedProvider(["one", RateLimitedError("slow", retry_after_s=2.0), WHOLE])
    assert provider.complete(REQUEST).text == "one"
    with pytest.raises(RateLimitedError, match="slow"):
        provider.complete(REQUEST)
    assert provider.complete(REQUEST) is WHOLE
    assert provider.requests == [REQUEST] * 3


def test_a_script_that_is_used_up_is_a_mistake_that_no_wrapper_hides():
    with pytest.raises(InvariantError, match="request 1"):
        ScriptedProvider([]).complete(REQUEST)


def test_a_script_can_be_a_function():
    provider = ScriptedProvider(lambda asked: asked.messages[-1].text.upper(), name="n", model="m")
    reply = provider.complete(REQUEST)
    assert (reply.text, reply.provider, reply.model) == ("HELLO", "n", "m")
    assert reply.usage == Usage(input_tokens=2, output_tokens=2)


def test_threads_share_a_script_and_each_line_is_spoken_once():
    provider = ScriptedProvider(str(number) for number in range(200))
    with ThreadPoolExecutor(8) as pool:
        spoken_lines = {reply.text for reply in pool.map(provider.complete, [REQUEST] * 200)}
    assert spoken_lines == {str(number) for number in range(200)}


def test_the_strict_form_keeps_the_shape_and_drops_the_bounds():
    schema = {
        "$defs": {"Node": {"type": "object", "title": "Node", "properties": {"n": {"minimum": 1}}}},
        "type": "object",
        "title": "Plan",
        "properties": {
            "title": {"type": "string", "minLength": 1, "description": "what"},
            "nodes": {"type": "array", "maxItems": 9, "items": {"$ref": "#/$defs/Node"}},
            "tier": {"enum": ["minimum", "title"]},
            "cost": {"anyOf": [{"type": "integer", "maximum": 5}, {"type": "null"}]},
        },
        "required": ["title"],
    }
    assert strict(schema) == {
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {"n": {}},
                "required": ["n"],
                "additionalProperties": False,
            }
        },
        "type": "object",
        "properties": {
            "title": {"type": "string", "description": "what"},
            "nodes": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            "tier": {"enum": ["minimum", "title"]},
            "cost": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "required": ["title", "nodes", "tier", "cost"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize("mode", list(SchemaMode))
@pytest.mark.parametrize("system", [True, False])
def test_the_longest_form_is_no_shorter_than_what_goes_out(mode, system):
    request = ModelRequest(
        id="r",
        system="Plän.",
        messages=(ChatMessage(role="user", text="hello"),),
        schema_name="plan",
        schema={"type": "object", "properties": {"ü": {"maxLength": 4}}},
    )
    said, messages = spoken(request, Capabilities(schema_mode=mode, system=system))
    sent = [said, *(message.text for message in messages)]
    if mode is not SchemaMode.TEXT:
        sent.append(json.dumps(strict(request.schema), ensure_ascii=False))
    assert len("\n\n".join(sent).encode()) <= len(longest_form(request).encode())


def test_a_dialogue_that_the_model_began_keeps_its_turns_without_a_system_role():
    request = ModelRequest(
        id="r", system="Plan.", messages=(ChatMessage(role="assistant", text="Yes?"),)
    )
    said, messages = spoken(request, Capabilities(system=False))
    assert said == ""
    assert [message.text for message in messages] == ["Plan.", "Yes?"]
