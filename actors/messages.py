"""Requests and replies between actors. Facts are in `core.events`; both travel in one envelope.

    to             request                           reply
    orchestrator   SolveTask                         a stream of events; the last one ends it
    web agent      RunSubtask (run_subtask)          a stream of events; the last one is the result
                   RunSubtask (compute)              the result alone: no page, nothing to see
                   CancelSubtask EndEpisode          Done
    budget         OpenLedger CloseLedger            Done
                   MoveMoney                         MoneyMoved
                   CloseHolder                       HolderClosed
                   AskLedger                         LedgerState
    plan cache     LookUpPlan                        PlanFound
                   StorePlan                         Done
    world host     OpenWorld                         WorldOpened
                   JudgeEpisode                      Judged
                   CloseWorld                        Done
    event log      AppendEvents                      Done

Requests that may be sent again (their answer was lost) carry what makes that harmless: reservation
ids, episode ids, subtask ids.
"""

from __future__ import annotations

from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from core.budget import DEFAULT_LEASE_MS, Enforcement
from core.codec import Codec, Envelope
from core.errors import CodecError
from core.events import EVENTS
from core.plans import Plan, PlanNode
from core.tasks import AgentResponse, PublicTask, Task
from planner.requests import PlanRequest
from policies.profiles import AgentProfile

__all__ = [
    "CODEC",
    "MESSAGES",
    "AppendEvents",
    "AskLedger",
    "CancelSubtask",
    "Claim",
    "CloseHolder",
    "CloseLedger",
    "CloseWorld",
    "Cookie",
    "Done",
    "EndEpisode",
    "HolderClosed",
    "JudgeEpisode",
    "Judged",
    "LedgerState",
    "LookUpPlan",
    "Message",
    "MoneyMoved",
    "MoveMoney",
    "OpenLedger",
    "OpenWorld",
    "PlanFound",
    "RunSubtask",
    "Settlement",
    "SolveTask",
    "StorePlan",
    "WorldOpened",
    "pack",
    "request_from_wire",
    "request_to_wire",
    "unpack",
]

Cookie = tuple[str, str, str]
"""Base URL, name, value."""


class Message(BaseModel):
    """What one actor says to another."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SolveTask(Message):
    """Solve a task; sent again after a crash it takes the episode up from its log."""

    kind: Literal["solve_task"] = "solve_task"
    episode: str
    task: PublicTask
    budget: int
    """Micro-dollars: the limit B."""
    hard_cap: int
    """Micro-dollars that the ledger enforces."""
    enforcement: Enforcement = Enforcement.ENFORCE
    seed: int = 0
    cookies: tuple[Cookie, ...] = ()
    site_notes: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    deadline_s: float = 120.0
    """Seconds of wall time after which the episode ends with what it has."""


class RunSubtask(Message):
    """One attempt at one node, everything bound."""

    kind: Literal["run_subtask"] = "run_subtask"
    subtask: str
    """Unique; the same twice is carried out once."""
    episode: str
    node: PlanNode
    attempt: int
    agent: str
    price_factor: float
    arguments: dict[str, JsonValue]
    base_url: str
    start_url: str
    site_notes: dict[str, JsonValue]
    cookies: tuple[Cookie, ...] = ()
    budget: int = 0
    """Micro-dollars: B of the episode; 0: unknown."""
    budget_left: int = 0
    """Micro-dollars of it that were left when the attempt began."""


class CancelSubtask(Message):
    """Stop an attempt; its stream still ends with one result."""

    kind: Literal["cancel_subtask"] = "cancel_subtask"
    subtask: str
    reason: str


class EndEpisode(Message):
    """Close an episode's pages."""

    kind: Literal["end_episode"] = "end_episode"
    episode: str


class OpenLedger(Message):
    """Open an episode's ledger; one that is open stays as it is."""

    kind: Literal["open_ledger"] = "open_ledger"
    episode: str
    budget: int
    hard_cap: int
    enforcement: Enforcement = Enforcement.ENFORCE


class CloseLedger(Message):
    """Settle what is open at its upper bound and forget the ledger."""

    kind: Literal["close_ledger"] = "close_ledger"
    episode: str


class Claim(Message):
    """Money to set aside."""

    kind: Literal["claim"] = "claim"
    reservation: str
    amount: int
    holder: str
    scope: tuple[str, ...] = ()
    outer_cap: int | None = None
    """Cap of the scope's first sub-budget; `None` leaves it as it is."""
    lease_ms: int = DEFAULT_LEASE_MS


class Settlement(Message):
    """Money that a reservation used; 0 with `is_refund` gives it back."""

    kind: Literal["settlement"] = "settlement"
    reservation: str
    amount: int
    is_refund: bool = False


class MoveMoney(Message):
    """Settle, then reserve: what an agent has to say about money between two steps."""

    kind: Literal["move_money"] = "move_money"
    episode: str
    settle: tuple[Settlement, ...] = ()
    reserve: Claim | None = None


class MoneyMoved(Message):
    """The ledger's answer."""

    kind: Literal["money_moved"] = "money_moved"
    granted: bool
    """Whether the reservation stands; true when none was asked for."""
    reason: str = ""


