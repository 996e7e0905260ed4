"""Small plans on the mini site, and a system that can carry them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from actors.assembly import Assembly
from actors.rehearsal.mini_site import MINI_URL, mini_host
from actors.rehearsal.scripted import (
    ClickOn,
    FillIn,
    NoteText,
    NoteUrl,
    ScriptedPlanner,
    ScriptedPolicy,
    Step,
    answer_with,
)
from core.plans import (
    EdgeKind,
    NodeInput,
    NodeOutput,
    OutputRef,
    Plan,
    PlanEdge,
    PlanNode,
    Subgoal,
    ValueType,
    Verb,
)
from core.ports import Browser, Transport
from core.tasks import AgentResponse, PublicTask, Split, Task, WorldSpec
from environment.browsers.in_process import InProcessBrowser
from environment.world_host import WorldHost
from planner.decisions import CacheAnswer, Decider, PlanOutcome, RetryOnly
from planner.orchestrator import PlanPricing
from planner.orchestrator_limits import OrchestratorLimits
from planner.requests import Planner, PlanRequest
from policies import rendering
from policies.profiles import DEFAULT_POOL, AgentProfile
from policies.subtask import SubtaskParts
from policies.subtask_signals import Computation
from policies.tariff import Tariff
from policies.view import ActionPolicy

__all__ = [
    "SCRIPTS",
    "chain",
    "fork",
    "mini_task",
    "mini_world",
    "node",
    "rehearsal",
    "respond",
    "two_chains",
    "whole_mini_task",
]

SCRIPTS: dict[str, tuple[Step, ...]] = {
    "post 1": (ClickOn("posts"), ClickOn("Post 1"), NoteText("votes", r"(\d+) votes")),
    "post 2": (ClickOn("posts"), ClickOn("Post 2"), NoteText("votes", r"(\d+) votes")),
    "post 3": (ClickOn("posts"), ClickOn("Post 3"), NoteUrl("url")),
    "votes here": (NoteText("votes", r"(\d+) votes"),),
    "note": (ClickOn("note"), FillIn("Text", "text"), ClickOn("Save")),
}
"""What the scripted policy does for the objects of the plans below."""


def mini_task(intent: str, key: str = "mini") -> PublicTask:
    """Returns a task on the mini site."""
    return PublicTask(
        key=key,
        intent=intent,
        sites=("mini",),
        start_urls=(MINI_URL + "/",),
        base_urls={"mini": MINI_URL},
    )


def whole_mini_task(intent: str, key: str = "mini:0@train") -> Task:
    """Returns the whole task, as a system takes it."""
    return Task(
        key=key,
        template="mini",
        split=Split.TRAIN,
        sites=("mini",),
        start_urls=("__MINI__/",),
        intent=intent,
        worlds={"mini": WorldSpec()},
        verified={},
    )


def mini_world(task: Task, base_urls: Mapping[str, str]) -> WorldHost:
    """Opens the worlds of a task on the mini site."""
    del task, base_urls
    return mini_host()


def node(
    number: int,
    verb: Verb,
    about: str,
    *,
    agent: str = "generalist",
    inputs: Mapping[str, str | int | tuple[int, str]] | None = None,
    outputs: Mapping[str, ValueType] | None = None,
    types: Mapping[str, ValueType] | None = None,
    step_cap: int = 10,
    cost_bound: int = 0,
) -> PlanNode:
    """Returns a node of a plan on the mini site.

    Args:
        number: The node's id.
        verb: Of its subgoal.
        about: Object of its subgoal: which script is followed.
        agent: Whom it is assigned to.
        inputs: Name to a constant, or to (node, output).
        outputs: Name to type.
        types: Types of the inputs; text and number where absent.
        step_cap: Its most steps.
        cost_bound: Micro-dollars that it may reserve.
    """
    pageless = verb in (Verb.COMPUTE, Verb.RESPOND)
    return PlanNode(
        id=number,
        subgoal=Subgoal(verb=verb, object=about),
        agent=agent,
        site="" if pageless else "mini",
        inputs=tuple(
            _input(name, given, (types or {}).get(name)) for name, given in (inputs or {}).items()
        ),
        outputs=tuple(NodeOutput(name=name, type=kind) for name, kind in (outputs or {}).items()),
        step_cap=step_cap,
        cost_bound=cost_bound,
    )


def respond(number: int, *, agent: str = "generalist", **inputs: tuple[int, str]) -> PlanNode:
    """Returns the last node, which answers with the numbers it is given."""
    return node(
        number,
        Verb.RESPOND,
        "answer",
        agent=agent,
        inputs=inputs,
        types=dict.fromkeys(inputs, ValueType.NUMBER),
        outputs={"response": ValueType.RECORD},
    )


def fork(*, left: str = "post 1", right: str = "post 2") -> Plan:
    """Returns two independent readings and the answer with both."""
    votes = {"votes": ValueType.NUMBER}
    nodes = (
        node(0, Verb.READ, left, agent="scout", outputs=votes),
        node(1, Verb.READ, right, agent="reader", outputs=votes),
        respond(2, a=(0, "votes"), b=(1, "votes")),
    )
    return Plan(nodes=nodes, edges=_data((0, 2), (1, 2)))


def chain(length: int, *, agent: str = "generalist") -> Plan:
    """Returns `length` computations, each of which waits for the one before, and an answer."""
    nodes = [
        node(
            place,
            Verb.COMPUTE,
            "sum",
            agent=agent,
            inputs={"n": 1} if place == 0 else {"n": (place - 1, "value")},
            types={"n": ValueType.NUMBER},
            outputs={"value": ValueType.NUMBER},
        )
        for place in range(length)
    ]
    edges = _data(*((place, place + 1) for place in range(length)))
    return Plan(nodes=(*nodes, respond(length, agent=agent, n=(length - 1, "value"))), edges=edges)


def two_chains(length: int, left: str, right: str) -> Plan:
    """Returns two independent chains of computations, on one agent each, and the answer of both."""
    first = chain(length, agent=left).nodes[:length]
    second = tuple(_shifted(one, length) for one in chain(length, agent=right).nodes[:length])
    ends = (length - 1, 2 * length - 1)
    answer = respond(2 * length, a=(ends[0], "value"), b=(ends[1], "value"))
    pairs = [(n, n + 1) for n in range(2 * length - 1) if n != ends[0]]
    joined = _data(*pairs, (ends[0], 2 * length), (ends[1], 2 * length))
    return Plan(nodes=(*first, *second, answer), edges=joined)


def rehearsal(
    plans: Mapping[str, Plan],
    *,
    better: Mapping[str, Plan] | None = None,
    scripts: Mapping[str, tuple[Step, ...]] | None = None,
    computation: Computation = answer_with,
    decider: Callable[[], Decider] = RetryOnly,
    agents: tuple[AgentProfile, ...] = DEFAULT_POOL,
    limits: OrchestratorLimits | None = None,
    max_nodes: int = 12,
) -> Assembly:
    """Returns a system with scripted plans and steps; prices, browser and machines are real.

    Args:
        plans: Intent to plan.
        better: Intent to what a replan gives.
        scripts: Object of a subgoal to steps, beside `SCRIPTS`.
        computation: For nodes without a page.
        decider: Decides about running plans.
        agents: The pool.
        limits: Of the orchestrator.
        max_nodes: Nodes that a plan may have.
    """
    parts = Rehearsed(plans, better or {}, {**SCRIPTS, **(scripts or {})}, computation)
    return Assembly(
        planner=parts.planner,
        policy=parts.policy,
        subtask=parts.subtask,
        plan_pricing=_tariff,
        decider=decider,
        cache=NoCache,
        browser=_browser,
        world=mini_world,
        judge=_no_judge,
        agents=agents,
        limits=limits or OrchestratorLimits(),
        max_nodes=max_nodes,
    )


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Picklable makers of the scripted parts."""

    plans: Mapping[str, Plan]
    better: Mapping[str, Plan]
    scripts: Mapping[str, tuple[Step, ...]]
    computation: Computation

    def planner(self) -> Planner:
        """Makes the planner."""
        return ScriptedPlanner(self.plans, self.better)

    def policy(self, profile: AgentProfile) -> ActionPolicy:
        """Makes an agent's policy."""
        del profile
        return ScriptedPolicy(self.scripts)

    def subtask(self) -> SubtaskParts:
        """Makes the parts of a subtask's machine."""
        return SubtaskParts(pricing=Tariff(), rendering=rendering, computation=self.computation)


