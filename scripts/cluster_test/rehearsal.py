"""The person at the keyboard: makes the cluster, works on it, breaks it, takes it down.

Runs as the first process of the namespaces that `__main__` made.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scripts.cluster_test.hosts import Host, Hosts, run
from scripts.cluster_test.jobs import Job, RunningJob
from scripts.cluster_test.shipping import RehearsedCluster, rehearsed
from scripts.cluster_test.steps import StepFailedError, Steps

_PROJECT = Path(__file__).parents[2]
_WORK = Path("/tmp/rehearsal")
_TASKS = (
    *("27", "399", "404", "610", "716"),
    *(f"reddit.upvote_newest_in_three:{seed}@train" for seed in range(1, 21)),
)
"""Five official tasks and twenty generated ones whose branches run side by side."""
_BREAK_AFTER = 3
"""Tasks that are solved before a node goes."""
JOBS: tuple[Job, ...] = (
    Job(
        name="solve",
        command="python -m scripts.solve --address auto --runs ~/runs --task " + " ".join(_TASKS),
        progress=r"│ verdict ",
        units=len(_TASKS),
        limit_s=200.0,
    ),
    Job(
        name="solve-shipped",
        command="python -m scripts.solve --address auto --runs ~/runs --task 404",
        progress=r"│ verdict ",
        units=1,
        limit_s=90.0,
        is_shipped=True,
    ),
)
"""What is run on the cluster; a node is lost during the first."""


def main() -> int:
    """Returns 0 when everything went as it should."""
    logs, keys = _WORK / "logs", _WORK / "keys"
    logs.mkdir(parents=True)
    keys.mkdir()
    cluster = rehearsed(_PROJECT / "cluster-onprem.yaml", environment=kept_environment())
    config = _WORK / "cluster.yaml"
    config.write_text(cluster.text, encoding="utf-8")
    steps = Steps(logs, _PROJECT, config)
    os.environ.update(RAY_UP_enable_autoscaler_v2="0", RAY_USAGE_STATS_ENABLED="0")
    os.environ["PATH"] = f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"
    try:
        _rehearse(steps, cluster, keys, logs)
    except (StepFailedError, TimeoutError, subprocess.CalledProcessError) as error:
        print(f"cluster-test: {error}", file=sys.stderr)
        _tell_about(logs, cluster, steps)
        return 1
    print(f"the cluster came, worked, lost a node, worked on, and went: {steps.elapsed_s:.0f} s")
    return 0


def kept_environment() -> Path:
    """Returns the virtual environment that hosts are given."""
    return Path(sys.prefix).resolve()


def _rehearse(steps: Steps, cluster: RehearsedCluster, keys: Path, logs: Path) -> None:
    with steps.step(f"starting {1 + len(cluster.workers)} hosts"):
        hosts = _start_hosts(cluster, keys, logs)
    with steps.step("ray up"):
        steps.run("token", "ray", "get-auth-token", "--generate", limit_s=20)
        steps.ray("up", "up", "--yes", "--no-config-cache", limit_s=150)
    with steps.step("waiting for the workers"):
        _wait_for_nodes(steps, cluster)
    running = RunningJob(JOBS[0], steps, cluster.head)
    with steps.step(f"{JOBS[0].units} tasks, of which {_BREAK_AFTER} before a node is lost"):
        lost = _agents_node(steps, cluster, hosts)
        running.wait_for_units(_BREAK_AFTER)
    with steps.step(f"{lost.name} loses its power; waiting for the end of the tasks"):
        lost.lose_power()
        print(f"    {running.done} of {running.job.units} were told by then")
        if running.done == running.job.units:
            raise StepFailedError("the tasks were over before the node was lost")
        _expect_all(running)
    for job in JOBS[1:]:
        with steps.step(job.name):
            _expect_all(RunningJob(job, steps, cluster.head))
    with steps.step("ray down"):
        _take_down(steps, cluster, lost)


def _start_hosts(cluster: RehearsedCluster, keys: Path, logs: Path) -> Hosts:
    own = Path.home() / ".ssh" / "id_ed25519"
    own.parent.mkdir(mode=0o700)
    for file in (own, keys / "host_key"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file))
    (keys / "authorized_keys").write_bytes(own.with_suffix(".pub").read_bytes())
    gateway = cluster.head.rpartition(".")[0] + ".1"
    hosts = Hosts(gateway=gateway, keys=keys, project=_PROJECT, logs=logs)
    hosts.start("head", cluster.head)
    for number, address in enumerate(cluster.workers, 1):
        hosts.start(f"worker-{number}", address)
    return hosts


def _wait_for_nodes(steps: Steps, cluster: RehearsedCluster) -> None:
    wanted = 1 + len(cluster.workers)
    nodes = steps.json_on(cluster.head, f"nodes {wanted} 90", limit_s=120)
    if set(nodes) != {cluster.head, *cluster.workers}:
        raise StepFailedError(f"wanted {wanted} nodes, there are: {nodes}")
    print(f"    {nodes}")


def _agents_node(steps: Steps, cluster: RehearsedCluster, hosts: Hosts) -> Host:
    """Returns a worker that agents live on, after a check that each worker has some."""
    places = steps.json_on(cluster.head, "agents 4 60", limit_s=80)
    print(f"    agents: {places}")
    if set(places.values()) != set(cluster.workers):
        raise StepFailedError(f"agents are to be on {cluster.workers}, they are on {places}")
    return next(host for host in hosts.hosts if host.address == cluster.workers[-1])


def _expect_all(running: RunningJob) -> None:
    code = running.wait()
    solved = len(running.matching(r"│ verdict .*strict ✔"))
    told = f"{running.done} of {running.job.units} told, {solved} solved, status {code}"
    print(f"    {told}; seconds for each: {' '.join(_seconds(running))}")
    if code != 0 or running.done != running.job.units:
        raise StepFailedError(f"job {running.job.name}: status {code}\n{running.tail(60)}")


def _seconds(running: RunningJob) -> list[str]:
    """Returns the last column of the summary."""
    return [line.split()[-1] for line in running.matching(r"\$\d.*%\s+\d+\s+[\d.]+$")]


def _take_down(steps: Steps, cluster: RehearsedCluster, lost: Host) -> None:
    steps.ray("down", "down", "--yes", limit_s=60)
    # With machines at hand, `ray down` stops Ray on the head only; workers are told one by one.
    for address in set(cluster.workers) - {lost.address}:
        steps.on(address, "ray stop --force", limit_s=30)
    for address in {cluster.head, *cluster.workers} - {lost.address}:
        left = steps.on(address, "pgrep -af [r]aylet || true", limit_s=10).strip()
        if left:
            raise StepFailedError(f"Ray still runs on {address} after ray down:\n{left}")


def _tell_about(logs: Path, cluster: RehearsedCluster, steps: Steps) -> None:
    """Prints the ends of all logs, those of Ray on the head too."""
    try:
        steps.on(cluster.head, "tail -n 40 /tmp/ray/session_latest/logs/monitor.*", limit_s=15)
    except StepFailedError as error:
        print(f"no logs of the head: {error}", file=sys.stderr)
    for log in sorted(logs.glob("*.log")):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:]
        print(f"--- {log.name}", *lines, sep="\n", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
