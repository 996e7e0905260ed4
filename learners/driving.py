"""A run from where it stands to its end: step, keep, tell, until the limit or until asked to stop.

    for each iteration:  Training.step -> watch(record) -> every k iterations a checkpoint
    at the end, or when asked to stop:    one more checkpoint

Checkpoints are written by the number of the iteration and not by the time, so that a run which was
killed and resumed meets its environments in the same states as one that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import CheckpointError, ConfigurationError
from learners.checkpoints import Checkpoint, Checkpoints
from learners.history import Record
from learners.training import Training

__all__ = ["Keeping", "drive", "resume"]

_STATE = "training.pickle"


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
    training: Training,
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
        kept = record.iteration % keeping.every == 0
        if kept:
            _keep(training, keeping, record)
        if watch is not None:
            watch(record)
    records = training.history.records
    if records and not kept:
        _keep(training, keeping, records[-1])
    return training.share_done >= 1.0


def resume(training: Training, keeping: Keeping) -> list[str]:
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
    if _STATE not in checkpoint.parts:
        raise CheckpointError(f"the checkpoint has no {_STATE}, only {sorted(checkpoint.parts)}")
    training.load_state(checkpoint.parts[_STATE])
    return complaints


def _keep(training: Training, keeping: Keeping, record: Record) -> None:
    keeping.checkpoints.save(
        Checkpoint(
            iteration=record.iteration,
            parts={_STATE: training.state()},
            score=_score(record, training.history.limits),
            notes=keeping.notes,
        )
    )


def _score(record: Record, limits: Sequence[float]) -> float | None:
    """J of the iterate that this update began with, if it kept to all limits."""
    within = all(cost <= limit for cost, limit in zip(record.costs, limits, strict=True))
    return record.reward if record.episodes and within else None
