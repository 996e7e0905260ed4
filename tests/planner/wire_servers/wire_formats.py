"""What the contract tests need to say in each provider's wire format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

from planner.providers.contract import FinishReason, Usage
from tests.planner.wire_servers.wire_server import Answer, Received

Tokens = list[tuple[str, float, list[tuple[str, float]]]]
"""Token, log-probability, alternatives."""

SOME_USAGE = Usage(input_tokens=11, output_tokens=7)


class WireFormat(Protocol):
    """One provider's way to say things."""

    provider: str
    typed_name: str
    """A model that can do everything that the provider can."""
    served_name: str
    """That model as the provider names it in a reply."""
    base_path: str
    features: frozenset[str]
    """Which of schema, temperature and logprobs this model takes."""

    shown: ClassVar[dict[FinishReason, FinishReason]]
    """Reasons that this provider cannot tell, and what is seen of them."""
    never_told: ClassVar[frozenset[str]]
    """Fields of `Usage` that it does not count."""
    no_money: str | None
    """What it says about an account without money, where it says that clearly."""

    def reply(
        self,
        text: str,
        *,
        finish: FinishReason = FinishReason.STOP,
        usage: Usage | None = SOME_USAGE,
    ) -> dict[str, Any]:
        """Returns the body of a success."""
        ...

    def set_input_tokens(self, body: dict[str, Any], value: object) -> None:
        """Spoils the count of input tokens of a success."""
        ...

    def add_logprobs(self, body: dict[str, Any], tokens: Tokens) -> None:
        """Puts log-probabilities into a success."""
        ...

    def malformed(self) -> Iterator[dict[str, Any]]:
        """Yields JSON objects that are no reply."""
        ...

    def failure(self, status: int, message: str, *, parameter: str = "", **headers: str) -> Answer:
        """Returns an error as this provider words it."""
        ...

    def refused_parameter(self, feature: str) -> Answer:
        """Returns the 400 for a feature that the model does not take."""
        ...

    def sent(self, received: Received) -> dict[str, Any]:
        """Returns what came in under common names.

        Keys: `key`, `model`, `system`, `texts`, `limit`, `temperature`, `logprobs`, `schema` (the
        JSON schema), `json` (whether JSON was asked for at all).
        """
        ...
