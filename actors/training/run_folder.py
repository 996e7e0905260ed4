"""The folder of a training run.

run.json             settings, versions of libraries, commit, command
<stage>/history.jsonl      one line for each update
<stage>/checkpoints/       see `learners.checkpoints`
<stage>/curve.jsonl        episode records of the evaluations during training
<stage>/final.jsonl        episode records of the final evaluation
<stage>/curve.png          the learning curve
<stage>/tensorboard/       the same numbers for TensorBoard
<stage>/<policy>.npz       what was trained; written when a stage ends or is stopped
"""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from actors.training.settings import Stage, TrainSettings
from core.errors import ConfigurationError

__all__ = ["RunFolder", "RunRecord", "commit_of"]

_LIBRARIES = ("torch", "numpy", "ray", "selectolax", "webarena-verified")


class RunRecord(BaseModel):
    """What stands in `run.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["webarena-mas training run"] = "webarena-mas training run"
    version: Literal[1] = 1
    settings: TrainSettings
    command: str
    commit: str
    libraries: dict[str, str]


class RunFolder:
    """One run on disk."""

    def __init__(self, path: Path, record: RunRecord) -> None:
        """Wraps a folder that exists; `create` and `open` are the usual ways."""
        self.path = path
        self.record = record

    @property
    def settings(self) -> TrainSettings:
        """What the run was asked to do."""
        return self.record.settings

    @classmethod
    def create(cls, path: Path, settings: TrainSettings, *, command: str) -> Self:
        """Makes the folder of a new run.

        Raises:
            ConfigurationError: There is a run in it already, or it is something else.
        """
        if (path / "run.json").exists():
            other = cls.open(path).settings
            differences = settings.differences(other)
            if differences:
                raise ConfigurationError(
                    f"{path} holds a run with other settings ({'; '.join(differences)}); "
                    "choose another folder"
                )
            raise ConfigurationError(
                f"{path} holds this run already; go on with it by --resume {path}, or choose "
                "another folder"
            )
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ConfigurationError(f"{path} is there already and is not a run's folder")
        record = RunRecord(
            settings=settings, command=command, commit=commit_of(), libraries=_libraries()
        )
        path.mkdir(parents=True, exist_ok=True)
        _write(path / "run.json", record)
        return cls(path, record)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Returns a run that was begun.

        Raises:
            ConfigurationError: There is none.
        """
        file = path / "run.json"
        try:
            return cls(path, RunRecord.model_validate_json(file.read_bytes()))
        except OSError as error:
            raise ConfigurationError(f"{path} holds no training run: no run.json") from error
        except ValidationError as error:
            raise ConfigurationError(
                f"{file} is of another version, cut short or something else: {error}"
            ) from error

    def go_on(self, settings: TrainSettings) -> Self:
        """Returns the run with its free settings changed.

        Raises:
            ConfigurationError: Something differs that may not change.
        """
        differences = settings.differences(self.settings)
        if differences:
            raise ConfigurationError(
                f"{self.path} holds a run with other settings ({'; '.join(differences)})"
            )
        record = self.record.model_copy(update={"settings": settings})
        _write(self.path / "run.json", record)
        return type(self)(self.path, record)

    def changed_libraries(self) -> list[str]:
        """Returns what is installed in another version than when the run began."""
        now = _libraries()
        return [
            f"{name} {before} -> {now.get(name, 'missing')}"
            for name, before in self.record.libraries.items()
            if now.get(name) != before
        ]

    def stage(self, stage: Stage) -> Path:
        """Returns the folder of a stage; it is there."""
        folder = self.path / stage
        folder.mkdir(exist_ok=True)
        return folder


def commit_of() -> str:
    """Returns the commit of the program, with a mark where files were changed; or `unknown`."""
    here = Path(__file__).parent
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude", "*"]
    try:
        done = subprocess.run(
            command, cwd=here, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()


def _libraries() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


def _write(path: Path, record: RunRecord) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
