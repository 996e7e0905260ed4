"""How scripts find a Ray, and who gets into the one that they start."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.pool import RayConfig, start_ray
from core.errors import ConfigurationError

KEEPS_A_RAY = """
import sys, ray
from actors.pool import RayConfig, start_ray
with start_ray(RayConfig(num_cpus=1)):
    print(ray.get_runtime_context().gcs_address, flush=True)
    sys.stdin.read()
"""
JOINS = (
    "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False); print(len(ray.nodes()))"
)


def _environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    return {**kept, "HOME": str(home), "RAY_USAGE_STATS_ENABLED": "0", **more}


def _python(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], env=env, capture_output=True, text=True, timeout=100, check=False
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            time.sleep(2.0)  # the raylet follows the server that has just answered
        except OSError:
            assert time.monotonic() < deadline, "ray start did not open its port"
            time.sleep(0.2)
        else:
            return


def test_the_address_of_the_jobs_api_is_told_from_that_of_a_ray():
    with pytest.raises(ConfigurationError, match="RAY_API_SERVER_ADDRESS"):
        start_ray(RayConfig(address="http://127.0.0.1:8265")).__enter__()


def test_a_ray_that_is_not_there_is_told_in_one_line(tmp_path):
    nowhere = f"127.0.0.1:{_free_port()}"
    done = _python("-m", "scripts.solve", "--address", nowhere, env=_environment(tmp_path))
    assert done.returncode == 3, done.stdout + done.stderr
    assert "ray start --head" in done.stdout.replace("\n", " ")
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.ray
@pytest.mark.slow
def test_a_stranger_does_not_get_into_a_ray_that_a_script_started(tmp_path):
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPS_A_RAY], env=_environment(tmp_path), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert keeper.stdout is not None
        address = keeper.stdout.readline().strip()
        joined = _python("-c", JOINS, address, env=_environment(tmp_path))
        assert joined.returncode != 0, joined.stdout
    finally:
        keeper.communicate("", timeout=60)
    assert keeper.returncode == 0
    assert not (tmp_path / ".ray").exists(), "no token is left in the home folder"


@pytest.fixture
def started_by_hand(tmp_path: Path) -> Iterator[str]:
    """A Ray from `ray start --head`, which ends with its command because of `--block`."""
    port = _free_port()
    command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block"]
    flags = [f"--port={port}", "--num-cpus=2", "--include-dashboard=false"]
    flags += ["--object-store-memory=80000000", "--resources", '{"browser": 4}']
    folder = tempfile.mkdtemp(prefix="mas")  # short, because of the sockets in it
    flags += [f"--temp-dir={folder}"]
    env = _environment(
        tmp_path, RAY_AUTH_MODE="disabled", RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S="0"
    )
    with (tmp_path / "start.log").open("wb") as log:
        started = subprocess.Popen(command + flags, env=env, stdout=log, stderr=log)
    try:
        _wait_for(port)
        yield f"127.0.0.1:{port}"
    finally:
        started.terminate()
        started.wait(60)
        shutil.rmtree(folder)


@pytest.mark.ray
@pytest.mark.slow
def test_a_script_joins_a_ray_by_the_environment_and_leaves_it_running(started_by_hand, tmp_path):
    env = _environment(tmp_path, RAY_AUTH_MODE="disabled", RAY_ADDRESS=started_by_hand)
    words = ("-m", "scripts.solve", "--task", "404", "--runs", str(tmp_path / "runs"))
    done = _python(*words, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert _python("-c", JOINS, started_by_hand, env=env).stdout.strip() == "1"


def test_a_world_error_names_the_address(tmp_path):
    tries = "from actors.pool import RayConfig, start_ray; "
    tries += "start_ray(RayConfig(address='nowhere at all')).__enter__()"
    done = _python("-c", tries, env=_environment(tmp_path))  # this process may have a Ray
    assert "WorldError: cannot join a Ray at nowhere at all" in done.stderr
