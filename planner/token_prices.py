"""Prices of one model's tokens, what a call cost, and the most that it can cost.

    price of a kind   micro-dollars per million tokens
    cost(usage)       ceil(Σ tokens of a kind · price of the kind / 1,000,000) + price per request
    bound(request)    input tokens ≤ UTF-8 bytes of the request, all at the dearest input price,
                      and the whole output limit at the output price: never below any cost

The kinds are disjoint (`Usage`): input that touched no cache, input read from one, input written to
one, output. Thinking is output on every provider and is never added again. Some models get dearer
beyond a number of input tokens: then every token of the call costs more, so the bound takes the
dearest step in reach.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import ConfigurationError
from planner.providers.contract import ModelRequest, Usage
from planner.providers.schemas import longest_form

__all__ = ["FREE", "ModelPrices", "PriceStep", "input_token_bound"]

_MILLION = 1_000_000
_FRAME_TOKENS = 64
"""What a chat template puts around a request, beyond its text."""
_TURN_TOKENS = 16
"""What a chat template puts around one message."""
_SCHEMA_TOKENS = 1_024
"""What a provider says to its model about a schema, beyond the schema itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceStep:
    """Prices of one range of input sizes, micro-dollars per million tokens."""

    above_tokens: int = 0
    """The step holds for calls with more input tokens than this."""
    input: int
    cache_read: int
    cache_write: int
    output: int

    @property
    def dearest_input(self) -> int:
        """The most that one input token can cost, whatever a cache does."""
        return max(self.input, self.cache_read, self.cache_write)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrices:
    """What one model costs.

    Example:
        >>> step = PriceStep(input=2_500_000, cache_read=0, cache_write=0, output=10_000_000)
        >>> ModelPrices(steps=(step,)).cost(Usage(input_tokens=1_000, output_tokens=100))
        3500
    """

    steps: tuple[PriceStep, ...]
    """By `above_tokens`, the first at 0."""
    per_request: int = 0
    """Micro-dollars for a call, whatever its size."""

    def __post_init__(self) -> None:
        starts = [step.above_tokens for step in self.steps]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise ConfigurationError(f"price steps start at 0 and rise, not {starts}")
        for step in self.steps:
            if min(step.input, step.cache_read, step.cache_write, step.output) < 0:
                raise ConfigurationError(f"a price is at least 0, not {step}")

    def cost(self, usage: Usage) -> int:
        """Returns the micro-dollars of a call, rounded up."""
        size = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        step = next(
            one for one in reversed(self.steps) if size > one.above_tokens or one is self.steps[0]
        )
        return self.per_request + _rounded_up(
            usage.input_tokens * step.input
            + usage.cache_read_tokens * step.cache_read
            + usage.cache_write_tokens * step.cache_write
            + usage.output_tokens * step.output
        )

    def bound(self, request: ModelRequest) -> int:
        """Returns micro-dollars that no answer to this request can exceed."""
        tokens = input_token_bound(request)
        in_reach = [step for step in self.steps if tokens > step.above_tokens] or [self.steps[0]]
        return self.per_request + _rounded_up(
            tokens * max(step.dearest_input for step in in_reach)
            + request.max_output_tokens * max(step.output for step in in_reach)
        )


FREE = ModelPrices(steps=(PriceStep(input=0, cache_read=0, cache_write=0, output=0),))
"""For a model that runs on the user's own machine and that the user says is free."""


def input_token_bound(request: ModelRequest) -> int:
    """Returns input tokens that a request cannot exceed: a token is at least one byte."""
    size = len(longest_form(request).encode())
    size += _FRAME_TOKENS + _TURN_TOKENS * len(request.messages)
    if request.schema is not None:
        size += _SCHEMA_TOKENS
    return size


def _rounded_up(micro_tokens: int) -> int:
    return -(-micro_tokens // _MILLION)
