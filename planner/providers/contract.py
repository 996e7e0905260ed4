"""What a model provider is asked, what it answers, and how it fails.

An adapter maps the request, the usage and the errors of one SDK, and does nothing else. Retry, rate
limit, money, recording and fall-back are wrappers: each is a `Provider` around a `Provider`, so
they stack in any order.

    ProviderError
    ├── RateLimitedError      429; `retry_after_s` where the server said it
    ├── OverloadedError       5xx, 529, connection refused or reset: worth another try
    ├── ProviderTimeoutError  no answer in time: may have been billed
    ├── UnsupportedError      400 that names a parameter: worth a try without it
    ├── RequestRefusedError   400, 404, 413, 422: the same request will fail again
    ├── CredentialsError      401, 403, or no key: the next provider
    ├── SpendRefusedError     the budget does not allow the call: nothing was sent
    └── BrokenReplyError      200, but not a usable reply: may have been billed
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from pydantic import JsonValue

from core.errors import WorldError
from core.model_calls import Purse

__all__ = [
    "BrokenReplyError",
    "ChatMessage",
    "CredentialsError",
    "FinishReason",
    "ModelReply",
    "ModelRequest",
    "OverloadedError",
    "Provider",
    "ProviderError",
    "ProviderTimeoutError",
    "Purse",
    "RateLimitedError",
    "RequestRefusedError",
    "SpendRefusedError",
    "TokenLogprob",
    "UnsupportedError",
    "Usage",
]


class FinishReason(StrEnum):
    """Why a model stopped."""

    STOP = "stop"
    LENGTH = "length"
    """The output limit cut the reply."""
    REFUSAL = "refusal"
    FILTERED = "filtered"
    """A content filter of the provider cut or withheld the reply."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One turn of a dialogue."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One call of a model."""

    id: str
    """The caller's id of this call; attempts of a retry derive theirs from it."""
    system: str
    messages: tuple[ChatMessage, ...]
    schema_name: str = ""
    schema: JsonValue = None
    """JSON schema of the wanted answer; `None`: free text."""
    max_output_tokens: int = 2_000
    """Most tokens of the reply, thinking included: what a reservation is made for."""
    temperature: float | None = None
    """`None`: the model's default."""
    top_logprobs: int = 0
    """Alternatives per token wanted, 0 to 20; 0: no log-probabilities."""
    timeout_s: float = 60.0
    prompt: str = ""
    """Versions of the prompt files it was made of, for the log; never sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that a call used, by how they are billed; the sums are disjoint."""

    input_tokens: int = 0
    """Input neither read from nor written to a cache."""
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    """Everything billed as output, thinking included."""
    reasoning_tokens: int = 0
    """The part of `output_tokens` that was thinking; for people, never billed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogprob:
    """One token of a reply with the alternatives that were considered."""

    token: str
    logprob: float
    """Natural log."""
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """What came back."""

    text: str
    finish: FinishReason
    usage: Usage | None
    """`None`: the provider did not say; the call is then billed at its upper bound."""
    provider: str
    model: str
    """As the provider names it in the reply."""
    logprobs: tuple[TokenLogprob, ...] | None = None
    """`None`: not given. Under a grammar they are those of the unconstrained model."""
    latency_ms: int = 0
    attempts: int = 1


class ProviderError(WorldError):
    """A call did not give a reply."""

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        retry_after_s: float | None = None,
        may_be_billed: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.retry_after_s = retry_after_s
        self.may_be_billed = may_be_billed
        """Whether the provider may ask money for the request; `None`: the class decides, see
        `planner.wrappers.budget`. False for a 5xx and a refused connection, True for a reset.
        """


class RateLimitedError(ProviderError):
    """Too many requests or tokens."""


class OverloadedError(ProviderError):
    """The provider has a problem that may pass."""


class ProviderTimeoutError(ProviderError):
    """No answer in time."""


class UnsupportedError(ProviderError):
    """The model does not take a parameter; `parameter` names it where the provider did."""

    def __init__(self, message: str, *, parameter: str = "", provider: str = "") -> None:
        super().__init__(message, provider=provider)
        self.parameter = parameter
        """`schema`, `temperature`, `logprobs`, `output_limit`, `system`, or empty: not told."""


class RequestRefusedError(ProviderError):
    """The provider will not serve this request."""


class CredentialsError(ProviderError):
    """No key, or a key that is refused."""


class SpendRefusedError(ProviderError):
    """The budget does not allow the call, or nobody knows what it would cost."""


class BrokenReplyError(ProviderError):
    """An answer came that is not a reply."""


class Provider(Protocol):
    """Answers requests; calls block, several threads may call at once."""

    @property
    def name(self) -> str:
        """`openai`, `anthropic`, `google`, `local`, `rules`, or a wrapper's inner name."""
        ...

    @property
    def model(self) -> str:
        """The model's name as the user typed it, prefix included."""
        ...

    def complete(self, request: ModelRequest) -> ModelReply:
        """Returns the model's reply.

        Raises:
            ProviderError: There is none; the class says whether another try makes sense.
        """
        ...
