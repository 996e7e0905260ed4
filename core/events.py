"""Facts of an episode, in the past tense. The log of these is the truth.

Every event stands in an `Envelope` (`core/codec.py`) that carries its id, its place in its owner's
sequence and the id of what caused it. An owner appends a *durable* event before it replies to
whoever asked; the others are telemetry and are written in batches.

    owner            durable                                        telemetry
    orchestrator     EpisodeStarted PlanMade SubtaskStarted         PlanLookedUp
                     SubtaskSucceeded SubtaskFailed Replanned
                     ReplanRefused EpisodeFinished EpisodeFailed
    web agent                                                       PageObserved ActionTaken
    whoever asks a model                                            ModelCalled
    budget tracker   SpendReserved SpendSettled SpendRefunded       SpendRefused
    world host       StateChanged
    supervisor       AgentLost
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from core.plans import EffortTier, Plan
from core.tasks import AgentResponse

__all__ = [
    "EVENTS",
    "ActionTaken",
    "AgentLost",
    "EpisodeFailed",
    "EpisodeFinished",
    "EpisodeStarted",
    "Event",
    "FailureKind",
    "ModelCalled",
    "PageObserved",
    "PlanLookedUp",
    "PlanMade",
    "ReplanRefused",
    "Replanned",
    "SpendRefunded",
    "SpendRefused",
    "SpendReserved",
    "SpendSettled",
    "StateChanged",
    "SubtaskFailed",
    "SubtaskStarted",
    "SubtaskSucceeded",
    "Trigger",
]


class FailureKind(StrEnum):
    """Why a subtask did not deliver."""

    ACTION = "action"
    """An action could not be carried out, or nothing on the page fits the subgoal."""
    STEP_CAP = "step_cap"
    BUDGET = "budget"
    POSTCONDITION = "postcondition"
    OUTPUT = "output"
    """An output is missing or has the wrong type."""
    UNREACHABLE = "unreachable"
    """The site does not answer, answers 5xx or hangs."""
    NOT_FOUND = "not_found"
    """The page says, or a complete look shows, that the thing does not exist."""
    NOT_ALLOWED = "not_allowed"
    """The site refused: 401, 403, or no control is offered for what is wanted."""
    AGENT_LOST = "agent_lost"
    CANCELLED = "cancelled"


class Trigger(StrEnum):
    """Why a running plan is looked at again (DESIGN §7)."""

    ACTION_FAILURE = "action_failure"
    BUDGET_INEFFICIENCY = "budget_inefficiency"
    CONSTRAINT_VIOLATION = "constraint_violation"
    LOW_CONFIDENCE = "low_confidence"
    UNEXPECTED_STATE = "unexpected_state"
    REPEATED_FAILURES = "repeated_failures"


class Event(BaseModel):
    """A fact about one episode."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    durable: ClassVar[bool] = False

    episode: str


class EpisodeStarted(Event):
    """A task was taken on under a budget."""

    durable: ClassVar[bool] = True
    kind: Literal["episode_started"] = "episode_started"
    task: str
    intent: str
    budget: int
    """Micro-dollars: the limit B that policies are to keep."""
    hard_cap: int
    """Micro-dollars: what the ledger enforces."""
    seed: int
    enforcement: Literal["enforce", "observe"] = "enforce"
    """As `core.budget.Enforcement`: enough, with the caps, to open the ledger again."""


class PlanLookedUp(Event):
    """The cache was asked."""

    kind: Literal["plan_looked_up"] = "plan_looked_up"
    hit: bool
    reason: str


class PlanMade(Event):
    """The first plan of an episode stands."""

    durable: ClassVar[bool] = True
    kind: Literal["plan_made"] = "plan_made"
    plan: Plan


class SubtaskStarted(Event):
    """A node was given to an agent with its bound arguments."""

    durable: ClassVar[bool] = True
    kind: Literal["subtask_started"] = "subtask_started"
    node: int
    attempt: int
    agent: str
    tier: EffortTier
    arguments: dict[str, JsonValue]


class PageObserved(Event):
    """An agent looked at a page."""

    kind: Literal["page_observed"] = "page_observed"
    node: int
    agent: str
    url: str
    title: str
    status: int
    num_elements: int
    shown_tokens: int
    """Tokens rendered to the agent's tier: what is charged."""
    problem: str = ""


class ActionTaken(Event):
    """An agent acted."""

    kind: Literal["action_taken"] = "action_taken"
    node: int
    agent: str
    step: int
    action: str
    """Kind of the action, `click`, `fill`, ..."""
    element: int | None = None
    label: str = ""
    """Role and name of the element acted on."""
    text: str = ""
    """What was typed, chosen, noted or opened; secrets are masked."""
    confidence: float = 1.0


