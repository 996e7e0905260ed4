"""`make cluster-test`: a cluster on this machine by `ray up`, used, broken, taken down.

python -m scripts.cluster_test                 two to three minutes; needs root, Linux, Debian's
                                               iproute2 openssh-server openssh-client rsync procps
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import tyro

from scripts.cluster_test.hosts import COVERED, NAMESPACES, kept
from scripts.cluster_test.leftovers import Leftovers

_HERE = Path(__file__).parent
_PROJECT = _HERE.parents[1]
_TOOLS = {
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "ip": "iproute2",
    "/usr/sbin/sshd": "openssh-server",
    "ssh": "openssh-client",
    "rsync": "rsync",
    "pgrep": "procps",
}
_END_S = 10.0
"""Seconds that the kernel may take to end what was in the namespaces."""


@dataclass(frozen=True)
class Options:
    """Build a cluster on this machine with `ray up`, use it, break it, take it down."""

    limit_s: float = 420.0
    """Longest wall time; then everything ends and the test has failed."""


def main(options: Options) -> int:
    """Returns 0 when all went well, 1 when not, 2 when it cannot be tried here."""
    reason = _why_not()
    if reason:
        print(f"cluster-test: {reason}", file=sys.stderr)
        return 2
    for ending in (signal.SIGTERM, signal.SIGINT):  # a shell's background jobs ignore the second
        signal.signal(ending, signal.default_int_handler)
    before = Leftovers.before()
    process = subprocess.Popen(
        _command(), cwd=_PROJECT, stdin=subprocess.DEVNULL, start_new_session=True
    )
    leftovers = Leftovers(process.pid, before)
    try:
        code = _watch(process, leftovers, options.limit_s)
    except KeyboardInterrupt:
        print("cluster-test: interrupted; ending everything", file=sys.stderr)
        code = 130
    finally:
        leftovers.watch()
        process.kill()
        process.wait()
    left = _left(leftovers)
    if left:
        print("cluster-test: this was left behind:", *left, sep="\n  ", file=sys.stderr)
        return 1
    print("nothing is left behind")
    return code


def _why_not() -> str:
    """Returns why the test cannot run here, empty when it can."""
    if sys.platform != "linux":
        return "hosts are made of Linux namespaces, and this is not Linux"
    if os.geteuid() != 0:
        return "making hosts takes root (namespaces, a bridge, SSH servers); run it as root"
    missing = [package for tool, package in _TOOLS.items() if shutil.which(tool) is None]
    if missing:
        return f"install {' '.join(missing)} first (apt-get install {' '.join(missing)})"
    if subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False).returncode != 0:
        return "this root may not make namespaces (a container without CAP_SYS_ADMIN?)"
    if find_spec("aiohttp") is None:
        return "the jobs API is missing; make cluster-install installs it"
    return ""


def _command() -> list[str]:
    """Returns the words that start the rehearsal; it dies with this process, even by a kill -9."""
    covers = [word for folder in COVERED for word in ("--cover", folder)]
    keeps = [word for folder in (*kept(), _PROJECT) for word in ("--keep", str(folder))]
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *NAMESPACES,
        *(str(_HERE / "private.sh"), *covers, *keeps, "--"),
        *(sys.executable, "-m", "scripts.cluster_test.rehearsal"),
    ]


def _watch(process: subprocess.Popen[bytes], leftovers: Leftovers, limit_s: float) -> int:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        leftovers.watch()
        try:
            return process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            continue
    print(f"cluster-test: not done after {limit_s} s; ending everything", file=sys.stderr)
    return 1


def _left(leftovers: Leftovers) -> list[str]:
    deadline = time.monotonic() + _END_S
    while (left := leftovers.found()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options)))
