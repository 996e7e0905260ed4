"""What a planner is asked, and the port that every planner implements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.events import FailureKind, Trigger
from core.pages import Observation, Value
from core.plans import Plan
from core.tasks import PublicTask
from planner.providers.contract import Purse
from policies.profiles import AgentProfile

__all__ = ["NodeReport", "PlanRequest", "Planner", "ReplanRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """A task to be planned."""

    task: PublicTask
    agents: tuple[AgentProfile, ...]
    budget: int
    """Micro-dollars that are left for the whole episode."""
    is_capped: bool = True
    """Whether the ledger refuses what goes beyond the budget; False where it only observes."""
    max_nodes: int = 12
    site_notes: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Site name to what exploration and past plans taught about it."""
    start_page: Observation | None = None
    """The first page, when somebody has looked already."""
    purse: Purse | None = field(default=None, compare=False, repr=False)
    """Pays for a model's calls; never crosses a process border. `None`: nothing may be spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """How a node of the current plan stands."""

    outputs: Mapping[str, Value] | None
    """Delivered values; `None` while it has not succeeded."""
    attempts: int
    spent: int
    """Micro-dollars settled over all attempts."""
    failure: FailureKind | None = None
    reason: str = ""
    agents: tuple[str, ...] = ()
    """Who has tried, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplanRequest:
    """A running plan that a trigger has fired on."""

    request: PlanRequest
    """With the budget that is left now."""
    plan: Plan
    nodes: Mapping[int, NodeReport]
    trigger: Trigger
    node: int | None
    """The node the trigger is about, when it is about one."""
    reason: str


class Planner(Protocol):
    """Makes plans and better plans."""

    def plan(self, request: PlanRequest) -> Plan:
        """Returns a plan for a task; always one, at worst a single exploring node.

        Raises:
            PlanError: The pool cannot do what any plan needs.
        """
        ...

    def replan(self, request: ReplanRequest) -> Plan | None:
        """Returns a plan that keeps completed nodes (same id, same content), or None: give up."""
        ...