class CloseHolder(Message):
    """A holder is lost: settle what it had open at its upper bound."""

    kind: Literal["close_holder"] = "close_holder"
    episode: str
    holder: str


class HolderClosed(Message):
    """What a lost holder cost in all."""

    kind: Literal["holder_closed"] = "holder_closed"
    spent: int
    """Micro-dollars settled by this holder over its life."""


class AskLedger(Message):
    """Say how a ledger stands."""

    kind: Literal["ask_ledger"] = "ask_ledger"
    episode: str


class LedgerState(Message):
    """How a ledger stands, in micro-dollars."""

    kind: Literal["ledger_state"] = "ledger_state"
    spent: int
    reserved: int
    hard_cap: int


class LookUpPlan(Message):
    """Find a plan that worked."""

    kind: Literal["look_up_plan"] = "look_up_plan"
    request: dict[str, JsonValue]
    """`request_to_wire` of a `PlanRequest`."""


class PlanFound(Message):
    """What the cache says."""

    kind: Literal["plan_found"] = "plan_found"
    plan: Plan | None
    reason: str


class StorePlan(Message):
    """Remember how a plan did: one that worked, or one that was served and did not work."""

    kind: Literal["store_plan"] = "store_plan"
    success: bool = True
    request: dict[str, JsonValue]
    plan: Plan
    spent: int
    replans: int
    confidence: float


class OpenWorld(Message):
    """Open the worlds of an episode; a world that is open stays as it is."""

    kind: Literal["open_world"] = "open_world"
    episode: str
    task: Task
    """The world host and the judge are one process; nobody else sees the whole task."""


class WorldOpened(Message):
    """Where an episode's sites are and who is signed in."""

    kind: Literal["world_opened"] = "world_opened"
    base_urls: dict[str, str]
    cookies: tuple[Cookie, ...]


class JudgeEpisode(Message):
    """Judge the answer and the state of an episode's worlds."""

    kind: Literal["judge_episode"] = "judge_episode"
    episode: str
    response: AgentResponse


class Judged(Message):
    """The judge's verdict as plain data: the room of the judge knows its type."""

    kind: Literal["judged"] = "judged"
    verdict: dict[str, JsonValue]


class CloseWorld(Message):
    """Free an episode's worlds."""

    kind: Literal["close_world"] = "close_world"
    episode: str


class AppendEvents(Message):
    """A batch of telemetry, each an event's envelope as bytes."""

    kind: Literal["append_events"] = "append_events"
    events: tuple[bytes, ...]


class Done(Message):
    """Nothing more to say."""

    kind: Literal["done"] = "done"


MESSAGES: tuple[type[Message], ...] = (
    SolveTask,
    RunSubtask,
    CancelSubtask,
    EndEpisode,
    OpenLedger,
    CloseLedger,
    Claim,
    Settlement,
    MoveMoney,
    MoneyMoved,
    CloseHolder,
    HolderClosed,
    AskLedger,
    LedgerState,
    LookUpPlan,
    PlanFound,
    StorePlan,
    OpenWorld,
    WorldOpened,
    JudgeEpisode,
    Judged,
    CloseWorld,
    AppendEvents,
    Done,
)

CODEC = Codec((*MESSAGES, *EVENTS))
"""Packs messages and events."""


class _RequestOnWire(BaseModel):
    """What of a planning request crosses a process border: not the page, not the purse."""

    task: PublicTask
    agents: tuple[AgentProfile, ...]
    budget: int
    max_nodes: int
    site_notes: dict[str, dict[str, JsonValue]]


Kind = TypeVar("Kind", bound=BaseModel)


def pack(message: BaseModel, *, trace: str = "", ident: str = "", cause: str = "") -> bytes:
    """Returns a message in its envelope as bytes.

    Args:
        message: One of `MESSAGES` or an event.
        trace: The episode it belongs to.
        ident: Id of this message, where somebody will refer to it.
        cause: Id of what led to it.
    """
    envelope = Envelope(id=ident, sequence=0, trace=trace, cause=cause, at_ms=0, body=message)
    return CODEC.pack(envelope)


def unpack(data: bytes, kind: type[Kind]) -> Kind:
    """Returns the message in an envelope.

    Raises:
        CodecError: It is not a message, or not of the kind that is wanted.
    """
    body = CODEC.unpack(data).body
    if not isinstance(body, kind):
        raise CodecError(f"{kind.__name__} is wanted here, not {type(body).__name__}")
    return body


def request_to_wire(request: PlanRequest) -> dict[str, JsonValue]:
    """Returns a planning request as JSON data, without its first page and its purse."""
    on_wire = _RequestOnWire(
        task=request.task,
        agents=request.agents,
        budget=request.budget,
        max_nodes=request.max_nodes,
        site_notes={site: dict(notes) for site, notes in request.site_notes.items()},
    )
    return on_wire.model_dump(mode="json")


def request_from_wire(wire: dict[str, JsonValue]) -> PlanRequest:
    """Returns the planning request that `request_to_wire` was given."""
    on_wire = _RequestOnWire.model_validate(wire)
    return PlanRequest(
        task=on_wire.task,
        agents=on_wire.agents,
        budget=on_wire.budget,
        max_nodes=on_wire.max_nodes,
        site_notes=on_wire.site_notes,
    )
