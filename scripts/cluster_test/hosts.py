"""Hosts in namespaces, on one bridge. Runs where the launcher's own namespaces are."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["COVERED", "NAMESPACES", "Host", "Hosts", "kept", "run"]

_HERE = Path(__file__).parent
_BITS = 24
COVERED = ("/tmp", "/run", "/dev/shm", str(Path.home()))
"""Folders that launcher and hosts have for themselves."""
NAMESPACES = (
    *("unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--mount-proc"),
    "--kill-child=KILL",
)
"""Words before a command that is to have everything for itself, and to end with `unshare`."""
_UP_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One host."""

    name: str
    address: str
    pid: int
    """Its first process, as the launcher sees it."""
    card: str
    """The launcher's end of its cable."""

    def lose_power(self) -> None:
        """Pulls the cable, so that nobody is told, then ends every process of the host."""
        run("ip", "link", "set", self.card, "down")
        os.kill(self.pid, signal.SIGKILL)


class Hosts:
    """A network and the hosts on it. They end with the launcher's process namespace."""

    def __init__(self, *, gateway: str, keys: Path, project: Path, logs: Path) -> None:
        """Makes the network.

        Args:
            gateway: The launcher's address.
            keys: Folder with `host_key` and `authorized_keys`.
            project: This repository; hosts do not see it.
            logs: Folder for what the SSH servers say.
        """
        self._keys = keys
        self._project = project
        self._logs = logs
        self.hosts: list[Host] = []
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "bridge", "type", "bridge")
        run("ip", "addr", "add", f"{gateway}/{_BITS}", "dev", "bridge")
        run("ip", "link", "set", "bridge", "up")

    def start(self, name: str, address: str) -> Host:
        """Starts a host and waits until its SSH server answers.

        Raises:
            TimeoutError: It does not.
        """
        log = (self._logs / f"{name}.log").open("wb")
        private = (str(_HERE / "private.sh"), *self._private(), "--")
        init = (str(_HERE / "host.sh"), name, f"{address}/{_BITS}", str(self._keys))
        parent = subprocess.Popen(
            [*NAMESPACES, *private, *init],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        pid = _only_child(parent.pid)
        card = f"to-{name}"
        run("ip", "link", "add", card, "type", "veth", "peer", "name", "card", "netns", str(pid))
        run("ip", "link", "set", card, "master", "bridge", "up")
        host = Host(name=name, address=address, pid=pid, card=card)
        self.hosts.append(host)
        _wait_for_port(address, 22)
        return host

    def _private(self) -> list[str]:
        covers = [word for folder in (*COVERED, str(self._project)) for word in ("--cover", folder)]
        keeps = [*kept(), _HERE, self._keys]
        return covers + [word for folder in keeps for word in ("--keep", str(folder))]


def kept() -> list[Path]:
    """Returns the folders without which this Python does not run."""
    return sorted({Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()})


def run(*words: str) -> None:
    """Runs a command that has nothing to say.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def _only_child(pid: int) -> int:
    """Returns the process that `unshare` forked; by then its namespaces are there."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    deadline = time.monotonic() + _UP_S
    while time.monotonic() < deadline:
        found = children.read_text(encoding="utf-8").split()
        if found:
            return int(found[0])
        time.sleep(0.02)
    raise TimeoutError("unshare made no process")


def _wait_for_port(address: str, port: int) -> None:
    deadline = time.monotonic() + _UP_S
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((address, port), timeout=1.0):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nobody answers at {address}:{port} after {_UP_S} s")
