"""Small plans that several test files build on."""

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
from core.tasks import PublicTask
from planner.requests import PlanRequest
from policies.profiles import DEFAULT_POOL


def request_for(intent="Upvote the newest post in the books forum", **changes):
    task = PublicTask(
        key="404",
        intent=intent,
        sites=("reddit",),
        start_urls=("http://reddit.localhost",),
        base_urls={"reddit": "http://reddit.localhost"},
    )
    return PlanRequest(**{"task": task, "agents": DEFAULT_POOL, "budget": 10_000, **changes})


def node(node_id, verb, thing="post", agent="generalist", inputs=(), outputs=(), **more):
    site = "" if verb in (Verb.COMPUTE, Verb.RESPOND) else "reddit"
    return PlanNode(
        id=node_id,
        subgoal=Subgoal(verb=verb, object=thing),
        agent=agent,
        site=more.pop("site", site),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        **more,
    )


def const(name, value, kind=ValueType.TEXT):
    return NodeInput(name=name, type=kind, const=value)


def flow(name, source, output, kind=ValueType.URL):
    return NodeInput(name=name, type=kind, source=OutputRef(node=source, output=output))


def chain(forum="books"):
    """find a forum -> vote on its newest post -> respond."""
    return Plan(
        nodes=(
            node(
                0,
                Verb.FIND,
                "forum",
                "scout",
                [const("name", forum)],
                [NodeOutput(name="url", type=ValueType.URL)],
            ),
            node(1, Verb.TOGGLE, "newest post", "editor", [flow("page", 0, "url")]),
            node(2, Verb.RESPOND, "answer", "reader"),
        ),
        edges=(
            PlanEdge(source=0, target=1),
            PlanEdge(source=1, target=2, kind=EdgeKind.ORDER),
        ),
    )
