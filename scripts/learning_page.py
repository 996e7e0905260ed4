"""Run the commands of docs/learning.md and write what they print into it.

    python -m scripts.learning_page                 every section, about half an hour on two cores
    python -m scripts.learning_page --only teams    one section; the others stay as they are

A section is a command and its output, word for word, with the commit and the CPU-seconds.
"""

from __future__ import annotations

import os
import re
import resource
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console

from core.errors import ConfigurationError

__all__ = ["Options", "Section", "main", "with_section"]

_PAGE = Path("docs/learning.md")
_HEAD = """# What learning gives so far

Each section is what its command printed. Made by `python -m scripts.learning_page`; `--only NAME`
runs one of them again. [experiments.md](experiments.md) has the systems without learning.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One command with what its output means."""

    name: str
    title: str
    meaning: str
    """What is shown, and what is to be read from it."""
    commands: tuple[str, ...]
    """Arguments of `python -m`, run one after the other; the output of the last one is shown."""


_TRAIN = "scripts.train_plans --out build/{0}.npz --algorithm {0} --seed 0 --cpu-s {1}"

SECTIONS = (
    Section(
        name="problems",
        title="Problems with a known optimum",
        meaning="Default configurations, five seeds. A gate is J of at least 0.95 J* and costs of "
        "at most 1.05 d, both in the last fifth of training and exactly for the returned policy.",
        commands=("scripts.learner_problems --problems s0 s1 m1 m3 --seeds 5",),
    ),
    Section(
        name="teams",
        title="Does orchestration help?",
        meaning="A DAG with several agents against one agent at equal budget, the rules' plans and "
        "the heuristic agents. The second group of columns is the paired difference to the first "
        "row, with a bootstrap over templates.",
        commands=("scripts.compare_plans teams --n 240 --alpha 0.1",),
    ),
    Section(
        name="plans",
        title="Does learning help the orchestrator?",
        meaning="Only paid tiers: every node is shown eight elements, the whole page, or the page "
        "twice, and B is 0.6 of the reference cost. Agents are frozen. One training seed.",
        commands=(
            _TRAIN.format("p3o", 220),
            _TRAIN.format("ppo", 100),
            _TRAIN.format("ppo_lagrangian", 180),
            "scripts.compare_plans policies --n 240 --files build/p3o.npz build/ppo.npz "
            "build/ppo_lagrangian.npz",
        ),
    ),
)


@dataclass(frozen=True)
class Options:
    """Run the commands of docs/learning.md and write what they print into it."""

    only: str = ""
    """Name of one section."""


def main(options: Options) -> None:
    """Runs the sections and writes the page after each."""
    chosen = [one for one in SECTIONS if options.only in ("", one.name)]
    if not chosen:
        names = ", ".join(one.name for one in SECTIONS)
        raise ConfigurationError(f"no section {options.only!r}; there are {names}")
    console = Console()
    for section in chosen:
        before = _child_cpu_s()
        output = [_run(command, console) for command in section.commands][-1]
        text = _text(section, output, _child_cpu_s() - before)
        page = _PAGE.read_text(encoding="utf-8") if _PAGE.exists() else _HEAD
        _PAGE.write_text(with_section(page, section.name, text), encoding="utf-8")
        console.print(f"{section.name}: written to {_PAGE}")


def with_section(page: str, name: str, text: str) -> str:
    """Returns a page with a section put in or replaced, in the order of `SECTIONS`."""
    kept = dict(re.findall(r"<!-- (\w+) -->\n(.*?)(?=\n<!-- \w+ -->|\Z)", page, re.DOTALL))
    kept[name] = text.strip() + "\n"
    order = [one.name for one in SECTIONS if one.name in kept]
    head = page.split("<!-- ", 1)[0].rstrip() + "\n"
    return head + "".join(f"\n<!-- {one} -->\n{kept[one].strip()}\n" for one in order)


def _text(section: Section, output: str, cpu_s: float) -> str:
    commands = "\n".join(f"python -m {command}" for command in section.commands)
    return (
        f"## {section.title}\n\n{section.meaning}\n\n```console\n{commands}\n```\n\n"
        f"Commit {_commit()}, {cpu_s:.0f} CPU-seconds.\n\n```text\n{output.strip()}\n```\n"
    )


def _run(command: str, console: Console) -> str:
    console.print(f"python -m {command}", highlight=False)
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "150"},
    )
    return done.stdout


def _child_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    main(tyro.cli(Options))
