"""What goes into the machine of one subtask, and what comes out of it.

    events        Begun Granted Refused PageSeen ChoiceMade PageLost Cancelled
    instructions  Reserve Settle Refund Open Act Choose Report End

Each event has an id; each instruction names the event that caused it. `Pricing`, `Rendering` and
`Computation` are the pure parts that the machine is built from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.events import ActionTaken, PageObserved, SubtaskFailed, SubtaskSucceeded
from core.pages import BrowserAction, Observation, Value
from core.plans import EffortTier, PlanNode
from policies.view import AgentView, Choice, Funds

__all__ = [
    "Act",
    "Begun",
    "Cancelled",
    "ChoiceMade",
    "Choose",
    "Computation",
    "End",
    "Granted",
    "Instruction",
    "Open",
    "PageLost",
    "PageSeen",
    "Pricing",
    "Refund",
    "Refused",
    "Rendering",
    "Report",
    "Reserve",
    "Settle",
    "SubtaskEvent",
    "SubtaskOrder",
]


class Pricing(Protocol):
    """What steps cost; `policies.tariff.Tariff` is one."""

    def upper_bound(self, tier: EffortTier, price_factor: float) -> int:
        """Returns the most that one step at this tier can cost, in micro-dollars."""
        ...

    def charge(
        self, tier: EffortTier, price_factor: float, shown_tokens: int, action_kind: str
    ) -> int:
        """Returns what one step costs, in micro-dollars; never more than `upper_bound`."""
        ...


class Rendering(Protocol):
    """What a tier shows of a page; the functions of `policies.rendering`."""

    def shown_ids(
        self,
        observation: Observation,
        node: PlanNode,
        arguments: Mapping[str, Value],
        tier: EffortTier,
        expanded: int,
    ) -> tuple[int, ...]:
        """Returns ids of the elements that are shown, in page order."""
        ...

    def count_tokens(self, observation: Observation, shown: tuple[int, ...]) -> int:
        """Returns the tokens that showing them takes."""
        ...


class Computation(Protocol):
    """Derives the outputs of a `compute` or `respond` node; pure."""

    def __call__(self, node: PlanNode, arguments: Mapping[str, Value]) -> Mapping[str, Value]:
        """Returns the outputs by name.

        Raises:
            CallerError, ValueError: The inputs do not give the outputs; the message says why, and
                may start with a kind of failure and a colon.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtaskOrder:
    """One attempt at one node, everything bound."""

    id: str
    """Unique; reservations of this attempt start with it."""
    episode: str
    node: PlanNode
    attempt: int
    agent: str
    price_factor: float
    arguments: Mapping[str, Value]
    base_url: str
    """Scheme and host of the node's site; empty when the node opens no page."""
    start_url: str
    """Absolute URL of the page to start on."""
    site_notes: Mapping[str, Value] = field(default_factory=dict)
    funds: Funds = field(default_factory=Funds)
    """The episode's budget and what is left of it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtaskEvent:
    """Something the machine is told."""

    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun(SubtaskEvent):
    """The attempt starts."""

    order: SubtaskOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted(SubtaskEvent):
    """The ledger set the money aside."""

    reservation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(SubtaskEvent):
    """The ledger did not."""

    reservation: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSeen(SubtaskEvent):
    """A page was opened, or stands after an action."""

    observation: Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceMade(SubtaskEvent):
    """The policy chose."""

    choice: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLost(SubtaskEvent):
    """The browser or the policy broke down; what was under way may have happened."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(SubtaskEvent):
    """The orchestrator wants no more of it."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Set this much aside before the next spend."""

    reservation: str
    amount: int
    """Micro-dollars."""
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """This much of the reservation was used."""

    reservation: str
    amount: int
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Nothing of the reservation was used."""

    reservation: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Open a page."""

    url: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Carry out one action on the page."""

    action: BrowserAction
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose:
    """Ask the policy."""

    view: AgentView
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Tell the orchestrator what was seen or done."""

    event: PageObserved | ActionTaken
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The attempt is over; exactly one of these ends each attempt."""

    event: SubtaskSucceeded | SubtaskFailed
    cause: str


Instruction = Reserve | Settle | Refund | Open | Act | Choose | Report | End
