"""Trains the web agents, then the policy that decides about plans. No key, no GPU.

python -m scripts.train                                        # about ten minutes on two cores
python -m scripts.train --algorithm macpo --stage agents --budget 0.15 --seed 3
python -m scripts.train --resume runs/train-p3o-0              # after Ctrl-C, kill -9 or a crash

A run's folder holds everything: see `actors.training.run_folder`. Ctrl-C and SIGTERM end the run
after its present update, with a checkpoint and the policy as it is then; a second Ctrl-C ends it at
once. On one worker a run that was killed and resumed gives the same numbers as one that was not, as
long as its limit is `--iterations` (a limit in CPU-seconds depends on the machine).
"""

from __future__ import annotations

import importlib.util
import shlex
import signal
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal

import tyro
from rich.console import Console

from actors.training.run_folder import RunFolder
from actors.training.settings import AlgorithmName, Stage, TrainSettings, settings_from
from core.errors import WebMasError

__all__ = ["Options", "main"]

_NEEDED = ("torch", "scipy", "matplotlib", "tensorboardX")
_STAGES: dict[str, tuple[Stage, ...]] = {
    "agents": ("agents",),
    "plan": ("plan",),
    "joint": ("joint",),
    "all": ("agents", "plan", "joint"),
}


@dataclass(frozen=True, slots=True)
class Options:
    """What to train, and for how long."""

    algorithm: AlgorithmName = "p3o"
    """The learner; ppo and ppo_penalty are the baselines."""
    stage: Literal["agents", "plan", "joint", "all"] = "all"
    """agents: the web agents. plan: the plan policy, on frozen agents. joint: both in turns. all:
    one after the other, each on what the one before has left."""
    start_from: str = ""
    """Folder of a run that has trained what `plan` or `joint` start from; for plan, without one the
    heuristic acts."""
    budget: float = 0.45
    """alpha: an episode's budget as a share of what its template costs when pages are read in
    full."""
    seed: int = 0
    """Decides everything random."""
    cpu_seconds: float = 500.0
    """CPU-seconds of training, all processes together; 0: no such limit."""
    iterations: int = 0
    """Updates of each stage; 0: no such limit."""
    workers: int = 1
    """Rollout workers; 1: no Ray, everything in this process."""
    ranks: int = 1
    """Learner processes."""
    ray_address: str = "local"
    """local starts a Ray of the run's own; auto, or an address, joins a running one."""
    envs: int = 32
    """Episodes side by side, all workers together."""
    rollout_length: int = 16
    """Least steps of each of them between two updates."""
    attacks: float = 0.3
    """Share of the episodes whose pages carry attacks."""
    templates: tuple[str, ...] = ()
    """Only these task templates; none: all that may be trained on."""
    prior: bool = False
    """Agents start from what the heuristic proposes; otherwise from scratch."""
    per_task: bool = True
    """Weigh advantages by task."""
    entropy: float | None = None
    """Weight of the entropy bonus; none: the stage's own."""
    instances: int | None = None
    """Different instances of a template that a worker draws, 0: no end; none: the stage's own."""
    learning_rate: float = 0.003
    """Of the actors."""
    penalty: float = 1.0
    """Of ppo_penalty."""
    step_penalty: float = 0.0
    """Taken off for every step; shows that agents then fail fast."""
    shaping: float = 0.0
    """Reward for finished nodes that sums to 0 over an episode."""
    turn: int = 10
    """Updates of a turn in joint training."""
    evaluations: int = 6
    """Evaluations for the learning curve of a stage."""
    curve_episodes: int = 48
    """Episodes of each of them."""
    evaluation_episodes: int = 96
    """Episodes of the final evaluation, for each split and way of acting."""
    checkpoint_every: int = 5
    """Updates between two checkpoints."""
    keep: int = 3
    """Newest checkpoints that are kept, besides the best."""
    run: Path | None = None
    """Folder of the run; none: runs/train-<algorithm>-<seed>."""
    resume: Path | None = None
    """Folder of a run to go on with; its settings hold, and others that are given must agree."""


def main(options: Options) -> int:
    """Runs or goes on; returns the exit code."""
    console = Console()
    try:
        _check_installed()
        folder = _folder(options)
        return _train(folder, console)
    except WebMasError as error:
        Console(stderr=True).print(f"train: {error}", style="red", markup=False, soft_wrap=True)
        return 2


def _train(folder: RunFolder, console: Console) -> int:
    from actors.training.joint import JointRun
    from actors.training.running import StageRun
    from actors.training.sources import ray_for
    from scripts.train_view import TrainView
    from scripts.train_watchers import Watchers

    for change in folder.changed_libraries():
        console.print(f"other version than when the run began: {change}", style="yellow")
    settings = folder.settings
    console.print(
        f"{settings.algorithm}, budget {settings.alpha:g} x reference cost, seed {settings.seed}, "
        f"{settings.workers} worker(s), {settings.ranks} learner(s); folder {folder.path}",
        highlight=False,
        soft_wrap=True,
    )
    stop = _Stop(console)
    with ExitStack() as closing:
        view = TrainView(console)
        closing.callback(view.close)
        closing.enter_context(ray_for(settings))
        for stage in settings.stages:
            watchers = closing.enter_context(Watchers(view, folder.stage(stage) / "tensorboard"))
            run: StageRun | JointRun
            if stage == "joint":
                run = JointRun(folder, watchers, should_stop=stop)
            else:
                run = StageRun(folder, stage, watchers, should_stop=stop)
            if run.is_done:
                console.print(f"stage {stage} was finished before", highlight=False)
                continue
            with stop:
                is_done = run.run()
            view.close()
            for file in filter(Path.exists, run.policy_files):
                console.print(f"policy: {file}", soft_wrap=True, highlight=False)
            if not is_done:
                console.print(f"stopped; go on with --resume {folder.path}", soft_wrap=True)
                return 130
    return 0


class _Stop:
    """Asks for a graceful end when the process is asked to end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._asked = False
        self._before: dict[int, object] = {}

    def __call__(self) -> bool:
        return self._asked

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what `signal` gave us

    def _ask(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        self._console.print("ending after this update; once more: at once")


def _folder(options: Options) -> RunFolder:
    command = f"python -m scripts.train {shlex.join(sys.argv[1:])}".rstrip()
    settings = _settings(options)
    if options.resume is None:
        name = f"train-{options.algorithm}-{options.seed}"
        return RunFolder.create(options.run or Path("runs") / name, settings, command=command)
    folder = RunFolder.open(options.resume)
    return folder.go_on(_merged(folder.settings, settings))


def _merged(stored: TrainSettings, asked: TrainSettings) -> TrainSettings:
    """Returns the stored settings with what was asked for and is not the default."""
    default = _settings(Options()).model_dump()
    changed = {name: value for name, value in asked.model_dump().items() if value != default[name]}
    return settings_from({**stored.model_dump(), **changed})


def _settings(options: Options) -> TrainSettings:
    named = {name: getattr(options, name) for name in TrainSettings.model_fields
             if hasattr(options, name)}  # fmt: skip
    return settings_from(
        {
            **named,
            "stages": _STAGES[options.stage],
            "alpha": options.budget,
            "cpu_seconds": options.cpu_seconds or None,
            "iterations": options.iterations or None,
        }
    )


def _check_installed() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise WebMasError(
            f"training needs {', '.join(missing)}, which solving does not; install with "
            '`make train`, or `pip install -c constraints.txt -e ".[train]"`'
        )


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options, description=__doc__)))
