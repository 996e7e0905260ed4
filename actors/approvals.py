"""A person's yes or no to a new plan, across processes of one machine: two files in a folder.

    orchestrator   writes QUESTION.ask, waits for QUESTION.yes or QUESTION.no
    driver         shows what is asked, writes the answer

A question is named by its content, so an orchestrator that was restarted finds the answer that was
given before. No answer in time is a no: the plan stays as it is.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from planner.decisions import Repair, RunReport, WantNewPlan

__all__ = ["AskInFolder", "Question", "answer", "open_questions"]

_LOOK_S = 0.1
_ANSWERS = {True: ".yes", False: ".no"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskInFolder:
    """Implements `planner.confirming.Approve`; picklable, and it waits."""

    folder: Path
    patience_s: float = 1_800.0
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, report: RunReport, change: Repair | WantNewPlan) -> bool:
        """Asks, and returns whether the plan may change."""
        text = _text(report, change)
        name = hashlib.blake2b(f"{text}\n{change.fingerprint}".encode(), digest_size=8).hexdigest()
        self.folder.mkdir(parents=True, exist_ok=True)
        asked = self.folder / f"{name}.ask"
        until = time.monotonic() + self.patience_s
        while time.monotonic() < until:
            for said, ending in _ANSWERS.items():
                if asked.with_suffix(ending).exists():
                    return said
            if not asked.exists():
                _write(asked, text)
            self.sleep(_LOOK_S)
        return False


class Question(NamedTuple):
    """Something that waits for an answer."""

    file: Path
    text: str


def open_questions(folder: Path) -> list[Question]:
    """Returns what is asked and not answered yet."""
    return [
        Question(file, file.read_text(encoding="utf-8"))
        for file in sorted(folder.glob("*.ask"))
        if not any(file.with_suffix(ending).exists() for ending in _ANSWERS.values())
    ]


def answer(question: Question, yes: bool) -> None:
    """Answers a question."""
    _write(question.file.with_suffix(_ANSWERS[yes]), "")


def _text(report: RunReport, change: Repair | WantNewPlan) -> str:
    what = f"repair by {change.kind}" if isinstance(change, Repair) else "a new plan"
    failure = report.failure
    after = "" if failure is None else f" after node {failure.node} failed ({failure.reason[:200]})"
    return (
        f"{report.request.task.intent[:200]}\n"
        f"{change.trigger}{after}: {change.reason[:300]}\n"
        f"{report.spent} of {report.budget} micro-dollars are spent; wanted: {what}"
    )


def _write(file: Path, text: str) -> None:
    fresh = file.with_name(f".{file.name}.tmp")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
