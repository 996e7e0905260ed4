"""The files of one stage in a run's folder; see `actors.training.run_folder`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from actors.training.run_folder import RunFolder
from actors.training.settings import Stage
from core.errors import CodecError
from evaluation.record_files import read_records, write_records
from evaluation.records import EpisodeRecord

__all__ = ["StageFiles"]


class StageFiles:
    """Writes what a stage found; only the policy and the checkpoints are written elsewhere."""

    def __init__(self, run: RunFolder, stage: Stage) -> None:
        """Makes the stage's folder."""
        self._record = run.record
        self._name = f"{run.path.name}/{stage}"
        self.folder = run.stage(stage)

    @property
    def is_done(self) -> bool:
        """Whether the stage came to its end."""
        return (self.folder / "result.json").exists()

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.folder / "checkpoints"

    def history(self, side: str = "") -> Path:
        """Returns the file of the history; each side of a joint stage has its own."""
        return self.folder / (f"history_{side}.jsonl" if side else "history.jsonl")

    def curve_until(self, steps: int) -> list[EpisodeRecord]:
        """Returns what was evaluated up to a number of steps: later points are of a run that died.

        A file that was cut by a full disk counts for nothing.
        """
        path = self.folder / "curve.jsonl"
        try:
            records = read_records(path).records if path.exists() else []
        except CodecError:
            return []
        return [one for one in records if (one.trained_steps or 0) <= steps]

    def write_curve(self, records: Sequence[EpisodeRecord]) -> None:
        """Writes what was evaluated during training."""
        self._write("curve.jsonl", records)

    def write_final(self, records: Sequence[EpisodeRecord]) -> None:
        """Writes what was evaluated at the end."""
        self._write("final.jsonl", records)

    def draw(self, curve: Sequence[EpisodeRecord]) -> None:
        """Draws the learning curve."""
        from evaluation.figures import Limits, draw_learning_curves  # a second to import

        caption = f"Command in run.json of {self._name}; commit {self._record.commit}."
        draw_learning_curves(curve, self.folder / "curve.png", limits=Limits(), caption=caption)

    def write_result(self, result: Mapping[str, object]) -> None:
        """Writes the last file of a stage: it came to its end."""
        text = json.dumps(dict(result), indent=2, default=str) + "\n"
        partial = self.folder / "result.json.partial"
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.folder / "result.json")

    def _write(self, name: str, records: Sequence[EpisodeRecord]) -> None:
        record = self._record
        write_records(self.folder / name, records, command=record.command, commit=record.commit)
