"""A web agent's work on one subtask, as a pure machine.

    NEW ──Begun──> RESERVING ──Granted──> LOADING ──PageSeen──> CHOOSING ──ChoiceMade──> RESERVING
     │                 │                     │                     │
     │ no page needed  │ Refused             │ 5xx, no answer      │ step cap, loop, Answer, Stop
     └────────────────>└────────────> ENDED <┘<────────────────────┘

Money comes first: each step reserves the most that it can cost before anything happens, and settles
what the tariff charges when it is known what was shown. What stays inside the agent (`note`,
`expand`, `answer`, `stop`) is a step as well. An attempt ends by itself: each choice counts as a
step, the step cap ends it, and so does the third time of the same action on the same page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from core.errors import CallerError, InvariantError
from core.events import ActionTaken, FailureKind, PageObserved, SubtaskFailed, SubtaskSucceeded
from core.pages import (
    Action,
    Answer,
    Expand,
    Note,
    Observation,
    Stop,
)
from core.plans import Verb
from policies.subtask_checks import (
    Refusal,
    missing_output,
    named_failure,
    page_failure,
    stop_failure,
    unmet_postcondition,
)
from policies.subtask_memory import SubtaskMemory
from policies.subtask_purse import SubtaskPurse
from policies.subtask_reports import MAX_TEXT, action_report, page_report
from policies.subtask_signals import (
    Act,
    Begun,
    Cancelled,
    ChoiceMade,
    Choose,
    Computation,
    End,
    Granted,
    Instruction,
    Open,
    PageLost,
    PageSeen,
    Pricing,
    Refused,
    Rendering,
    Report,
    SubtaskEvent,
    SubtaskOrder,
)
from policies.view import AgentView, Choice

__all__ = ["MAX_REPEATS", "PAGELESS", "SubtaskMachine", "SubtaskParts"]

MAX_REPEATS = 3
"""The same action on the same page this many times is a loop."""
PAGELESS = frozenset({Verb.COMPUTE, Verb.RESPOND})
"""Verbs that derive values and open no page."""


class _State(StrEnum):
    NEW = "new"
    RESERVING = "reserving"
    LOADING = "loading"
    CHOOSING = "choosing"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtaskParts:
    """The pure parts that a machine decides with."""

    pricing: Pricing
    rendering: Rendering
    computation: Computation


class SubtaskMachine:
    """Takes events, returns instructions; holds no page, clock or connection."""

    def __init__(self, parts: SubtaskParts) -> None:
        self._parts = parts
        self._state = _State.NEW
        self._order: SubtaskOrder | None = None
        self._purse = SubtaskPurse()
        self._memory = SubtaskMemory()
        self._page: Observation | None = None
        self._shown: tuple[int, ...] = ()
        self._expanded = 0
        self._steps = 0
        self._confidence = 1.0
        self._cause = ""

    @property
    def is_ended(self) -> bool:
        """Whether the attempt is over."""
        return self._state is _State.ENDED

    @property
    def spent(self) -> int:
        """Micro-dollars settled by this attempt."""
        return self._purse.spent

    def handle(self, event: SubtaskEvent) -> tuple[Instruction, ...]:
        """Takes one event and returns what to do, in order.

        After the end every event is ignored: answers that were under way may still arrive.

        Raises:
            InvariantError: The event cannot happen in this state.
        """
        if self._state is _State.ENDED:
            return ()
        name = _TABLE.get((self._state, type(event)))
        if name is None:
            raise InvariantError(f"{type(event).__name__} cannot happen while {self._state}")
        self._cause = event.id
        method: Callable[[SubtaskEvent], tuple[Instruction, ...]] = getattr(self, name)
        return method(event)

    def check_invariants(self) -> None:
        """Checks what must hold between events.

        Raises:
            InvariantError: It does not hold.
        """
        waiting = self._state in (_State.RESERVING, _State.LOADING)
        if waiting != (self._purse.held is not None):
            raise InvariantError(f"reservation {self._purse.held} while {self._state}")
        if self._order is None:
            return
        if self._steps > self._order.node.step_cap:
            raise InvariantError(f"{self._steps} steps, cap {self._order.node.step_cap}")
        if not set(self._memory.notes) <= {output.name for output in self._order.node.outputs}:
            raise InvariantError(f"notes {sorted(self._memory.notes)} are not outputs of the node")

    # -- events ----------------------------------------------------------------------------------

    def _begun(self, event: Begun) -> tuple[Instruction, ...]:
        self._order = event.order
        node = event.order.node
        if node.subgoal.verb not in PAGELESS:
            return self._reserve(self._upper_bound(), purpose=None)
        try:
            outputs = self._parts.computation(node, event.order.arguments)
        except (CallerError, ValueError) as error:
            refusal = named_failure(str(error), otherwise=FailureKind.OUTPUT)
            return self._fail(refusal.kind, refusal.reason)
        names = {output.name for output in node.outputs}
        self._memory.notes = {name: value for name, value in outputs.items() if name in names}
        return self._deliver()

    def _granted(self, event: Granted) -> tuple[Instruction, ...]:
        held = self._purse.holding(event.reservation)
        action = held.purpose
        if action is None:
            self._state = _State.LOADING
            return (Open(url=self._known.start_url, cause=self._cause),)
        match action:
            case Note() | Answer() | Stop():
                settled = self._settle(held.amount)
                return (*settled, *self._after_inner(action))
            case Expand():
                return self._look(action)
            case _:
                self._state = _State.LOADING
                return (Act(action=action, cause=self._cause),)

    def _refused(self, event: Refused) -> tuple[Instruction, ...]:
        held = self._purse.holding(event.reservation)
        self._purse.held = None
        if isinstance(held.purpose, Stop):
            refusal = stop_failure(held.purpose.reason, self._page)
            return self._fail(refusal.kind, refusal.reason)
        return self._fail(FailureKind.BUDGET, event.reason)

    def _page_seen(self, event: PageSeen) -> tuple[Instruction, ...]:
        assert self._purse.held is not None, "a page is loaded on a reservation"
        action = self._purse.held.purpose
        before = self._page
        self._page = event.observation
        self._expanded = 0
        if action is not None:
            self._memory.remember(before, action, event.observation.problem)
        return self._look(action)

    def _choice_made(self, event: ChoiceMade) -> tuple[Instruction, ...]:
        choice = event.choice
        ending = self._must_end(choice)
        if ending is not None:
            return self._fail(ending.kind, ending.reason)
        self._confidence = min(self._confidence, choice.confidence)
        action = choice.action
        report = self._told(action_report(self._known, self._page, self._steps, choice))
        if not isinstance(action, Answer | Stop):
            self._steps += 1
        return (report, *self._reserve(self._bound_of(action), purpose=action))

    def _page_lost(self, event: PageLost) -> tuple[Instruction, ...]:
        return (*self._close_purse(), *self._fail(FailureKind.UNREACHABLE, event.reason))

    def _cancelled(self, event: Cancelled) -> tuple[Instruction, ...]:
        return (*self._close_purse(), *self._fail(FailureKind.CANCELLED, event.reason))

    # -- steps -----------------------------------------------------------------------------------

    def _look(self, action: Action | None) -> tuple[Instruction, ...]:
        """Shows the page to the tier, settles what that costs, and asks for a choice."""
        page = self._current
        if isinstance(action, Expand):
            self._expanded += 1
            self._memory.remember(page, action, "")
        order = self._known
        rendering, node = self._parts.rendering, order.node
        self._shown = rendering.shown_ids(page, node, order.arguments, node.tier, self._expanded)
        tokens = rendering.count_tokens(page, self._shown)
        kind = "goto" if action is None else action.kind
        charge = self._parts.pricing.charge(node.tier, order.price_factor, tokens, kind)
        settled = (*self._settle(charge), self._told(page_report(order, page, tokens)))
        bad = page_failure(page, order.base_url)
        if bad is not None:
            return (*settled, *self._fail(bad.kind, bad.reason))
        return (*settled, *self._choose())

    def _after_inner(self, action: Note | Answer | Stop) -> tuple[Instruction, ...]:
        match action:
            case Note():
                self._memory.remember(
                    self._page, action, self._memory.take(action, self._known.node)
                )
                return self._choose()
            case Answer():
                return self._deliver()
            case Stop():
                refusal = stop_failure(action.reason, self._page)
                return self._fail(refusal.kind, refusal.reason)

    def _deliver(self) -> tuple[Instruction, ...]:
        node = self._known.node
        missing = missing_output(node, self._memory.notes)
        if missing:
            return self._fail(FailureKind.OUTPUT, missing)
        unmet = unmet_postcondition(node.postcondition, self._page)
        if unmet:
            return self._fail(FailureKind.POSTCONDITION, unmet)
        order = self._known
        self._state = _State.ENDED
        succeeded = SubtaskSucceeded(
            episode=order.episode,
            node=node.id,
            attempt=order.attempt,
            agent=order.agent,
            outputs=self._memory.notes,
            steps=self._steps,
            spent=self._purse.spent,
            confidence=self._confidence,
        )
        return (End(event=succeeded, cause=self._cause),)

    def _fail(self, kind: FailureKind, reason: str) -> tuple[Instruction, ...]:
        order = self._known
        self._state = _State.ENDED
        self._purse.held = None
        failed = SubtaskFailed(
            episode=order.episode,
            node=order.node.id,
            attempt=order.attempt,
            agent=order.agent,
            failure=kind,
            reason=reason[:MAX_TEXT],
            steps=self._steps,
            spent=self._purse.spent,
            confidence=self._confidence,
        )
        return (End(event=failed, cause=self._cause),)

    def _must_end(self, choice: Choice) -> Refusal | None:
        """Returns why this choice may not be carried out: the cap is reached, or it is a loop."""
        if isinstance(choice.action, Answer | Stop):
            return None
        cap = self._known.node.step_cap
        if self._steps >= cap:
            return Refusal(FailureKind.STEP_CAP, f"not done after {cap} actions")
        page = self._current
        if self._memory.times_tried(page, len(self._shown), choice.action) >= MAX_REPEATS:
            return Refusal(
                FailureKind.ACTION, f"{choice.action.kind} repeated without effect on {page.url}"
            )
        return None

    # -- money -----------------------------------------------------------------------------------

    def _bound_of(self, action: Action) -> int:
        """Returns the most an action can cost: exact when it shows no page."""
        if isinstance(action, Note | Answer | Stop):
            order = self._known
            return self._parts.pricing.charge(order.node.tier, order.price_factor, 0, action.kind)
        return self._upper_bound()

    def _upper_bound(self) -> int:
        order = self._known
        return self._parts.pricing.upper_bound(order.node.tier, order.price_factor)

    def _reserve(self, amount: int, *, purpose: Action | None) -> tuple[Instruction, ...]:
        self._state = _State.RESERVING
        subtask = self._known.id
        return (self._purse.reserve(subtask, amount, purpose=purpose, cause=self._cause),)

    def _settle(self, amount: int) -> tuple[Instruction, ...]:
        return (self._purse.settle(amount, cause=self._cause),)

    def _close_purse(self) -> tuple[Instruction, ...]:
        is_under_way = self._state is _State.LOADING
        return self._purse.close(is_under_way=is_under_way, cause=self._cause)

    # -- views and reports -----------------------------------------------------------------------

    @property
    def _known(self) -> SubtaskOrder:
        assert self._order is not None, "the first event brings the order"
        return self._order

    @property
    def _current(self) -> Observation:
        assert self._page is not None, "a page was seen before anything is chosen"
        return self._page

    def _choose(self) -> tuple[Instruction, ...]:
        self._state = _State.CHOOSING
        order = self._known
        bound = order.node.cost_bound
        left = 1.0 if not bound else max(0.0, 1.0 - self._purse.spent / bound)
        view = AgentView(
            node=order.node,
            arguments=order.arguments,
            observation=self._current,
            shown=self._shown,
            notes=dict(self._memory.notes),
            history=tuple(self._memory.history),
            base_url=order.base_url,
            steps_left=order.node.step_cap - self._steps,
            budget_left=left,
            site_notes=order.site_notes,
            price_factor=order.price_factor,
            expanded=self._expanded,
            funds=replace(order.funds, left=max(0, order.funds.left - self._purse.spent)),
        )
        return (Choose(view=view, cause=self._cause),)

    def _told(self, event: PageObserved | ActionTaken) -> Report:
        return Report(event=event, cause=self._cause)


_ANY_LIVE = (_State.RESERVING, _State.LOADING, _State.CHOOSING)

_TABLE: dict[tuple[_State, type[SubtaskEvent]], str] = {
    (_State.NEW, Begun): "_begun",
    (_State.RESERVING, Granted): "_granted",
    (_State.RESERVING, Refused): "_refused",
    (_State.LOADING, PageSeen): "_page_seen",
    (_State.CHOOSING, ChoiceMade): "_choice_made",
    **{(state, PageLost): "_page_lost" for state in _ANY_LIVE},
    **{(state, Cancelled): "_cancelled" for state in _ANY_LIVE},
}
