"""Models by the names that people type.

    gpt-… chatgpt-… o1… o3… o4… ft:gpt-…    OpenAI
    claude-…                                Anthropic
    gemini-…                                Google
    local:MODEL                             any server that speaks OpenAI's chat completions
    rules                                   no model: there is no provider to open

The module of an adapter, and with it the provider's package, is imported when the first model of
that provider is opened.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from core.errors import ConfigurationError
from planner.credentials import Credentials
from planner.providers.capability_book import CapabilityBook
from planner.providers.contract import Provider
from planner.providers.endpoints import Endpoint

__all__ = ["RULES", "ModelName", "endpoint_of", "open_adapter", "read_name"]

RULES = "rules"

_FORMS = (
    ("openai", r"(?:gpt-|chatgpt-|ft:gpt-|o\d)\S*"),
    ("anthropic", r"claude-\S+"),
    ("google", r"gemini-\S+"),
    ("local", r"local:\S.*"),
    (RULES, RULES),
)
_FORMS_IN_WORDS = "gpt-…, o3…, claude-…, gemini-…, local:MODEL, rules"
_WIRE_NAMES = {
    "claude-3-opus": "claude-3-opus-20240229",
    "claude-3-sonnet": "claude-3-sonnet-20240229",
    "claude-3-haiku": "claude-3-haiku-20240307",
    "claude-3.5-sonnet": "claude-3-5-sonnet-20241022",
    "claude-3-5-sonnet": "claude-3-5-sonnet-20241022",
    "claude-3-5-haiku": "claude-3-5-haiku-20241022",
    "claude-3-7-sonnet": "claude-3-7-sonnet-20250219",
}
"""Short names that people use for models which the provider knows only with a date."""


class ModelName(NamedTuple):
    """What a typed name means."""

    provider: str
    """`openai`, `anthropic`, `google`, `local` or `rules`."""
    label: str
    """The name as typed, without spaces around it."""
    model: str
    """The name on the wire; empty for rules."""


def read_name(typed: str) -> ModelName:
    """Returns what a name means.

    Raises:
        ConfigurationError: It has none of the known forms.
    """
    label = typed.strip()
    for provider, form in _FORMS:
        if re.fullmatch(form, label):
            if provider == RULES:
                return ModelName(provider, label, "")
            if provider == "local":
                return ModelName(provider, label, label.removeprefix("local:").strip())
            return ModelName(provider, label, _WIRE_NAMES.get(label, label))
    raise ConfigurationError(f"no model has the name {label!r}: expected {_FORMS_IN_WORDS}")


def endpoint_of(typed: str, credentials: Credentials) -> Endpoint:
    """Returns where a model is served, with the key for it.

    Raises:
        ConfigurationError: The name is unknown or is `rules`, or an address is missing or wrong.
        CredentialsError: There is no usable key; the message names the variable.
    """
    name = read_name(typed)
    if name.provider == RULES:
        raise ConfigurationError("rules are no model: there is nothing to connect to")
    return Endpoint(
        provider=name.provider,
        label=name.label,
        model=name.model,
        base_url=credentials.base_url(name.provider),
        api_key=credentials.key(name.provider),
    )


def open_adapter(endpoint: Endpoint, book: CapabilityBook) -> Provider:
    """Returns the bare adapter of a model; imports the provider's package.

    Every call goes out once: no retry, no budget, no second try without what is refused. See
    `capable` for how the wrappers stack.
    """
    if endpoint.provider == "anthropic":
        from planner.providers.anthropic import AnthropicMessages

        return AnthropicMessages(endpoint, book)
    if endpoint.provider == "google":
        from planner.providers.google import GoogleGemini

        return GoogleGemini(endpoint, book)
    from planner.providers.openai import OpenAIChat

    return OpenAIChat(endpoint, book)
