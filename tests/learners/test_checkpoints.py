from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import CheckpointError
from learners.checkpoints import Checkpoint, Checkpoints


def _made(iteration: int, *, score: float | None = None, size: int = 1_000) -> Checkpoint:
    return Checkpoint(
        iteration=iteration,
        parts={"training.pickle": bytes([iteration % 256]) * size, "more": b""},
        score=score,
        notes={"algorithm": "p3o"},
    )


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "run")
    assert kept.newest() == (None, [])
    kept.save(_made(5, score=0.5))
    assert kept.newest() == (_made(5, score=0.5), [])


def test_the_last_few_and_the_best_are_kept(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, keep=2)
    for iteration, score in ((1, 0.1), (2, 0.9), (3, None), (4, 0.9), (5, 0.2), (6, None)):
        kept.save(_made(iteration, score=score))
    assert kept.names() == ["000004", "000005", "000006"]
    assert kept.best() == "000004"
    assert sorted(path.name for path in tmp_path.iterdir()) == kept.names()


def test_the_same_iteration_may_be_written_again(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path)
    kept.save(_made(1))
    kept.save(_made(1, size=7))
    checkpoint, _ = kept.newest()
    assert checkpoint == _made(1, size=7)


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _of_version_2(path: Path) -> None:
    manifest = path.with_name("manifest.json")
    values = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**values, "version": 2, "new_field": 1}))


def _foreign(path: Path) -> None:
    path.with_name("manifest.json").write_text('{"format": "somebody else\'s"}')


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_cut, "cut short: 500 bytes of 1,000"),
        (_flip, "damaged"),
        (lambda path: path.unlink(), "lacks training.pickle"),
        (_of_version_2, "of version 2; this program reads 1"),
        (_foreign, "cut short or is no checkpoint"),
        (lambda path: _cut(path.with_name("manifest.json")), "cut short or is no checkpoint"),
        (lambda path: path.with_name("manifest.json").unlink(), "is no checkpoint: No such file"),
    ],
)
def test_a_harmed_checkpoint_is_named_and_the_one_before_loads(
    tmp_path: Path, harm: object, message: str
) -> None:
    kept = Checkpoints(tmp_path)
    for iteration in (1, 2):
        kept.save(_made(iteration))
    assert callable(harm)
    harm(tmp_path / "000002" / "training.pickle")
    with pytest.raises(CheckpointError, match=message):
        kept.load("000002")
    checkpoint, (complaint,) = kept.newest()
    assert checkpoint == _made(1)
    assert message in complaint


def test_where_none_can_be_read_all_are_named(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path)
    for iteration in (1, 2):
        kept.save(_made(iteration))
        _cut(tmp_path / f"{iteration:06d}" / "training.pickle")
    with pytest.raises(CheckpointError, match=r"no checkpoint can be read: .*000002.*000001"):
        kept.newest()


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    code = (
        "import pathlib, resource, signal, sys\n"
        "from core.errors import CheckpointError\n"
        "from learners.checkpoints import Checkpoint, Checkpoints\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))\n"
        "try:\n"
        "    large = Checkpoint(iteration=2, parts={'a': b'2' * 1_000_000})\n"
        "    Checkpoints(pathlib.Path(sys.argv[1])).save(large)\n"
        "except CheckpointError as error:\n"
        "    print(error)\n"
    )
    kept = Checkpoints(tmp_path)
    kept.save(_made(1))
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )  # a limit on files of this process would also hold for where pytest writes to
    assert re.search(r"could be written .*; the last one is 000001", done.stdout)
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]
    assert kept.newest() == (_made(1), [])


def test_a_writer_that_was_killed_leaves_nothing_that_looks_like_a_checkpoint(
    tmp_path: Path,
) -> None:
    code = (
        "import os, signal, sys, pathlib\n"
        "from learners.checkpoints import Checkpoint, Checkpoints\n"
        "kept = Checkpoints(pathlib.Path(sys.argv[1]))\n"
        "kept.save(Checkpoint(iteration=1, parts={'a': b'1'}))\n"
        "fsync = os.fsync\n"
        "def die(descriptor):\n"
        "    fsync(descriptor)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.fsync = die\n"
        "kept.save(Checkpoint(iteration=2, parts={'a': b'2'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    kept = Checkpoints(tmp_path)
    assert kept.names() == ["000001"]
    assert len(list(tmp_path.iterdir())) == 2
    kept.save(_made(3))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001", "000003"]
