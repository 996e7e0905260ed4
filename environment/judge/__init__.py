"""Judges what an episode did: the benchmark's evaluators, final-state check, safety."""

from environment.judge.judging import Judge, judge
from environment.judge.verdict import Verdict, Violation, ViolationKind

__all__ = ["Judge", "Verdict", "Violation", "ViolationKind", "judge"]
