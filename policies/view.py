"""The port between an agent's machine and whatever chooses its actions.

The heuristic, a trained network and a language model all implement `ActionPolicy`. A policy sees an
`AgentView` and nothing else, so nothing else can leak into a choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.model_calls import Purse
from core.pages import Action, Observation, Value
from core.plans import PlanNode

__all__ = ["ActionPolicy", "AgentView", "Choice", "Funds", "PastStep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastStep:
    """One action of this subtask and what came of it."""

    url: str
    """Page on which it was taken."""
    action: Action
    label: str
    """Role, name and row of the element acted on, empty for actions without one."""
    problem: str
    """What went wrong, empty when nothing did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Funds:
    """The episode's money as far as an agent knows it, in micro-dollars."""

    budget: int = 0
    """B; 0: unknown."""
    left: int = 0
    """What was left when the attempt began, less what the attempt spent; at least 0.

    What other agents spend meanwhile is not known here.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """Everything an agent may base its next action on."""

    node: PlanNode
    arguments: Mapping[str, Value]
    """The node's inputs, bound: constants of the plan and values that came along data edges."""
    observation: Observation
    shown: tuple[int, ...]
    """Ids of the elements that the effort tier shows, in page order."""
    notes: Mapping[str, Value]
    """Outputs noted so far."""
    history: tuple[PastStep, ...]
    base_url: str
    """Scheme and host of the node's site in this episode."""
    steps_left: int
    budget_left: float
    """Share of the node's budget that is left, in [0, 1]; 1 when only the episode's cap binds."""
    site_notes: Mapping[str, Value]
    """What exploration and past plans taught about the site: plain data, see `planner`."""
    price_factor: float = 1.0
    """Multiplies the tariff for this agent."""
    expanded: int = 0
    """How often more of this page was asked for."""
    funds: Funds = field(default_factory=Funds)
    """The episode's budget."""
    purse: Purse | None = field(default=None, compare=False, repr=False)
    """Pays for a model's calls; never crosses a process border. `None`: nothing may be spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One action with how sure the policy is of it."""

    action: Action
    confidence: float
    """Calibrated probability of the top choice, in [0, 1]."""
    log_prob: float = 0.0
    """Natural log of the probability with which this action was sampled; 0 when forced."""


class ActionPolicy(Protocol):
    """Chooses the next action of an agent."""

    def choose_all(self, views: Sequence[AgentView]) -> list[Choice]:
        """Returns one choice for each view, in order; stateless between calls."""
        ...
