"""Commands with a deadline and a log, and a line on the screen for each step."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["StepFailedError", "Steps"]


class StepFailedError(Exception):
    """A step did not do what it should; the text says what was seen."""


class Steps:
    """Runs the commands of a rehearsal and tells how long they take."""

    def __init__(self, logs: Path, project: Path, config: Path) -> None:
        """Runs nothing yet.

        Args:
            logs: Folder in which the output of each command is kept.
            project: Folder that commands start in.
            config: The cluster file.
        """
        self._logs = logs
        self._project = project
        self._config = config
        self._started = time.monotonic()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tells that a step begins, and how long it took."""
        begun = time.monotonic()
        print(f"· {name}", flush=True)
        yield
        print(f"    {time.monotonic() - begun:.1f} s", flush=True)

    def ray(self, name: str, *words: str, limit_s: float) -> str:
        """Runs `ray WORDS[0] CONFIG WORDS[1:]` and returns what it printed.

        Raises:
            StepFailedError: It failed, or took longer than its limit.
        """
        verb, *rest = words
        return self.run(name, "ray", verb, str(self._config), *rest, limit_s=limit_s)

    def on(self, address: str, command: str, *, limit_s: float) -> str:
        """Runs a command in a shell of a host, as Ray does, and returns what it printed.

        Raises:
            StepFailedError: It failed, or took longer than its limit.
        """
        return self.run(f"on-{address}", *self.remote(address, command), limit_s=limit_s)

    def remote(self, address: str, command: str) -> list[str]:
        """Returns the words of a command that runs another one on a host."""
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
        flags = [word for option in options for word in ("-o", option)]
        inside = f"source ~/.bashrc; cd ~/webarena-mas; {{ {command}; }} 2>&1"
        shell = f"bash --login -c -i '{inside}' 2>/dev/null"  # it moans about a missing terminal
        return ["ssh", *flags, "-o", "ConnectTimeout=5", f"root@{address}", shell]

    def json_on(self, address: str, question: str, *, limit_s: float) -> dict[str, object]:
        """Returns the answer of `on_head` to a question."""
        said = self.on(
            address, f"python -m scripts.cluster_test.on_head {question}", limit_s=limit_s
        )
        last = said.strip().splitlines()[-1]
        try:
            answer: dict[str, object] = json.loads(last)
        except ValueError as error:
            raise StepFailedError(f"{question}: no answer in {said[-500:]!r}") from error
        return answer

    def run(self, name: str, *words: str, limit_s: float) -> str:
        """Runs a command and returns what it printed.

        Raises:
            StepFailedError: It failed, or took longer than its limit.
        """
        with self.log(name) as log:
            start = log.tell()
            try:
                code = subprocess.run(
                    words, cwd=self._project, stdin=subprocess.DEVNULL, stdout=log,
                    stderr=subprocess.STDOUT, timeout=limit_s, check=False,
                ).returncode  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise StepFailedError(f"{name}: not done after {limit_s} s") from error
        said = (self._logs / f"{name}.log").read_bytes()[start:].decode(errors="replace")
        if code != 0:
            raise StepFailedError(f"{name}: exit status {code}\n{said[-3_000:]}")
        return said

    def log(self, name: str) -> IO[bytes]:
        """Opens the log of a command at its end."""
        return (self._logs / f"{name}.log").open("ab")

    @property
    def elapsed_s(self) -> float:
        """Seconds since the rehearsal began."""
        return time.monotonic() - self._started
