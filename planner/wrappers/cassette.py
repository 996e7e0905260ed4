"""A cassette: what providers answered, in one append-only msgpack file.

    record = [version, key, provider, model, system, messages, outcome]
    outcome = {"reply": {...}} | {"error": class name, "message", "retry_after_s", ...}

The key is a hash of what decides an answer: provider, model, texts, schema, output limit,
temperature, log-probabilities. Ids and time-outs are left out. Requests hold no credentials, so a
cassette holds none. A file that was cut in the middle of its last record loses only that record.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgpack
from pydantic import JsonValue, TypeAdapter, ValidationError

from core.errors import CodecError
from planner.providers import contract
from planner.providers.contract import ModelReply, ModelRequest, ProviderError, UnsupportedError

__all__ = ["Cassette", "Outcome", "copied", "request_key"]

Outcome = ModelReply | ProviderError
"""What a call gave: a reply, or the error that was raised."""

_VERSION = 1
_REPLY = TypeAdapter(ModelReply)
_ERRORS: dict[str, type[ProviderError]] = {
    name: thing
    for name, thing in vars(contract).items()
    if isinstance(thing, type) and issubclass(thing, ProviderError)
}


def request_key(provider: str, model: str, request: ModelRequest) -> str:
    """Returns the same key for requests that mean the same."""
    parts: JsonValue = [
        provider,
        model,
        request.system,
        [[message.role, message.text] for message in request.messages],
        request.schema_name,
        request.schema,
        request.max_output_tokens,
        request.temperature,
        request.top_logprobs,
    ]
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()


class Cassette:
    """Outcomes by request key, in the order in which they were recorded; safe for threads."""

    def __init__(self, path: Path) -> None:
        """Reads what the file holds; a missing file is an empty cassette.

        Raises:
            CodecError: The file is not a cassette of this version.
        """
        self.path = path
        self._lock = threading.Lock()
        self._outcomes: dict[str, list[Outcome]] = defaultdict(list)
        self._played: dict[str, int] = defaultdict(int)
        if path.exists():
            for key, outcome in _read(path):
                self._outcomes[key].append(outcome)

    def __len__(self) -> int:
        """Counts outcomes."""
        return sum(len(outcomes) for outcomes in self._outcomes.values())

    def play(self, key: str) -> Outcome | None:
        """Returns the next outcome of a request; after the last one the last again."""
        with self._lock:
            outcomes = self._outcomes.get(key)
            if not outcomes:
                return None
            place = min(self._played[key], len(outcomes) - 1)
            self._played[key] += 1
            return outcomes[place]

    def add(self, provider: str, model: str, request: ModelRequest, outcome: Outcome) -> None:
        """Appends an outcome to the file before it returns."""
        key = request_key(provider, model, request)
        record = [
            _VERSION,
            key,
            provider,
            model,
            request.system,
            [[message.role, message.text] for message in request.messages],
            _packed(outcome),
        ]
        data: bytes = msgpack.packb(record)
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(data)
            self._outcomes[key].append(outcome)


def _packed(outcome: Outcome) -> dict[str, JsonValue]:
    if isinstance(outcome, ModelReply):
        return {"reply": _REPLY.dump_python(outcome, mode="json")}
    return {
        "error": _known_name(type(outcome)),
        "message": str(outcome),
        "provider": outcome.provider,
        "retry_after_s": outcome.retry_after_s,
        "may_be_billed": outcome.may_be_billed,
        "parameter": outcome.parameter if isinstance(outcome, UnsupportedError) else "",
    }


def _known_name(kind: type[ProviderError]) -> str:
    """Returns the name of the nearest class of the contract."""
    return next(base.__name__ for base in kind.__mro__ if _ERRORS.get(base.__name__) is base)


def _read(path: Path) -> Iterator[tuple[str, Outcome]]:
    with path.open("rb") as file:
        unpacker = msgpack.Unpacker(file, raw=False, max_buffer_size=1 << 30)
        try:
            for record in unpacker:
                yield _unpacked(path, record)
        except (ValueError, msgpack.UnpackException) as error:
            raise CodecError(f"{path} is not a cassette: {error}") from error


def _unpacked(path: Path, record: Sequence[object]) -> tuple[str, Outcome]:
    match record:
        case [int(version), str(key), str(), str(), str(), list(), dict(outcome)]:
            pass
        case _:
            raise CodecError(f"{path} is not a cassette: {str(record)[:80]}")
    if version != _VERSION:
        raise CodecError(f"{path} is of version {version}, this program reads {_VERSION}")
    if "reply" in outcome:
        try:
            return key, _REPLY.validate_python(outcome["reply"])
        except ValidationError as error:
            raise CodecError(f"{path} holds a reply that is none: {error}") from error
    return key, _raised(outcome)


def _raised(outcome: dict[str, JsonValue]) -> ProviderError:
    message, provider = str(outcome.get("message")), str(outcome.get("provider"))
    kind = _ERRORS.get(str(outcome.get("error")), ProviderError)
    if issubclass(kind, UnsupportedError):
        return kind(message, parameter=str(outcome.get("parameter")), provider=provider)
    wait, billed = outcome.get("retry_after_s"), outcome.get("may_be_billed")
    return kind(
        message,
        provider=provider,
        retry_after_s=float(wait) if isinstance(wait, int | float) else None,
        may_be_billed=billed if isinstance(billed, bool) else None,
    )


def copied(error: ProviderError) -> ProviderError:
    """Returns an equal error without the traceback of the first time it was raised."""
    return _raised(_packed(error))
