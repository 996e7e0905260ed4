"""What happened in an episode, without when: the same seeds give equal folds on Ray and in process.

Order is kept within one node and one agent, where it is a matter of cause; between agents that
work at the same time it is a matter of luck, and left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.codec import Envelope
from core.events import (
    ActionTaken,
    EpisodeFailed,
    EpisodeFinished,
    Event,
    PageObserved,
    PlanMade,
    Replanned,
    ReplanRefused,
    SpendRefunded,
    SpendReserved,
    SpendSettled,
    SubtaskFailed,
    SubtaskStarted,
    SubtaskSucceeded,
)
from core.plans import Plan
from core.tasks import AgentResponse

__all__ = ["EpisodeFold", "Money", "fold_episode"]


@dataclass(frozen=True, slots=True)
class Money:
    """Sums over one ledger's events, in micro-dollars."""

    reserved: int = 0
    """All that was ever set aside."""
    settled: int = 0
    open: int = 0
    """Set aside and neither settled nor given back."""


@dataclass(slots=True)
class EpisodeFold:
    """An episode as its events tell it."""

    plans: list[Plan] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    """`trigger/repair`, `trigger/refused`, in order."""
    nodes: dict[int, list[Event]] = field(default_factory=dict)
    """Starts and ends of each node's attempts, in order."""
    steps: dict[tuple[int, str], list[Event]] = field(default_factory=dict)
    """Pages and actions of each (node, agent), in order."""
    settled: dict[str, int] = field(default_factory=dict)
    """Reservation to micro-dollars."""
    money: Money = Money()
    response: AgentResponse | None = None
    spent: int | None = None
    """As the episode's last event says; `None` while it runs."""
    replans: int = 0
    failed: str = ""
    """Why the system lost the episode, empty when it did not."""


def fold_episode(events: Iterable[Envelope[Event] | Event], episode: str) -> EpisodeFold:
    """Folds the events of one episode; those of others are skipped.

    Args:
        events: In the order of their sources; bare or in envelopes.
        episode: The episode's id.
    """
    fold = EpisodeFold()
    amounts: dict[str, int] = {}
    for item in events:
        event = item.body if isinstance(item, Envelope) else item
        if event.episode == episode:
            _plan(fold, event)
            _work(fold, event)
            _money(fold, amounts, event)
    settled = sum(fold.settled.values())
    open_sum = sum(amount for key, amount in amounts.items() if key not in fold.settled)
    fold.money = Money(reserved=sum(amounts.values()), settled=settled, open=open_sum)
    return fold


def _plan(fold: EpisodeFold, event: Event) -> None:
    match event:
        case PlanMade():
            fold.plans.append(event.plan)
        case Replanned():
            fold.plans.append(event.plan)
            fold.repairs.append(f"{event.trigger}/{event.repair}")
        case ReplanRefused():
            fold.repairs.append(f"{event.trigger}/refused")
        case EpisodeFinished():
            fold.response, fold.spent = event.response, event.spent
            fold.replans = event.replans
        case EpisodeFailed():
            fold.failed, fold.spent = event.reason, event.spent
        case _:
            return


def _work(fold: EpisodeFold, event: Event) -> None:
    match event:
        case SubtaskStarted() | SubtaskSucceeded() | SubtaskFailed():
            fold.nodes.setdefault(event.node, []).append(event)
        case PageObserved() | ActionTaken():
            fold.steps.setdefault((event.node, event.agent), []).append(event)
        case _:
            return


def _money(fold: EpisodeFold, amounts: dict[str, int], event: Event) -> None:
    match event:
        case SpendReserved():
            amounts[event.reservation] = event.amount
        case SpendSettled():
            fold.settled[event.reservation] = event.amount
        case SpendRefunded():
            fold.settled[event.reservation] = 0
        case _:
            return
