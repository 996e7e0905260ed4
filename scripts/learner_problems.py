"""Train on problems with known optima and print what came out beside what is possible.

    python -m scripts.learner_problems                              all problems, one seed
    python -m scripts.learner_problems --problems s1 m3 --seeds 5   the gates of the learners

Each line: J and J_C of the last fifth of the iterations (sampled actions), and, exactly, those of
the policy that is returned. A gate is J ≥ 0.95 J* and J_C ≤ 1.05 d.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tyro
from rich.console import Console

from learners.problems import exact
from learners.problems.optimum import optimum, value_of_team
from learners.problems.random_cmdp import random_cmdp
from learners.problems.tabular import TabularProblem
from learners.runs import TrainConfig
from learners.training import train

PROBLEMS = {
    "s0": exact.s0(),
    "s1": exact.s1(),
    "s1_loose": exact.s1(1.5),
    "m1": exact.m1(),
    "m1_tight": exact.m1(0.4),
    "m3": exact.m3(),
    **{f"random_{seed}": random_cmdp(seed) for seed in range(1, 11)},
    "random_2_costs": random_cmdp(3, num_costs=2, tightness=0.3),
}


@dataclass(frozen=True)
class Options:
    """Train on problems with known optima."""

    problems: tuple[str, ...] = tuple(PROBLEMS)
    """Which of them."""
    algorithms: tuple[str, ...] = ("p3o", "ppo_lagrangian", "macpo")
    """Which algorithms, with their default configuration."""
    seeds: int = 1
    """Seeds 0, 1, ... of each."""
    steps: int = 300_000
    """Environment steps of a run."""


def main(options: Options) -> None:
    """Prints a line for each run and the count of gates that were kept."""
    console = Console()
    kept = []
    for name in options.problems:
        for algorithm in options.algorithms:
            for seed in range(options.seeds):
                line, good = _run(name, PROBLEMS[name], algorithm, seed, options.steps)
                console.print(line, highlight=False, soft_wrap=True)
                kept.append(good)
    console.print(f"{sum(kept)} of {len(kept)} runs kept both gates")


def _run(
    name: str, problem: TabularProblem, algorithm: str, seed: int, steps: int
) -> tuple[str, bool]:
    best = optimum(problem)
    started = time.process_time()
    config = TrainConfig(total_steps=steps, seed=seed)
    trained = train(algorithm, exact.make_env_of(problem), config)
    cpu_s = time.process_time() - started
    reward, costs = value_of_team(problem, trained.policy)
    tail, tail_costs = trained.history.tail_reward(), trained.history.tail_costs()
    limits = np.asarray(problem.limits)
    kept = [
        found >= 0.95 * best.reward and bool((np.asarray(paid) <= 1.05 * limits).all())
        for found, paid in ((tail, tail_costs), (reward, costs))
    ]
    update_ms = 1e3 * np.mean([record.seconds.update for record in trained.history.records])
    line = (
        f"{name:14} {algorithm:14} seed {seed}  J* {best.reward:.3f}  d {_numbers(limits)}  "
        f"last fifth {tail:.3f} | {_numbers(tail_costs)}  "
        f"policy {reward:.3f} | {_numbers(costs)}  "
        f"{'kept' if all(kept) else 'MISSED'}  {cpu_s:.1f} CPU-s, update {update_ms:.0f} ms"
    )
    return line, all(kept)


def _numbers(values: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


if __name__ == "__main__":
    main(tyro.cli(Options))
