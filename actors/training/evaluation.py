"""Evaluation of what a run has trained: outcomes of episodes as records.

Torch is not needed: policies act in numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from actors.arena.budgets import Budgets
from actors.arena.evaluating import Trial, episodes
from actors.arena.outcome import Outcome
from actors.arena.plan_run import plan_trial
from actors.assembly import Assembly
from core.seeding import derive_seed
from core.tasks import Split
from environment.tasks.generated import sample
from evaluation.records import EpisodeRecord, Judged, recorded
from policies.plan_policy import Decides
from policies.view import ActionPolicy

__all__ = ["records_of", "run_agents", "run_plans"]


def run_agents(
    trial: Trial, policies: Mapping[str, ActionPolicy], assembly: Assembly
) -> Iterator[Outcome]:
    """Yields episodes in which all nodes are acted by the policies; see `arena.evaluating`."""
    yield from episodes(trial, policies, assembly)


def run_plans(
    policy: Decides, assembly: Assembly, *, split: Split, n: int, seed: int, alpha: float
) -> Iterator[Outcome]:
    """Yields episodes whose plans a policy decides about, taking its likeliest decisions.

    Args:
        policy: Who decides.
        assembly: Whose agents act.
        split: Which tasks.
        n: Episodes; every template comes up before one comes up again.
        seed: Picks the instances.
        alpha: B as a share of the reference cost.
    """
    budgets = Budgets(alpha)
    for number, made in enumerate(sample(split, n, seed)):
        yield plan_trial(
            made.task,
            derive_seed(seed, "trial", split.value, number),
            budget=budgets.of(made.task),
            assembly=assembly,
            policy=policy,
        )


def records_of(
    outcomes: Sequence[Outcome],
    *,
    algorithm: str,
    setting: str,
    seed: int,
    trained_steps: int,
) -> list[EpisodeRecord]:
    """Returns outcomes as records; of an episode that broke, both successes are unknown.

    Args:
        outcomes: Of one policy.
        algorithm: The arm.
        setting: Which variant of it.
        seed: Of the training run.
        trained_steps: Environment steps that the policy was trained for.
    """
    return [
        recorded(
            Judged(
                key=one.key,
                template=one.template,
                split=Split(one.split),
                official=None if one.failed else one.official,
                strict=None if one.failed else one.strict,
                violations=one.violations,
            ),
            algorithm=algorithm,
            setting=setting,
            cost=one.spent,
            budget=one.budget,
            steps=one.decisions,
            ticks=one.ticks,
            seed=seed,
            trained_steps=trained_steps,
        )
        for one in outcomes
    ]
