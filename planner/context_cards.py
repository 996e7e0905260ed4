"""The parts of a planner's context that are always told: task, agents, money; plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from pydantic import JsonValue

from core.budget import MICROS_PER_DOLLAR, BudgetTracker
from core.errors import ConfigurationError
from core.tasks import PublicTask
from policies.profiles import AgentProfile
from policies.tariff import Tariff

__all__ = [
    "AgentCard",
    "BudgetCard",
    "PageCard",
    "TaskCard",
    "TierPrice",
    "agent_card",
    "budget_card",
    "task_card",
]

_MAX_INTENT = 4_000
_TASK_KEYS = ("task_id", "intent", "sites", "start_url", "start_urls", "base_urls")
"""What of a user's task a planner may see; answers and evaluators are not among them."""


class TierPrice(TypedDict):
    """One effort tier of one agent."""

    name: str
    step_micros: int
    """Most that one step costs."""


class AgentCard(TypedDict):
    """One agent."""

    id: str
    skills: list[str]
    sites: list[str]
    tiers: list[TierPrice]
    price_factor: float


class TaskCard(TypedDict):
    """The task."""

    intent: str
    sites: list[str]
    start_urls: list[str]
    base_urls: dict[str, str]
    task_id: str


class BudgetCard(TypedDict):
    """The money; at this face dollars are floats."""

    limit_micros: int
    """0: not told."""
    remaining_micros: int
    limit: float
    spent: float
    reserved: float
    remaining: float


class PageCard(TypedDict):
    """The page that was seen last."""

    url: str
    title: str
    text: str
    """As many of its lines as fit, in page order."""


def agent_card(agent: AgentProfile, tariff: Tariff) -> AgentCard:
    """Returns what an agent can do and what its steps cost."""
    return AgentCard(
        id=agent.id,
        skills=sorted(skill.value for skill in agent.skills),
        sites=sorted(agent.sites),
        tiers=[
            TierPrice(name=tier.value, step_micros=tariff.upper_bound(tier, agent.price_factor))
            for tier in agent.tiers
        ],
        price_factor=agent.price_factor,
    )


def task_card(task: PublicTask | Mapping[str, JsonValue]) -> TaskCard:
    """Returns what of a task a planner may see.

    Raises:
        ConfigurationError: It has no intent.
    """
    if isinstance(task, PublicTask):
        return TaskCard(
            intent=task.intent[:_MAX_INTENT],
            sites=list(task.sites),
            start_urls=list(task.start_urls),
            base_urls=dict(task.base_urls),
            task_id=task.key,
        )
    known = {key: task[key] for key in _TASK_KEYS if task.get(key) is not None}
    intent = known.get("intent")
    if not isinstance(intent, str) or not intent.strip():
        raise ConfigurationError(f"a task has an intent, a text; this one has {sorted(task)}")
    starts = _texts(known.get("start_urls")) or _texts(known.get("start_url"))
    bases = known.get("base_urls")
    return TaskCard(
        intent=intent[:_MAX_INTENT],
        sites=_texts(known.get("sites")),
        start_urls=starts,
        base_urls={site: str(url) for site, url in bases.items()}
        if isinstance(bases, Mapping)
        else {},
        task_id=str(known.get("task_id", "")),
    )


def budget_card(budget: BudgetTracker | int | None) -> BudgetCard:
    """Returns how the money stands: of a ledger, or as micro-dollars that are left."""
    if isinstance(budget, BudgetTracker):
        limit, spent, reserved, left = (
            budget.limit,
            budget.spent,
            budget.reserved,
            budget.available,
        )
    else:
        limit, spent, reserved, left = 0, 0, 0, budget or 0
    return BudgetCard(
        limit_micros=limit,
        remaining_micros=max(0, left),
        limit=limit / MICROS_PER_DOLLAR,
        spent=spent / MICROS_PER_DOLLAR,
        reserved=reserved / MICROS_PER_DOLLAR,
        remaining=max(0, left) / MICROS_PER_DOLLAR,
    )


def _texts(value: JsonValue) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value] if isinstance(value, list | tuple) else []
