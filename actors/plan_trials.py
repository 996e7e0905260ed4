"""The same tasks under several ways to decide about plans, paired: records for tables and figures.

    sides     several agents | one agent | one tier for all | an untrained policy | a trained one
    tasks     the same instances, worlds and budgets for every side
    records   `PlanTrial`, one for each task and side; `paired` gives differences by template

Money is observed and not enforced, so that a side which overspends shows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actors.arena.budgets import Budgets
from actors.arena.outcome import Outcome
from actors.arena.plan_run import plan_trial
from actors.assembly import Assembly
from core.plans import EffortTier, Plan
from core.seeding import derive_seed
from core.tasks import Task
from planner.requests import PlanRequest
from policies.plan_policy import (
    GATES,
    Actions,
    Decides,
    DecisionProblem,
    Gate,
    OrchestrationRecord,
    PlanPolicy,
)
from policies.plan_policy.shape import shape_of
from policies.subtask import PAGELESS

__all__ = ["AtTier", "PlanTrial", "Side", "has_fork", "paired", "trials"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One way to decide."""

    name: str
    assembly: Assembly
    policy: Decides
    is_greedy: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTrial:
    """One episode of one side."""

    side: str
    has_fork: bool
    """Whether the rules' plan, whoever acts, has nodes on pages that may run at once."""
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class AtTier:
    """A `Decides`: every node at one tier, by the cheapest agent that has it; else untrained."""

    tier: EffortTier
    keeps_on: bool = False
    """Whether the gate goes on wherever it may, also beyond the budget: effort without thrift."""

    def decide(
        self, problem: DecisionProblem, *, seed: int, is_greedy: bool = False
    ) -> OrchestrationRecord:
        """Returns what is proposed, with every node that has the tier at the tier."""
        del is_greedy
        plain = PlanPolicy()
        proposed = plain.decide(problem, seed=seed, is_greedy=True).actions
        at_tier = np.array([choice.tier is self.tier for choice in problem.choices])
        legal = problem.agent_mask & at_tier
        cheapest = np.where(legal, problem.costs, np.inf).argmin(axis=1)
        changes = legal.any(axis=1) & ~at_tier[proposed.agents] & problem.agents_active
        agents = np.where(changes, cheapest, proposed.agents).astype(np.intp)
        goes_on = self.keeps_on and problem.gate_mask[GATES.index(Gate.CONTINUE)]
        gate = Gate.CONTINUE if goes_on else proposed.gate
        actions = Actions(agents=agents, keep=proposed.keep, gate=gate)
        return plain.record(problem, actions, seed=seed)


def trials(
    tasks: Sequence[Task], sides: Sequence[Side], *, alpha: float, seed: int = 0
) -> Iterator[PlanTrial]:
    """Yields every task under every side; all sides of a task follow one another.

    Args:
        tasks: The instances.
        sides: Ways to decide.
        alpha: B is this share of the template's reference cost, for every side.
        seed: For everything random in the episodes.
    """
    budgets = Budgets(alpha)
    for task in tasks:
        budget = budgets.of(task)
        fork = has_fork(_proposed(task, sides[0].assembly, budget))
        for side in sides:
            outcome = plan_trial(
                task,
                derive_seed(seed, "trial", task.key),
                budget=budget,
                assembly=side.assembly,
                policy=side.policy,
                is_greedy=side.is_greedy,
            )
            yield PlanTrial(side=side.name, has_fork=fork, outcome=outcome)


def has_fork(plan: Plan) -> bool:
    """Returns whether two nodes that open pages may run at the same time."""
    shape = shape_of(plan)
    paged = [place for place, node in enumerate(plan.nodes) if node.subgoal.verb not in PAGELESS]
    return any(
        not shape.reach[one] >> other & 1 and not shape.reach[other] >> one & 1
        for place, one in enumerate(paged)
        for other in paged[place + 1 :]
    )


def paired(
    records: Sequence[PlanTrial], one: str, other: str, measure: Callable[[Outcome], float]
) -> list[list[float]]:
    """Returns the differences `one - other` of a measure, task by task, grouped by template.

    Tasks that broke on either side are left out.
    """
    found: Mapping[str, dict[str, Outcome]] = defaultdict(dict)
    for record in records:
        found[record.outcome.key][record.side] = record.outcome
    groups: dict[str, list[float]] = defaultdict(list)
    for sides in found.values():
        if one in sides and other in sides and not sides[one].failed and not sides[other].failed:
            difference = measure(sides[one]) - measure(sides[other])
            groups[sides[one].template].append(difference)
    return list(groups.values())


def _proposed(task: Task, assembly: Assembly, budget: int) -> Plan:
    urls = {site: f"http://{site}.localhost" for site in task.sites}
    request = PlanRequest(task=task.public(urls), agents=assembly.agents, budget=budget)
    return assembly.planner().plan(request)
