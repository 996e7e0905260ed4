"""Trains the policy that decides about plans, with frozen agents, and writes its file.

python -m scripts.train_plans --algorithm p3o --alpha 0.6 --cpu-s 230 --out plan_p3o.npz

One line for each iteration: J is strict success, C the costs in the order of the limits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro
from rich.console import Console

import learners
from actors.arena.tasks import TaskStream
from actors.plan_episodes import MODEL_FREE, PAID, MakePlanEpisodes, PlanConfig
from policies.plan_policy import HIDDEN, save_policy
from policies.plan_policy.scorers import from_scorers

if TYPE_CHECKING:
    from learners import P3OConfig, PPOConfig, PPOLagrangianConfig, Record

__all__ = ["Options", "main"]


@dataclass(frozen=True, slots=True)
class Options:
    """What to train."""

    out: Path
    """Where the policy is written."""
    algorithm: Literal["p3o", "ppo_lagrangian", "ppo"] = "p3o"
    """What trains it."""
    paid: bool = True
    """Only tiers that charge for reading; without, the rules' tier reads for nothing."""
    alpha: float = 0.6
    """B as a share of the reference cost."""
    prior: bool = False
    """Start from what the planner proposes instead of from all choices alike."""
    violations_limit: float | None = None
    """Most mean violations; `None`: no such constraint."""
    seed: int = 0
    """Decides everything random."""
    cpu_s: float = 230.0
    """CPU-seconds after which the run ends."""
    iterations: int | None = None
    """Updates after which the run ends; for a run that repeats exactly."""
    num_envs: int = 32
    """Episodes side by side."""
    rollout_length: int = 12
    """Least decisions of each between two updates."""
    instances: int = 4
    """Different instances of each template; 0: no end of them."""
    entropy: float = 0.01
    """Weight of the entropy bonus."""


def main(options: Options) -> None:
    """Trains and writes."""
    console = Console()
    make = MakePlanEpisodes(
        PlanConfig(
            stream=TaskStream(floor=1.0, instances=options.instances),
            tiers=PAID if options.paid else MODEL_FREE,
            alpha=options.alpha,
            prior=options.prior,
            violations_limit=options.violations_limit,
        )
    )
    run = learners.TrainConfig(
        total_steps=None,
        cpu_s=None if options.iterations else options.cpu_s,
        iterations=options.iterations,
        seed=options.seed,
        num_envs=options.num_envs,
        rollout_length=options.rollout_length,
        callback=lambda record: console.print(_line(record), highlight=False),
    )
    trained = learners.train(_config(options), make, run)
    name = f"{options.algorithm}-{options.alpha}-{options.seed}"
    save_policy(from_scorers(trained.policy.weights, version=name), options.out)
    console.print(f"feasible within 5 %: {trained.feasible}; written to {options.out}")


def _config(options: Options) -> P3OConfig | PPOLagrangianConfig | PPOConfig:
    """Returns the algorithm's configuration; P3O begins with a gentle penalty.

    With the learners' own start, the penalty is at its full size before the policy has seen what
    succeeds, and the cheapest tier is all that is left to explore.
    """
    base: P3OConfig | PPOLagrangianConfig | PPOConfig
    match options.algorithm:
        case "p3o":
            plain = learners.P3OConfig()
            base = replace(plain, penalty=replace(plain.penalty, start=1.01, growth=1.1, ratio=2.0))
        case "ppo_lagrangian":
            base = learners.PPOLagrangianConfig()
        case "ppo":
            base = learners.PPOConfig()
    return replace(
        base,
        networks=replace(base.networks, actor_hidden=HIDDEN),
        steps=replace(base.steps, entropy=options.entropy),
    )


def _line(record: Record) -> str:
    costs = " ".join(f"{cost:.3f}" for cost in record.costs)
    return (
        f"{record.iteration:4d} episodes {record.episodes:4d} J {record.reward:.3f} C {costs} "
        f"KL {record.kl:.3f} entropy {record.entropy:.3f}"
    )


if __name__ == "__main__":
    main(tyro.cli(Options))
