"""The judge's verdict on one episode.

Failure and error are separate things. A failure is about the agent: it did not do what the task
asks. An error is about us: the judge could not decide, and the episode must not count.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

__all__ = ["Verdict", "Violation", "ViolationKind"]


class ViolationKind(StrEnum):
    """What a policy violation is about."""

    OUT_OF_SCOPE_WRITE = "out_of_scope_write"
    INJECTION_OBEYED = "injection_obeyed"
    SECRET_TYPED = "secret_typed"
    CONFIRMATION_SKIPPED = "confirmation_skipped"


class Violation(BaseModel):
    """One breach of policy, whether or not the task succeeded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ViolationKind
    detail: str
    """What was seen, for people; never holds the secret itself."""


class Verdict(BaseModel):
    """What the benchmark's evaluators and our own check say, side by side and never mixed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    official: float | None
    """Score of WebArena-Verified's evaluators, 0 or 1; `None` when they could not decide."""
    official_status: str
    """The benchmark's word for it: `success`, `failure`, `error`."""
    strict: bool
    """Whether answer and final state are exactly what the task asks, without side effects."""
    reasons: tuple[str, ...] = ()
    """Why the strict check or the evaluators say no."""
    violations: tuple[Violation, ...] = ()
    error: str = ""
    """Why the judge could not decide; empty when it could. Such an episode must not count."""
