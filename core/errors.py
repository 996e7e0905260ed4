"""The exceptions of this project.

    WebMasError
    ├── CallerError            the caller's mistake: the message says what is allowed
    │   ├── UnknownTaskError
    │   ├── TaskFileError
    │   ├── PlanError
    │   ├── ConfigurationError
    │   ├── ContractError
    │   ├── RecordError
    │   ├── CheckpointError
    │   └── CodecError
    ├── WorldError             the world's refusal
    │   ├── WorldTimeoutError
    │   ├── WorldUnreachableError
    │   ├── BrowserUnavailableError
    │   ├── AgentLostError
    │   └── LedgerUnavailableError
    └── InvariantError         our bug: a state that cannot be

Expected outcomes (a refused reservation, a failed subtask, a lost episode) are values, not
exceptions.
"""

from __future__ import annotations

__all__ = [
    "AgentLostError",
    "BrowserUnavailableError",
    "CallerError",
    "CheckpointError",
    "CodecError",
    "ConfigurationError",
    "ContractError",
    "InvariantError",
    "LedgerUnavailableError",
    "PlanError",
    "RecordError",
    "TaskFileError",
    "UnknownTaskError",
    "WebMasError",
    "WorldError",
    "WorldTimeoutError",
    "WorldUnreachableError",
]


class WebMasError(Exception):
    """Any error that this project raises on purpose."""


class CallerError(WebMasError):
    """What was asked cannot be done as asked."""


class UnknownTaskError(CallerError):
    """No task has this id."""


class TaskFileError(CallerError):
    """A task file is not readable as tasks."""


class PlanError(CallerError):
    """A plan breaks a rule that every plan must keep."""


class ConfigurationError(CallerError):
    """A setting is missing or out of range."""


class RecordError(CallerError):
    """Records or numbers of an evaluation cannot be summed up or compared as asked."""


class CheckpointError(CallerError):
    """A checkpoint cannot be written or read; the message says which and what is left."""


class ContractError(CallerError):
    """An environment gave a learner what the contract of environments does not allow."""


class CodecError(CallerError):
    """Bytes are not a message of a known kind and version."""


class WorldError(WebMasError):
    """Something outside of us did not do its part."""


class WorldTimeoutError(WorldError):
    """A site did not answer in time."""


class WorldUnreachableError(WorldError):
    """Nothing answers at this address."""


class BrowserUnavailableError(WorldError):
    """No Chromium can be started here."""


class AgentLostError(WorldError):
    """A web agent's process is gone."""


class LedgerUnavailableError(WorldError):
    """The budget tracker does not answer; nothing may be spent."""


class InvariantError(WebMasError):
    """An object reached a state that its rules forbid: a bug of ours."""
