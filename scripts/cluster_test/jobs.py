"""A job of the rehearsal: submitted as a user would, watched line by line.

A further job, for instance a training run, is one more `Job` in `rehearsal.JOBS`.
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.cluster_test.steps import StepFailedError, Steps

__all__ = ["Job", "RunningJob"]

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One command on the cluster."""

    name: str
    command: str
    """Run in the project's folder on the head, or in the job's copy of it."""
    progress: str
    """A pattern: each line with it is one unit of work done."""
    units: int
    """How many units are to be done."""
    limit_s: float
    """Longest wall time."""
    is_shipped: bool = False
    """Whether the job brings its own copy of the code (`--working-dir`), as on a laptop."""


class RunningJob:
    """A job under way."""

    def __init__(self, job: Job, steps: Steps, head: str) -> None:
        """Submits the job through the jobs API of the head."""
        self.job = job
        self.lines: list[str] = []
        place = "." if job.is_shipped else "~/webarena-mas"
        submit = (
            f"ray job submit --address http://127.0.0.1:8265 --submission-id {job.name} "
            f"{'--working-dir .' if job.is_shipped else ''} -- "
            f'bash -c "cd {place} && exec {job.command}"'
        )
        self._process = subprocess.Popen(
            steps.remote(head, submit), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        self._log = steps.log(f"job-{job.name}")
        self._deadline = time.monotonic() + job.limit_s
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for_units(self, number: int) -> None:
        """Waits until a number of units is done.

        Raises:
            StepFailedError: The job ended, or its time is over.
        """
        while self.done < number:
            if not self._reader.is_alive() or time.monotonic() > self._deadline:
                raise StepFailedError(f"{self._standing()}, wanted {number}\n{self.tail()}")
            time.sleep(0.1)

    def wait(self) -> int:
        """Waits for the end and returns the exit status of the submission: 0 when it succeeded.

        Raises:
            StepFailedError: Its time is over.
        """
        self._reader.join(max(self._deadline - time.monotonic(), 0))
        if self._reader.is_alive():
            self._process.kill()
            raise StepFailedError(f"{self._standing()} after {self.job.limit_s} s\n{self.tail()}")
        return self._process.wait()

    @property
    def done(self) -> int:
        """Units done so far."""
        return sum(1 for line in self.lines if re.search(self.job.progress, line))

    def tail(self, number: int = 40) -> str:
        """Returns the last lines."""
        return "\n".join(self.lines[-number:])

    def matching(self, pattern: str) -> Sequence[str]:
        """Returns the lines with a pattern."""
        return [line for line in self.lines if re.search(pattern, line)]

    def _standing(self) -> str:
        return f"job {self.job.name}: {self.done} of {self.job.units} done"

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._log:
            for line in self._process.stdout:
                self._log.write(line.encode())
                self.lines.append(_COLOURS.sub("", line).rstrip())
