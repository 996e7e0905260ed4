"""Nothing of a Chromium survives its owner, however the owner ends.

Normally Playwright's driver sees its pipe to us close and ends Chromium. The reaper is for the
day when the driver hangs or is killed: a shell waits on a pipe that only we hold; when we are
gone, by any cause, it reads the end of file and kills Chromium's process group.

Covered: Linux, where `/proc` tells which process carries our mark. Elsewhere only the driver's
own care remains.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

__all__ = ["Reaper"]

_SCRIPT = 'read -r _; sleep 1; kill -s KILL -- "-$1" 2>/dev/null'
"""One second is what a willing driver needs (measured: 0.2 s)."""


class Reaper:
    """Guards one process group."""

    def __init__(self, group: int | None) -> None:
        """Guards a group; use `watch`.

        Args:
            group: Process group id, `None` when there is nothing to guard.
        """
        self._group = group
        self._guard: subprocess.Popen[bytes] | None = None
        if group is not None:
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT, "reaper", str(group)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # outlives us by a second; it ends by itself
            )

    @classmethod
    def watch(cls, mark: str) -> Reaper:
        """Guards the group of the process whose command line carries a mark.

        A process of our own group is not guarded: killing its group would kill us.
        """
        pid = _pid_with(mark)  # Chromium, or the script that Debian starts it by
        group = os.getpgid(pid) if pid is not None else None
        return cls(group if group != os.getpgrp() else None)

    def reap(self) -> None:
        """Kills what is left of the group and dismisses the guard; twice is allowed."""
        guard, self._guard = self._guard, None
        if guard is None or self._group is None:
            return
        guard.kill()
        guard.communicate()
        try:
            os.killpg(self._group, signal.SIGKILL)
        except ProcessLookupError:  # as it should be
            return


def _pid_with(mark: str) -> int | None:
    wanted = mark.encode()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:  # gone meanwhile, or not ours to read
            continue
        if wanted in words and not any(word.startswith(b"--type=") for word in words):
            return int(entry.parent.name)
    return None
