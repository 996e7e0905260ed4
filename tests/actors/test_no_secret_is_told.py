"""A whole run with a model, searched for its key."""

import os
import subprocess
import sys

import pytest

from tests.actors.model_for_tests import MODEL, WIRE, model_serving

KEY = "c4n4ry-4711-key"


@pytest.mark.ray
@pytest.mark.slow
def test_a_key_is_sent_to_its_provider_and_nowhere_else(tmp_path):
    """The server repeats the key in its error, as some do."""
    with model_serving(lambda _: WIRE.failure(400, f"Incorrect API key provided: {KEY}")) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "scripts.solve", "--task", "404", "--budget", "0.2"),
                *("--model", MODEL, "--model-url", server.url, "--price", "0.5,2"),
                *("--runs", str(tmp_path / "runs")),
            ],
            env={**os.environ, "LOCAL_MODEL_KEY": KEY},
            capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.received
    assert all(KEY in one.headers["authorization"] for one in server.received)
    assert all(KEY not in str(one.body) for one in server.received)
    assert KEY not in done.stdout + done.stderr
    files = [file for file in (tmp_path / "runs").rglob("*") if file.is_file()]
    assert len(files) >= 4
    assert [file.name for file in files if KEY.encode() in file.read_bytes()] == []
    assert "[key]" in done.stdout.replace("\n", ""), "the failure itself is told"
