"""What a run may not leave behind: processes in its namespaces, network cards, mounts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["Leftovers", "Machine"]

_KINDS = ("pid", "net", "mnt", "uts", "ipc")


class Machine(NamedTuple):
    """What a machine had before a run."""

    cards: frozenset[str]
    num_mounts: int


class Leftovers:
    """Watches the processes below one process, and finds later what is left of their world."""

    def __init__(self, root: int, before: Machine) -> None:
        """Starts to watch.

        Args:
            root: Process id whose descendants are watched; it lives in this process's namespaces.
            before: What `Leftovers.before` returned.
        """
        self._root = root
        self._before = before
        self._own = {_namespace("self", kind) for kind in _KINDS}
        self._seen: set[str] = set()

    @staticmethod
    def before() -> Machine:
        """Returns what this machine has now."""
        return Machine(frozenset(_cards()), _num_mounts())

    def watch(self) -> None:
        """Takes down which namespaces the descendants live in just now."""
        for pid in _descendants(self._root):
            self._seen |= {_namespace(pid, kind) for kind in _KINDS} - self._own - {""}

    def found(self) -> list[str]:
        """Returns what is left, in words; empty when nothing is."""
        alive = [
            f"process {pid} ({_command(pid)})"
            for pid in _pids()
            if any(_namespace(pid, kind) in self._seen for kind in _KINDS)
        ]
        cards = [f"network card {name}" for name in sorted(set(_cards()) - self._before.cards)]
        mounts = _num_mounts() - self._before.num_mounts
        return alive + cards + ([f"{mounts} mounts"] if mounts > 0 else [])


def _pids() -> Iterator[str]:
    return (entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _descendants(root: int) -> list[str]:
    children: dict[str, list[str]] = {}
    for pid in _pids():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # it ended meanwhile
            continue
        children.setdefault(stat.rpartition(")")[2].split()[1], []).append(pid)
    found, todo = [], [str(root)]
    while todo:
        found.append(pid := todo.pop())
        todo += children.get(pid, [])
    return found


def _namespace(pid: str, kind: str) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/{kind}").readlink())
    except OSError:  # it ended meanwhile
        return ""


def _command(pid: str) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return "ended meanwhile"
    return words[:80].decode(errors="replace").strip()


def _cards() -> list[str]:
    shown = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in shown.stdout.splitlines()]


def _num_mounts() -> int:
    return len(Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines())
