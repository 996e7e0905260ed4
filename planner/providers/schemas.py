"""How an answer of a given form is asked for: in a dialect that providers take, or in words.

Providers take different parts of JSON Schema. `strict` writes the part that all of them take; the
bounds that it leaves out are checked after parsing, as they have to be anyway.
"""

from __future__ import annotations

import json
from typing import cast

from pydantic import JsonValue

from planner.providers.capabilities import Capabilities, SchemaMode
from planner.providers.contract import ChatMessage, ModelRequest

__all__ = ["instruction", "longest_form", "spoken", "strict"]

_DROPPED = frozenset(
    {
        "$schema",
        "$id",
        "title",
        "default",
        "examples",
        "format",
        "pattern",
        "multipleOf",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
    }
)
_NAMED_SCHEMAS = frozenset({"properties", "$defs", "definitions"})


def strict(schema: JsonValue) -> dict[str, JsonValue]:
    """Returns the schema without bounds, with every property required and no others allowed."""
    return cast(dict[str, JsonValue], _strict(schema))


def instruction(request: ModelRequest) -> str:
    """Returns the words that ask for the request's schema."""
    schema = json.dumps(request.schema, ensure_ascii=False, separators=(",", ":"))
    return (
        "Answer with one JSON object and nothing else: no text around it, no code fence. "
        f"It must be valid against this JSON schema:\n{schema}"
    )


def spoken(request: ModelRequest, record: Capabilities) -> tuple[str, tuple[ChatMessage, ...]]:
    """Returns system text and messages with everything that has to be said in words.

    The system text is empty for a model that takes none; it then stands before the first message.
    """
    words = request.schema is not None and record.schema_mode is not SchemaMode.JSON_SCHEMA
    parts = [request.system, instruction(request) if words else ""]
    system = "\n\n".join(part for part in parts if part)
    if record.system or not system:
        return system, request.messages
    first, *rest = request.messages or (ChatMessage(role="user", text=""),)
    if first.role != "user":
        return "", (ChatMessage(role="user", text=system), first, *rest)
    return "", (ChatMessage(role="user", text=f"{system}\n\n{first.text}"), *rest)


def longest_form(request: ModelRequest) -> str:
    """Returns the text of the longest form in which the request can go out.

    What a reservation is made for. A schema goes as a parameter or in words, to a server of our
    own as both, and providers bill it as input either way.
    """
    said = [request.system, *(message.text for message in request.messages)]
    if request.schema is not None:
        parameter = json.dumps(strict(request.schema), ensure_ascii=False)
        said += [request.schema_name, instruction(request), parameter]
    return "\n\n".join(said)


def _strict(schema: JsonValue) -> JsonValue:
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, JsonValue] = {}
    for name, value in schema.items():
        if name in _NAMED_SCHEMAS and isinstance(value, dict):
            kept[name] = {each: _strict(inner) for each, inner in value.items()}
        elif name in {"enum", "const", "required"}:
            kept[name] = value
        elif name not in _DROPPED:
            kept[name] = _strict(value)
    properties = kept.get("properties")
    if isinstance(properties, dict):
        kept["required"] = list(properties)
        kept["additionalProperties"] = False
    return kept