class NoCache:
    """A plan cache that never has a plan."""

    def look_up(self, request: PlanRequest) -> CacheAnswer:
        """Returns a miss."""
        del request
        return CacheAnswer(plan=None, reason="nothing is remembered")

    def store(self, request: PlanRequest, plan: Plan, outcome: PlanOutcome) -> None:
        """Forgets it."""

    def failed(self, request: PlanRequest, plan: Plan) -> None:
        """Forgets it."""


def _no_judge(task: Task, host: WorldHost, response: AgentResponse) -> dict[str, JsonValue]:
    del task, host
    return {"status": response.status.value}


def _tariff() -> PlanPricing:
    return Tariff()


def _browser(transport_for: Callable[[str], Transport]) -> Browser:
    return InProcessBrowser(transport_for)


def _shifted(one: PlanNode, by: int) -> PlanNode:
    """Returns a node of a chain with other numbers."""
    inputs = tuple(
        given
        if given.source is None
        else given.model_copy(
            update={"source": OutputRef(node=given.source.node + by, output=given.source.output)}
        )
        for given in one.inputs
    )
    return one.model_copy(update={"id": one.id + by, "inputs": inputs})


def _data(*pairs: tuple[int, int]) -> tuple[PlanEdge, ...]:
    return tuple(PlanEdge(source=a, target=b, kind=EdgeKind.DATA) for a, b in pairs)


def _input(name: str, given: str | int | tuple[int, str], kind: ValueType | None) -> NodeInput:
    if isinstance(given, tuple):
        source = OutputRef(node=given[0], output=given[1])
        return NodeInput(name=name, type=kind or ValueType.TEXT, source=source)
    natural = ValueType.NUMBER if isinstance(given, int) else ValueType.TEXT
    return NodeInput(name=name, type=kind or natural, const=given)
