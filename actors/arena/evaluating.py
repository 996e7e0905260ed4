"""How policies do: whole episodes, one record each, under the same budgets as in training.

All nodes that open a page are the learner's here. The caller prints; of the sealed split only sums
may be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from actors.arena.budgets import Budgets
from actors.arena.episode import ArenaEpisode, Arrangement
from actors.arena.outcome import Outcome
from actors.arena.shares import TierDraw
from actors.assembly import Assembly
from actors.in_process import choose_for
from core.plans import EffortTier
from core.seeding import derive_seed
from core.tasks import Split, Task
from environment.tasks.generated import sample
from policies.view import ActionPolicy

__all__ = ["Trial", "episodes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is run."""

    split: Split = Split.NEW_INSTANCES
    n: int = 96
    """Episodes; every template comes up before one comes up again."""
    seed: int = 0
    """Picks instances, nodes and tiers."""
    alpha: float = 0.45
    """B as a share of the reference cost."""
    tiers: TierDraw = field(default_factory=lambda: TierDraw(weights={EffortTier.TOP_K: 1.0}))
    """At which tiers nodes work."""
    max_ticks: int = 80
    """Ticks after which an episode is over."""


def episodes(
    trial: Trial, policies: Mapping[str, ActionPolicy], assembly: Assembly
) -> Iterator[Outcome]:
    """Runs and yields one episode after the other.

    Args:
        trial: What is run.
        policies: `AgentProfile.id` to what the agent acts with.
        assembly: The system's parts; its own policies are not used.
    """
    budgets = Budgets(trial.alpha)
    for number, made in enumerate(sample(trial.split, trial.n, trial.seed)):
        seed = derive_seed(trial.seed, "trial", trial.split.value, number)
        yield _run(made.task, seed, budgets, trial, dict(policies), assembly)


def _run(
    task: Task,
    seed: int,
    budgets: Budgets,
    trial: Trial,
    policies: dict[str, ActionPolicy],
    assembly: Assembly,
) -> Outcome:
    arrangement = Arrangement(budget=budgets.of(task), tiers=trial.tiers, max_ticks=trial.max_ticks)
    episode = ArenaEpisode(task, seed, arrangement, assembly)
    try:
        while not episode.is_over:
            episode.advance(choose_for(episode.pending(), policies))
        return episode.outcome()
    finally:
        episode.close()
