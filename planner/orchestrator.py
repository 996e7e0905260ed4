"""The orchestrator of one episode, as a pure machine.

    NEW ─TaskTaken─> LOOKING_UP ─CacheAnswered─> FUNDING ─MoneyGranted─> PLANNING
                                                  ^   │ (a cached plan)      │ PlannerAnswered
                             WantNewPlan, counted │   v                      v
                                                  └─ RUNNING <───────────────┘
                                                      │ answered, given up, stuck, out of time
                                                      v
                                                   ENDING ─last agent idle─> ENDED

It runs every node whose inputs are there as soon as an agent may take it, carries values along
data edges, and asks a `Decider` after each subtask. It always ends: attempts, starts and repairs
are bounded here, time by `TimeUp`; when nothing runs and nothing can, the episode is over. What it
knows of the plan is `EpisodeBook`, a fold of the events that it records.
"""

from __future__ import annotations

from collections.abc import Callable

from core.errors import InvariantError
from planner.decisions import Decider
from planner.orchestrator_book import EpisodeBook
from planner.orchestrator_ending import answer_came_late, stopped
from planner.orchestrator_funding import grant_came_late
from planner.orchestrator_limits import OrchestratorLimits
from planner.orchestrator_planning import (
    cache_answered,
    money_granted,
    money_refused,
    planner_answered,
    task_taken,
)
from planner.orchestrator_running import agent_back, agent_gone, subtask_ended
from planner.orchestrator_signals import (
    AgentBack,
    AgentGone,
    CacheAnswered,
    CancelAsked,
    Instruction,
    MoneyGranted,
    MoneyRefused,
    OrchestratorEvent,
    PlannerAnswered,
    SubtaskEnded,
    TaskTaken,
    TimeUp,
)
from planner.orchestrator_state import EpisodeState, Phase, PlanPricing

__all__ = ["OrchestratorMachine", "PlanPricing"]

_Handler = Callable[..., list[Instruction]]
"""Takes the state and an event of the type that its row names."""

_LIVE = (Phase.LOOKING_UP, Phase.FUNDING, Phase.PLANNING, Phase.RUNNING, Phase.ENDING)

_TABLE: dict[tuple[Phase, type[OrchestratorEvent]], _Handler] = {
    (Phase.NEW, TaskTaken): task_taken,
    (Phase.LOOKING_UP, CacheAnswered): cache_answered,
    (Phase.FUNDING, MoneyGranted): money_granted,
    (Phase.FUNDING, MoneyRefused): money_refused,
    (Phase.PLANNING, PlannerAnswered): planner_answered,
    (Phase.ENDING, CacheAnswered): answer_came_late,
    (Phase.ENDING, MoneyGranted): grant_came_late,
    (Phase.ENDING, MoneyRefused): answer_came_late,
    (Phase.ENDING, PlannerAnswered): answer_came_late,
    **{(phase, SubtaskEnded): subtask_ended for phase in _LIVE},
    **{(phase, AgentGone): agent_gone for phase in _LIVE},
    **{(phase, AgentBack): agent_back for phase in _LIVE},
    **{(phase, TimeUp): stopped for phase in _LIVE},
    **{(phase, CancelAsked): stopped for phase in _LIVE},
}


class OrchestratorMachine:
    """Takes events, returns instructions; knows no actor, clock or connection."""

    def __init__(
        self,
        decider: Decider,
        pricing: PlanPricing,
        limits: OrchestratorLimits | None = None,
    ) -> None:
        self._state = EpisodeState(
            decider=decider, pricing=pricing, limits=limits or OrchestratorLimits()
        )

    @property
    def book(self) -> EpisodeBook:
        """How the episode stands; for reading only."""
        return self._state.book

    @property
    def is_ended(self) -> bool:
        """Whether the episode is over."""
        return self._state.phase is Phase.ENDED

    @property
    def spent(self) -> int:
        """Micro-dollars settled, planning included."""
        return self._state.spent

    def handle(self, event: OrchestratorEvent) -> tuple[Instruction, ...]:
        """Takes one event and returns what to do, in order.

        Answers that arrive when nobody waits for them any more are ignored.

        Raises:
            InvariantError: The event cannot happen in this phase.
        """
        state = self._state
        if state.phase is Phase.ENDED:
            return ()
        handler = _TABLE.get((state.phase, type(event)))
        if handler is None:
            raise InvariantError(f"{type(event).__name__} cannot happen while {state.phase}")
        state.cause = event.id
        return tuple(handler(state, event))

    def check_invariants(self) -> None:
        """Checks what must hold between events.

        Raises:
            InvariantError: It does not hold.
        """
        self._state.check_invariants()
