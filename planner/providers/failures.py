"""From an HTTP status and what the server said about it to an error of the contract.

    401 402 403, a bad key, no money         CredentialsError
    429                                      RateLimitedError, with Retry-After
    408                                      ProviderTimeoutError
    4xx 500 501 that name what we sent       UnsupportedError
    409 5xx                                  OverloadedError, with Retry-After
    everything else                          RequestRefusedError

Some servers answer 500 to a parameter that they do not know, so a 500 is looked at, too.
"""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Mapping, Set
from dataclasses import dataclass

from planner.providers.contract import (
    CredentialsError,
    OverloadedError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
    RequestRefusedError,
    UnsupportedError,
)
from planner.providers.endpoints import Endpoint

__all__ = ["HttpFailure", "connection_error", "provider_error", "retry_after_s", "scrubbed"]

_NAMES_OF = {
    "logprobs": re.compile(r"log_?prob", re.IGNORECASE),
    "temperature": re.compile(r"temperature", re.IGNORECASE),
    "output_limit": re.compile(
        r"(unsupported|not support|unrecogni[sz]ed|unknown|extra input)"
        r".{0,80}max_(completion_)?tokens|max_(completion_)?tokens.{0,40}not (supported|permitted)",
        re.IGNORECASE | re.DOTALL,
    ),
    "system": re.compile(
        r"(system|developer)'? (role|message|instruction|prompt)s?.{0,40}not (support|enabl|allow)"
        r"|not support '(system|developer)'|only user and assistant",
        re.IGNORECASE | re.DOTALL,
    ),
    "schema": re.compile(
        r"response_?format|json_?schema|json_?object|json mode|output_?(config|format)"
        r"|response_?mime_?type|response_?(json_?)?schema|structured.output|grammar",
        re.IGNORECASE,
    ),
}
_NO_MONEY = re.compile(
    r"insufficient_quota|billing_(hard_limit|not_active)|credit balance is too low", re.IGNORECASE
)
_BAD_KEY = re.compile(r"api.?key.{0,20}(not valid|invalid|expired)|API_KEY_INVALID", re.IGNORECASE)
_MAY_NAME_A_PARAMETER = frozenset({400, 404, 422, 500, 501})
_MESSAGE_CHARS = 500
_BEFORE_SENDING = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})
"""What the HTTP libraries of all SDKs call it when there was no connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFailure:
    """A reply that is not a success."""

    status: int
    message: str
    code: str = ""
    """Machine-readable words about it: type, code, parameter; empty where there are none."""
    headers: Mapping[str, str]
    """By lower-case name."""


def provider_error(failure: HttpFailure, endpoint: Endpoint, sent: Set[str]) -> ProviderError:
    """Returns the error of the contract.

    Args:
        failure: What came back.
        endpoint: Who answered; its key is taken out of the message.
        sent: Which of `schema`, `temperature`, `logprobs`, `output_limit`, `system` the request
            had: only these can be what the server does not take.
    """
    said = f"{failure.code} {failure.message}"
    who = endpoint.provider
    text = f"{endpoint.label}: HTTP {failure.status}: {scrubbed(said, endpoint)}"
    status = failure.status
    if status in {401, 402, 403} or _NO_MONEY.search(said) or _BAD_KEY.search(said):
        return CredentialsError(text, provider=who)
    wait = retry_after_s(failure.headers)
    if status == 429:
        return RateLimitedError(text, provider=who, retry_after_s=wait)
    if status == 408:
        return ProviderTimeoutError(text, provider=who)
    parameter = _parameter(said, sent) if status in _MAY_NAME_A_PARAMETER else ""
    if parameter:
        return UnsupportedError(text, parameter=parameter, provider=who)
    if status == 409 or status >= 500:
        # No provider bills a request that it answers with an error.
        return OverloadedError(text, provider=who, retry_after_s=wait, may_be_billed=False)
    return RequestRefusedError(text, provider=who)


def connection_error(error: Exception, endpoint: Endpoint, *, late: bool) -> ProviderError:
    """Returns the error of the contract for a call without a whole answer.

    Args:
        error: Of a package or its HTTP library. Its cause may be ours: what a bounded body raises.
        endpoint: Who was called.
        late: Whether the time was up.
    """
    cause = error.__cause__
    if isinstance(cause, ProviderError):
        return cause
    what = scrubbed(f"{type(error).__name__}: {error} {cause or ''}", endpoint)
    kind = ProviderTimeoutError if late else OverloadedError
    billed = False if _was_never_sent(error) else None
    return kind(f"{endpoint.label}: {what}", provider=endpoint.provider, may_be_billed=billed)


def _was_never_sent(error: BaseException | None) -> bool:
    """Returns whether no connection was made, so that no request can have gone out."""
    while error is not None:
        if type(error).__name__ in _BEFORE_SENDING:
            return True
        error = error.__cause__
    return False


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Returns how long the server asks to wait, in seconds; `None`: it does not say.

    Reads `retry-after-ms`, then `retry-after` as seconds or as a date; a date is measured against
    the server's own `date` where it sent one, so that two clocks need not agree.
    """
    millis = _number(headers.get("retry-after-ms", ""))
    if millis is not None:
        return millis / 1000
    value = headers.get("retry-after", "")
    seconds = _number(value)
    if seconds is not None or not value:
        return seconds
    until = _moment(value)
    if until is None:
        return None
    now = _moment(headers.get("date", ""))
    return max(0.0, until - (time.time() if now is None else now))


def scrubbed(text: str, endpoint: Endpoint) -> str:
    """Returns one short line without the endpoint's key."""
    key = endpoint.api_key.get_secret_value()
    line = " ".join((text.replace(key, "[key]") if key else text).split())
    return line if len(line) <= _MESSAGE_CHARS else line[:_MESSAGE_CHARS] + "…"


def _parameter(said: str, sent: Set[str]) -> str:
    for parameter, names in _NAMES_OF.items():
        if parameter in sent and names.search(said):
            return parameter
    return ""


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _moment(value: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None
