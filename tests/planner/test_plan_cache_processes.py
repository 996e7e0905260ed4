"""Two processes on one cache file, one of them killed in the middle of its appends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from planner.cache import StoredPlans
from planner.decisions import PlanOutcome
from tests.planner.plans_for_tests import chain, request_for

GOOD = PlanOutcome(spent=100, replans=0, confidence=0.9)
WRITER = """
import sys
from pathlib import Path
from planner.cache import StoredPlans
from planner.decisions import PlanOutcome
from tests.planner.plans_for_tests import chain, request_for
cache = StoredPlans(Path(sys.argv[1]))
for turn in range(int(sys.argv[3])):
    name = f"{sys.argv[2]}{turn % 7}x"
    request = request_for(f'Subscribe to "{name}" and frobnicate it {turn % 5 + 1} times')
    cache.store(request, chain(name), PlanOutcome(spent=100, replans=0, confidence=0.9))
    print(turn, flush=True)
"""


def started(path, name, turns):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(turns)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def test_two_writers_lose_nothing_and_a_killed_one_harms_nobody(tmp_path):
    path = tmp_path / "plans.msgpack"
    doomed, steady = started(path, "ab", 100_000), started(path, "cd", 120)
    for _ in range(40):
        doomed.stdout.readline()
    os.kill(doomed.pid, signal.SIGKILL)
    doomed.wait()
    written = doomed.stdout.read().splitlines()
    assert steady.wait(timeout=60) == 0
    doomed.stdout.close()
    steady.stdout.close()
    cache = StoredPlans(path)
    uses = sum(entry.successes for entry in cache._entries.values())
    assert uses >= 120 + 40 + len(written)
    cache.store(request_for('Upvote the newest post in "nyc1"'), chain("nyc1"), GOOD)
    assert len(StoredPlans(path)) == len(cache) == 6


def test_a_lock_that_a_killed_process_held_is_free_again(tmp_path):
    path = tmp_path / "plans.msgpack"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl,sys,time; f=open(sys.argv[1],'ab'); fcntl.flock(f,fcntl.LOCK_EX);"
            "print(1,flush=True); time.sleep(60)",
            str(path),
        ],
        stdout=subprocess.PIPE,
    )
    holder.stdout.readline()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    begun = time.monotonic()
    StoredPlans(path).store(request_for('Join "nyc1"'), chain("nyc1"), GOOD)
    assert time.monotonic() - begun < 10
