"""What every adapter does with a request's settings and with numbers that a server sent."""

from __future__ import annotations

from pydantic import JsonValue, ValidationError

from planner.providers.capabilities import Capabilities
from planner.providers.contract import ModelRequest

__all__ = [
    "count",
    "first_problem",
    "said_in",
    "sent_features",
    "temperature_of",
    "top_logprobs_of",
]


def temperature_of(request: ModelRequest, record: Capabilities) -> float | None:
    """Returns the temperature to send; `None`: none is wanted, or the model takes none."""
    return request.temperature if record.temperature else None


def top_logprobs_of(request: ModelRequest, record: Capabilities) -> int:
    """Returns how many alternatives per token to ask for; 0: no log-probabilities."""
    return request.top_logprobs if record.logprobs else 0


def sent_features(request: ModelRequest, record: Capabilities) -> frozenset[str]:
    """Returns the features that the request makes use of: what a refusal can be about."""
    used = {
        "schema": request.schema is not None and record.schema_mode != "text",
        "temperature": temperature_of(request, record) is not None,
        "logprobs": top_logprobs_of(request, record) > 0,
        "system": record.system and bool(request.system or request.schema is not None),
        "output_limit": True,
    }
    return frozenset(name for name, sent in used.items() if sent)


def count(of: JsonValue, *path: str) -> int | None:
    """Returns the number of tokens at a path in a JSON object; `None`: no such number."""
    for name in path:
        if not isinstance(of, dict):
            return None
        of = of.get(name)
    is_count = isinstance(of, int) and not isinstance(of, bool) and of >= 0
    return of if is_count and isinstance(of, int) else None


def first_problem(error: ValidationError) -> str:
    """Returns where and why something a server sent is not what was expected."""
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else problem["msg"]


def said_in(body: object, *words: str) -> tuple[str, str]:
    """Returns the message and the machine-readable words of an error's body.

    Args:
        body: Parsed JSON, with the error under `error` or on its own; anything else says nothing.
        words: Which fields of the error to take, where they are text.
    """
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return (error if isinstance(error, str) else ""), ""
    message = error.get("message")
    found = (error.get(word) for word in words)
    code = " ".join(word for word in found if isinstance(word, str))
    return (message if isinstance(message, str) else ""), code
