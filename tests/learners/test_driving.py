from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from core.errors import CheckpointError
from learners.checkpoints import Checkpoint, Checkpoints
from learners.driving import Keeping, drive, resume
from learners.history import Record
from learners.history_files import append_record, record_line, write_history
from learners.problems.exact import make_env_of, s1
from learners.runs import TrainConfig
from learners.training import Training
from policies.trained import TrainedPolicy

CONFIG = TrainConfig(total_steps=None, iterations=8, num_envs=4, rollout_length=8, seed=5)

PROGRAM = """
import sys
from pathlib import Path
from learners.checkpoints import Checkpoints
from learners.driving import Keeping, drive, resume
from learners.history_files import append_record, write_history
from learners.problems.exact import make_env_of, s1
from learners.runs import TrainConfig
from learners.training import Training

folder, algorithm = Path(sys.argv[1]), sys.argv[2]
config = TrainConfig(total_steps=None, iterations=12, num_envs=4, rollout_length=8, seed=5)
training = Training(algorithm, make_env_of(s1()), config)
keeping = Keeping(checkpoints=Checkpoints(folder / "checkpoints"), every=3)
resume(training, keeping)
write_history(folder / "history.jsonl", training.history.records)
drive(training, keeping, watch=lambda record: append_record(folder / "history.jsonl", record))
training.policy.save(folder / "policy.npz")
"""


def _training(config: TrainConfig = CONFIG) -> Training:
    return Training("p3o", make_env_of(s1()), config)


def _keeping(folder: Path, **notes: str) -> Keeping:
    return Keeping(checkpoints=Checkpoints(folder), every=3, notes={"algorithm": "p3o", **notes})


def _numbers(records: list[Record]) -> list[dict[str, object]]:
    """Everything in the records but the seconds."""
    lines = [json.loads(record_line(record)) for record in records]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def _lines(folder: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def test_a_run_that_is_stopped_and_resumed_gives_the_same_numbers(tmp_path: Path) -> None:
    whole = _training()
    assert drive(whole, _keeping(tmp_path / "whole"))
    first = _training()
    seen: list[int] = []
    is_done = drive(
        first,
        _keeping(tmp_path / "cut"),
        watch=lambda record: seen.append(record.iteration),
        should_stop=lambda: len(seen) >= 4,
    )
    assert not is_done
    assert seen == [1, 2, 3, 4]
    second = _training()
    assert resume(second, _keeping(tmp_path / "cut")) == []
    assert len(second.history.records) == 4, "the stop was kept, though 4 is no multiple of 3"
    assert drive(second, _keeping(tmp_path / "cut"))
    assert _numbers(second.history.records) == _numbers(whole.history.records)


def test_kill_9_and_resume_equals_a_run_without(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), "p3o"]
    killed = subprocess.Popen(command)
    history = tmp_path / "history.jsonl"
    while not history.exists() or history.read_text().count("\n") < 5:
        assert killed.poll() is None
        time.sleep(0.005)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    subprocess.run(command, check=True)
    whole = _training(replace(CONFIG, iterations=12))
    drive(whole, _keeping(tmp_path / "whole"))
    assert _lines(tmp_path) == _numbers(whole.history.records)
    resumed = TrainedPolicy.load(tmp_path / "policy.npz").weights
    for name, values in whole.policy.weights.items():
        assert np.array_equal(resumed[name], values), "bit by bit"


def test_a_checkpoint_that_was_harmed_is_passed_over_and_said(tmp_path: Path) -> None:
    training = _training()
    drive(training, _keeping(tmp_path))
    newest = Checkpoints(tmp_path).names()[-1]
    (tmp_path / newest / "training.pickle").write_bytes(b"half")
    again = _training()
    (complaint,) = resume(again, _keeping(tmp_path))
    assert newest in complaint
    assert len(again.history.records) == 6


def test_checkpoints_of_another_kind_of_run_are_refused(tmp_path: Path) -> None:
    keeping = _keeping(tmp_path)
    drive(_training(replace(CONFIG, iterations=1)), keeping)
    other = replace(keeping, notes={"algorithm": "macpo"})
    with pytest.raises(CheckpointError, match="are of algorithm 'p3o', this run is of 'macpo'"):
        resume(_training(), other)
    kept = Checkpoints(tmp_path / "empty")
    kept.save(Checkpoint(iteration=1, parts={"other": b""}, notes={"algorithm": "p3o"}))
    with pytest.raises(CheckpointError, match=r"has no training\.pickle"):
        resume(_training(), _keeping(tmp_path / "empty"))


def test_a_state_of_another_program_is_said_with_its_commit(tmp_path: Path) -> None:
    keeping = _keeping(tmp_path, commit="abc123")
    foreign = {"training.pickle": b"cno_such_module\nThing\n."}
    notes = {"algorithm": "p3o", "commit": "abc123"}
    keeping.checkpoints.save(Checkpoint(iteration=4, parts=foreign, notes=notes))
    with pytest.raises(CheckpointError, match="another version of this program, commit abc123"):
        resume(_training(), keeping)


def test_a_disk_that_refuses_ends_the_run_and_not_its_checkpoints(tmp_path: Path) -> None:
    training = _training()
    keeping = _keeping(tmp_path)

    def refuse(record: Record) -> None:
        if record.iteration == 3:
            for path in tmp_path.glob("*"):
                path.rename(tmp_path.parent / "saved")
            tmp_path.rmdir()
            tmp_path.write_text("no folder")

    with pytest.raises(CheckpointError, match="no checkpoint could be written"):
        drive(training, keeping, watch=refuse)
    assert len(training.history.records) == 6


def test_history_lines_are_json_with_null_for_what_is_not_a_number(tmp_path: Path) -> None:
    training = _training(replace(CONFIG, iterations=2))
    records = list(training)
    path = tmp_path / "history.jsonl"
    append_record(path, records[0])
    append_record(path, replace(records[1], reward=float("nan")))
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    assert first["iteration"] == 1
    assert second["reward"] is None
    write_history(path, records[:1])
    assert path.read_text() == record_line(records[0]) + "\n"
