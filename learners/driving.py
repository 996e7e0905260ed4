"""A run from where it stands to its end: step, keep, tell, until the limit or until asked to stop.

    for each update:     Trainable.step -> watch(record) -> every k iterations a checkpoint
    at the end, or when asked to stop:    one more checkpoint

Checkpoints are written by the number of the iteration and not by the time, so that a run which was
killed and resumed meets its environments in the same states as one that was not.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.errors import CheckpointError, ConfigurationError
from learners.checkpoints import Checkpoint, Checkpoints
from learners.history import Record

__all__ = ["STATE", "Keeping", "Trainable", "drive", "resume"]

STATE = "training.pickle"
"""The part of a checkpoint that holds `Trainable.state`."""


class Trainable(Protocol):
    """What can be driven: `learners.training.Training`, or two that take turns."""

    @property
    def num_updates(self) -> int:
        """Made so far."""
        ...

    @property
    def share_done(self) -> float:
        """How much of the run is done, in [0, 1]."""
        ...

    @property
    def score(self) -> float | None:
        """How good the run stands, higher is better; `None`: a limit is broken."""
        ...

    def step(self) -> Record:
        """Makes one update."""
        ...

    def state(self) -> bytes:
        """Returns everything that the next step depends on."""
        ...

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Where and how often a run is kept."""

    checkpoints: Checkpoints
    every: int = 5
    """Iterations between two checkpoints."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Go into each checkpoint; those in `fixed` must be equal when a run goes on."""
    fixed: tuple[str, ...] = ("algorithm",)

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ConfigurationError(f"checkpoints come every 1 or more iterations: {self.every}")


def drive(
    training: Trainable,
    keeping: Keeping,
    *,
    watch: Callable[[Record], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Trains to the end of the run, or until asked to stop.

    Args:
        training: As new or as `resume` left it.
        keeping: Where checkpoints go.
        watch: Called after each iteration.
        should_stop: Asked after each iteration.

    Returns:
        Whether the run came to its end.

    Raises:
        CheckpointError: A checkpoint cannot be written; those from before are as they were.
    """
    kept = True
    while training.share_done < 1.0 and not should_stop():
        record = training.step()
        kept = training.num_updates % keeping.every == 0
        if kept:
            _keep(training, keeping)
        if watch is not None:
            watch(record)
    if not kept:
        _keep(training, keeping)
    return training.share_done >= 1.0


def resume(training: Trainable, keeping: Keeping) -> list[str]:
    """Puts a new `Training` to where its newest whole checkpoint stands.

    Returns:
        What was wrong with newer checkpoints that had to be passed over.

    Raises:
        CheckpointError: No checkpoint can be read, or it is of another kind of run.
    """
    checkpoint, complaints = keeping.checkpoints.newest()
    if checkpoint is None:
        return complaints
    for name in keeping.fixed:
        ours, theirs = keeping.notes.get(name, ""), checkpoint.notes.get(name, "")
        if ours != theirs:
            raise CheckpointError(
                f"the checkpoints in {keeping.checkpoints.folder} are of {name} {theirs!r}, "
                f"this run is of {ours!r}"
            )
    if STATE not in checkpoint.parts:
        raise CheckpointError(f"the checkpoint has no {STATE}, only {sorted(checkpoint.parts)}")
    try:
        training.load_state(checkpoint.parts[STATE])
    except (pickle.UnpicklingError, AttributeError, ImportError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"checkpoint {checkpoint.iteration} in {keeping.checkpoints.folder} was written by "
            f"another version of this program, commit {checkpoint.notes.get('commit', 'unknown')}: "
            f"{error}"
        ) from error
    return complaints


def _keep(training: Trainable, keeping: Keeping) -> None:
    keeping.checkpoints.save(
        Checkpoint(
            iteration=training.num_updates,
            parts={STATE: training.state()},
            score=training.score,
            notes=keeping.notes,
        )
    )