class ModelCalled(Event):
    """A language model was asked; its money is in the ledger's own events too."""

    kind: Literal["model_called"] = "model_called"
    node: int | None = None
    """Whose agent asked; `None`: the planner did."""
    agent: str = ""
    request: str
    purpose: str
    """What was asked for: `plan`, `action`, ..."""
    prompt: str
    """Versions of the prompt files."""
    model: str
    input_tokens: int
    output_tokens: int
    attempts: int
    spent: int
    """Micro-dollars settled for all attempts."""
    latency_ms: int
    problem: str = ""
    """Why there was no whole reply; empty when there was."""


class SubtaskSucceeded(Event):
    """A node delivered all of its outputs."""

    durable: ClassVar[bool] = True
    kind: Literal["subtask_succeeded"] = "subtask_succeeded"
    node: int
    attempt: int
    agent: str
    outputs: dict[str, JsonValue]
    steps: int
    spent: int
    """Micro-dollars settled for this attempt."""
    confidence: float = 1.0
    """Smallest confidence of the attempt's choices, calibrated, in [0, 1]."""


class SubtaskFailed(Event):
    """A node ended without its outputs."""

    durable: ClassVar[bool] = True
    kind: Literal["subtask_failed"] = "subtask_failed"
    node: int
    attempt: int
    agent: str
    failure: FailureKind
    reason: str
    steps: int
    spent: int
    confidence: float = 0.0


class Replanned(Event):
    """A running plan was changed."""

    durable: ClassVar[bool] = True
    kind: Literal["replanned"] = "replanned"
    trigger: Trigger
    reason: str
    repair: str
    """What was done: `retry`, `reroute`, `split`, `prune`, `new_plan`."""
    fingerprint: str
    plan: Plan


class ReplanRefused(Event):
    """A trigger fired and nothing was changed; it counts as a replan all the same."""

    durable: ClassVar[bool] = True
    kind: Literal["replan_refused"] = "replan_refused"
    trigger: Trigger
    reason: str
    fingerprint: str = ""


class SpendReserved(Event):
    """Money was set aside before a spend."""

    durable: ClassVar[bool] = True
    kind: Literal["spend_reserved"] = "spend_reserved"
    reservation: str
    holder: str
    scope: tuple[str, ...]
    amount: int
    expires_ms: int


class SpendSettled(Event):
    """A reservation was used, in part or in whole."""

    durable: ClassVar[bool] = True
    kind: Literal["spend_settled"] = "spend_settled"
    reservation: str
    amount: int
    expired: bool = False
    """The holder was lost: settled at the upper bound of what may have gone out."""


class SpendRefunded(Event):
    """A reservation was given back unused."""

    durable: ClassVar[bool] = True
    kind: Literal["spend_refunded"] = "spend_refunded"
    reservation: str


class SpendRefused(Event):
    """A reservation was not granted."""

    kind: Literal["spend_refused"] = "spend_refused"
    holder: str
    scope: tuple[str, ...]
    amount: int
    available: int
    reason: str


class StateChanged(Event):
    """A world answered a request that may change it."""

    durable: ClassVar[bool] = True
    kind: Literal["state_changed"] = "state_changed"
    site: str
    method: str
    path: str
    status: int


class AgentLost(Event):
    """A web agent's process is gone."""

    durable: ClassVar[bool] = True
    kind: Literal["agent_lost"] = "agent_lost"
    agent: str
    reason: str


class EpisodeFinished(Event):
    """An episode ended by itself, well or badly."""

    durable: ClassVar[bool] = True
    kind: Literal["episode_finished"] = "episode_finished"
    response: AgentResponse
    reason: str
    spent: int
    """Micro-dollars settled."""
    replans: int


class EpisodeFailed(Event):
    """An episode was lost to a fault of the system: left out of training, never a reward of 0."""

    durable: ClassVar[bool] = True
    kind: Literal["episode_failed"] = "episode_failed"
    reason: str
    spent: int


EVENTS: tuple[type[Event], ...] = (
    EpisodeStarted,
    PlanLookedUp,
    PlanMade,
    SubtaskStarted,
    PageObserved,
    ActionTaken,
    ModelCalled,
    SubtaskSucceeded,
    SubtaskFailed,
    Replanned,
    ReplanRefused,
    SpendReserved,
    SpendSettled,
    SpendRefunded,
    SpendRefused,
    StateChanged,
    AgentLost,
    EpisodeFinished,
    EpisodeFailed,
)
