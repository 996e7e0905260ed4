"""Hands what happens in a stage to the screen and to TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from actors.training.board import Board
from actors.training.watching import Began, Watcher
from evaluation.records import EpisodeRecord
from learners.history import Record

__all__ = ["Watchers"]


class Watchers:
    """A `Watcher` that passes everything on."""

    def __init__(self, view: Watcher, folder: Path) -> None:
        """Opens the event file when the stage begins.

        Args:
            view: The screen.
            folder: Of the event files.
        """
        self._view = view
        self._folder = folder
        self._board: Board | None = None

    def began(self, began: Began) -> None:
        """See `Watcher`."""
        names = tuple(cost.name for cost in began.spec.costs)
        self._board = Board(self._folder, names, from_step=began.steps + 1)
        self._view.began(began)

    def updated(self, record: Record, share_done: float, drops: str, side: str) -> None:
        """See `Watcher`."""
        assert self._board is not None, "a stage has begun"
        self._board.add(record, side)
        self._view.updated(record, share_done, drops, side)

    def evaluated(self, records: list[EpisodeRecord], *, is_final: bool) -> None:
        """See `Watcher`."""
        self._view.evaluated(records, is_final=is_final)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._board is not None:
            self._board.close()
