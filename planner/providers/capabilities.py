"""What a server can do with a model, as far as its name tells.

    schema   json_schema -> json_object -> text      a downgrade goes one step to the right
    temperature, logprobs, system   yes -> no
    output_limit   max_completion_tokens <-> max_tokens

The table is a start, not the truth: what a server refuses is taken out of its record
(`capability_book`), so a model that is not in the table works after at most a few refused calls,
which no provider bills.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from planner.providers.endpoints import Endpoint

__all__ = ["FEATURES", "Capabilities", "SchemaMode", "known_capabilities"]


class SchemaMode(StrEnum):
    """How an answer of a given form can be asked for, strongest first."""

    JSON_SCHEMA = "json_schema"
    """The server lets nothing through but the schema."""
    JSON_OBJECT = "json_object"
    """The server lets nothing through but JSON; the schema is in the prompt."""
    TEXT = "text"
    """The schema is in the prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """One record."""

    schema_mode: SchemaMode = SchemaMode.JSON_SCHEMA
    temperature: bool = True
    logprobs: bool = True
    system: bool = True
    """No: the system text goes in front of the first message."""
    max_completion_tokens: bool = True
    """The name of the output limit in the OpenAI wire format; no: `max_tokens`."""

    def without(self, parameter: str) -> Capabilities | None:
        """Returns the next weaker record; `None` when there is nothing left to give up.

        Args:
            parameter: One of `FEATURES`; any other word gives up the first that is left, in
                that order.
        """
        if parameter not in FEATURES:
            tries = (self.without(each) for each in FEATURES if each != "output_limit")
            return next((weaker for weaker in tries if weaker is not None), None)
        weaker = self
        match parameter:
            case "schema":
                weaker = replace(self, schema_mode=_WEAKER.get(self.schema_mode, SchemaMode.TEXT))
            case "temperature":
                weaker = replace(self, temperature=False)
            case "logprobs":
                weaker = replace(self, logprobs=False)
            case "system":
                weaker = replace(self, system=False)
            case "output_limit":
                weaker = replace(self, max_completion_tokens=not self.max_completion_tokens)
        return None if weaker == self else weaker


FEATURES = ("logprobs", "temperature", "schema", "system", "output_limit")
"""What a record can give up, in the order in which it costs the planner least."""

_WEAKER = {SchemaMode.JSON_SCHEMA: SchemaMode.JSON_OBJECT}

_JSON = SchemaMode.JSON_OBJECT
_TEXT = SchemaMode.TEXT

_KNOWN: tuple[tuple[str, str, Capabilities], ...] = (
    ("openai", r"gpt-3\.5|gpt-4-(turbo|1106|0125)|gpt-4o-2024-05", Capabilities(schema_mode=_JSON)),
    ("openai", r"gpt-4(-0|-32k|$)", Capabilities(schema_mode=_TEXT)),
    (
        "openai",
        r"o1-(mini|preview)",
        Capabilities(schema_mode=_TEXT, temperature=False, logprobs=False, system=False),
    ),
    ("openai", r"gpt-5[^/]*-chat", Capabilities()),
    ("openai", r"o\d|gpt-[5-9]", Capabilities(temperature=False, logprobs=False)),
    (
        "anthropic",
        r"claude-(2|instant|3|(opus|sonnet)-4(-0|-2025|$))",
        Capabilities(schema_mode=_TEXT, logprobs=False),
    ),
    ("anthropic", r"claude-[a-z]+-4-[1-6]", Capabilities(logprobs=False)),
    ("anthropic", r"", Capabilities(logprobs=False, temperature=False)),
    ("google", r"gemini-1\.0|gemini-pro$", Capabilities(schema_mode=_TEXT, logprobs=False)),
    ("google", r"gemini-1\.5", Capabilities(schema_mode=_JSON)),
    ("local", r"", Capabilities(max_completion_tokens=False)),
)
"""Provider, how the wire name begins, record; the first row that fits holds."""


def known_capabilities(endpoint: Endpoint) -> Capabilities:
    """Returns the record that the model's name promises; everything, for an unknown one."""
    for provider, start, record in _KNOWN:
        if provider == endpoint.provider and re.match(start, endpoint.model):
            return record
    return Capabilities()
