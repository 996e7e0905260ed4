"""Money for planning: asked for before a plan is, one wish at a time, settled when it is there."""

from __future__ import annotations

from core.plans import Plan
from planner.decisions import WantNewPlan
from planner.orchestrator_signals import (
    Instruction,
    MoneyGranted,
    RefundMoney,
    ReserveMoney,
    SettleMoney,
)
from planner.orchestrator_state import EpisodeState, Phase, PlanWish

__all__ = ["fund", "grant_came_late", "pay"]


def fund(
    state: EpisodeState,
    origin: str,
    *,
    cached: Plan | None = None,
    change: WantNewPlan | None = None,
) -> Instruction:
    """Asks for the price of a plan of this origin; the wish says what it is for."""
    amount = state.pricing.planning(origin)
    wish = PlanWish(f"{state.episode}/plan{state.num_wishes}", amount, cached, change)
    state.num_wishes += 1
    state.wish = wish
    state.phase = Phase.FUNDING
    return ReserveMoney(reservation=wish.reservation, amount=amount, cause=state.cause)


def pay(state: EpisodeState, amount: int) -> list[Instruction]:
    """Settles the wish."""
    wish, state.wish = state.wished, None
    state.planning_spent += amount
    return [SettleMoney(reservation=wish.reservation, amount=amount, cause=state.cause)]


def grant_came_late(state: EpisodeState, event: MoneyGranted) -> list[Instruction]:
    """Gives money back that was granted after the end had begun."""
    return [RefundMoney(reservation=event.reservation, cause=state.cause)]
