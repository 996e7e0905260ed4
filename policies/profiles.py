"""Who can do what, at which price: the pool of web agents."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from core.plans import EffortTier, Verb

__all__ = ["DEFAULT_POOL", "AgentProfile", "limited_to"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentProfile:
    """One web agent as planner and learner know it."""

    id: str
    skills: frozenset[Verb]
    sites: frozenset[str]
    """Empty: any site."""
    tiers: tuple[EffortTier, ...]
    """Effort tiers it can work at, cheapest first."""
    price_factor: float
    """Multiplies the tariff; a fast generalist is dearer than a specialist."""
    policy_id: str
    """Which parameters it acts with."""

    def can(self, verb: Verb, site: str) -> bool:
        """Returns whether this agent may be given such a subtask."""
        return verb in self.skills and (not self.sites or not site or site in self.sites)


def limited_to(
    agents: tuple[AgentProfile, ...], tiers: Collection[EffortTier]
) -> tuple[AgentProfile, ...]:
    """Returns a pool that works at some tiers only; an agent that has none of them is left out."""
    limited = [
        replace(agent, tiers=tuple(tier for tier in agent.tiers if tier in tiers))
        for agent in agents
    ]
    return tuple(agent for agent in limited if agent.tiers)


_LOOK = frozenset({Verb.FIND, Verb.OPEN, Verb.READ, Verb.COUNT, Verb.COLLECT})
_WRITE = frozenset({Verb.SUBMIT, Verb.TOGGLE, Verb.EDIT, Verb.DELETE})
_THINK = frozenset({Verb.COMPUTE, Verb.RESPOND})
_MODEL_FREE = (
    EffortTier.RULES,
    EffortTier.TOP_K,
    EffortTier.FULL_PAGE,
    EffortTier.SECOND_LOOK,
)

DEFAULT_POOL: tuple[AgentProfile, ...] = (
    AgentProfile(
        id="scout",
        skills=_LOOK | _THINK,
        sites=frozenset(),
        tiers=_MODEL_FREE[:2],
        price_factor=0.8,
        policy_id="scout",
    ),
    AgentProfile(
        id="reader",
        skills=_LOOK | _THINK,
        sites=frozenset(),
        tiers=_MODEL_FREE,
        price_factor=1.0,
        policy_id="reader",
    ),
    AgentProfile(
        id="editor",
        skills=_WRITE | _LOOK,
        sites=frozenset(),
        tiers=_MODEL_FREE,
        price_factor=1.0,
        policy_id="editor",
    ),
    AgentProfile(
        id="generalist",
        skills=_LOOK | _WRITE | _THINK,
        sites=frozenset(),
        tiers=(*_MODEL_FREE, EffortTier.LANGUAGE_MODEL),
        price_factor=1.25,
        policy_id="generalist",
    ),
)
"""Four agents that differ in skills, tiers, price and parameters."""
