"""What a run tells to whoever looks on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from actors.training.settings import Stage
from evaluation.records import EpisodeRecord
from learners.contract import EnvSpec
from learners.history import Record

__all__ = ["Began", "Watcher"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """How a stage stands when it begins."""

    stage: Stage
    spec: EnvSpec
    iteration: int
    """Updates that were made before: 0 in a new stage."""
    steps: int
    """Environment steps that were made before."""
    complaints: list[str]
    """What was wrong with newer checkpoints that were passed over."""


class Watcher(Protocol):
    """Who looks on."""

    def began(self, began: Began) -> None:
        """A stage begins or goes on."""
        ...

    def updated(self, record: Record, share_done: float, drops: str, side: str) -> None:
        """An update was made.

        Args:
            record: Of the update.
            share_done: Of the stage, in [0, 1].
            drops: What rollouts lost so far, in words; empty where nothing was.
            side: Who made it in joint training; empty elsewhere.
        """
        ...

    def evaluated(self, records: list[EpisodeRecord], *, is_final: bool) -> None:
        """Episodes were evaluated."""
        ...
