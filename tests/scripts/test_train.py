import json
import signal
import subprocess
import sys
import time

import pytest
import tyro

pytest.importorskip("torch")
pytest.importorskip("tensorboardX")

from scripts import train

SMALL = (
    "--stage", "agents", "--envs", "3", "--rollout-length", "4", "--cpu-seconds", "0",
    "--evaluations", "0", "--evaluation-episodes", "1", "--checkpoint-every", "1",
    "--templates", "subscriber_count", "biography_of_user",
)  # fmt: skip


def _main(*words):
    return train.main(tyro.cli(train.Options, args=words))


def _lines(folder):
    lines = [
        json.loads(line) for line in (folder / "agents/history.jsonl").read_text().split("\n")[:-1]
    ]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--cpu-seconds", "0"), "a run needs a limit"),
        (("--budget", "0"), "alpha"),
        (("--workers", "3"), "shared evenly by 3 workers"),
        (("--resume", "no/such/run"), "holds no training run"),
    ],
)
def test_a_mistake_in_the_call_is_told(words, says, tmp_path, capsys):
    assert _main("--run", str(tmp_path / "run"), *words) == 2
    assert says in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "run").exists()


def test_an_unknown_algorithm_is_answered_with_those_there_are(capsys):
    with pytest.raises(SystemExit) as ended:
        _main("--algorithm", "sarsa")
    assert ended.value.code == 2
    assert "ppo_lagrangian" in capsys.readouterr().err


def test_a_library_that_is_missing_is_named_with_the_way_to_get_it():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from scripts.train import Options, main\n"
        "sys.exit(main(Options()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "training needs torch" in done.stderr
    assert "make train" in done.stderr


@pytest.mark.parametrize(
    "more",
    [
        pytest.param((), id="one process"),
        pytest.param(("--envs", "4", "--workers", "2"), id="workers", marks=pytest.mark.ray),
    ],
)
def test_sigterm_ends_with_a_checkpoint_and_the_run_goes_on(more, tmp_path):
    cut = tmp_path / "cut"
    command = [
        sys.executable,
        "-m",
        "scripts.train",
        *SMALL,
        *more,
        "--iterations",
        "60",
        "--run",
        str(cut),
    ]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    history = cut / "agents/history.jsonl"
    while not history.exists() or not history.read_text():
        assert running.poll() is None
        time.sleep(0.02)
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=90)
    assert running.returncode == 130, output
    assert "go on with --resume" in output
    assert (cut / "agents/agents_p3o.npz").exists()
    done = len(_lines(cut))
    assert 1 <= done < 60
    if more:
        return  # how workers go on is tested where they are
    words = ("--iterations", str(done + 1))
    assert _main("--resume", str(cut), *words) == 0
    assert len(_lines(cut)) == done + 1
    assert (cut / "agents/result.json").exists()
    assert _main("--resume", str(cut), *words) == 0, "what is done is not done again"


def test_a_run_that_goes_on_keeps_its_settings(tmp_path, capsys):
    folder = tmp_path / "run"
    assert _main(*SMALL, "--iterations", "1", "--run", str(folder)) == 0
    assert _main("--resume", str(folder), "--seed", "3") == 2
    assert "seed: 3, 0" in capsys.readouterr().err
    assert _main(*SMALL, "--iterations", "1", "--run", str(folder)) == 2
    assert "holds this run already" in capsys.readouterr().err.replace("\n", " ")
