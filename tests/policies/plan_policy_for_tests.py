"""Small decision problems that several test files build on."""

import itertools

import numpy as np
from hypothesis import strategies as st

from core.plans import EdgeKind, EffortTier, Plan, PlanEdge, PlanNode, Subgoal, Verb
from policies.plan_policy import (
    GATES,
    Actions,
    Head,
    PlanPolicy,
    PlanPrior,
    Pool,
    PriorSource,
    RunStanding,
    initial_parameters,
    pose,
)
from policies.profiles import DEFAULT_POOL, AgentProfile

ALL_HEADS = frozenset(Head)
SMALL_POOL = tuple(
    AgentProfile(
        id=name,
        skills=frozenset(Verb) - unable,
        sites=frozenset(),
        tiers=(EffortTier.RULES, EffortTier.TOP_K),
        price_factor=factor,
        policy_id=name,
    )
    for name, factor, unable in (("thrifty", 0.8, {Verb.DELETE}), ("able", 1.0, frozenset()))
)
"""Two agents of two tiers: four choices, of which a deletion has two."""


def node(node_id, verb=Verb.READ, agent="able", tier=EffortTier.RULES, **more):
    return PlanNode(
        id=node_id,
        subgoal=Subgoal(verb=verb, object="thing"),
        agent=agent,
        site="" if verb in (Verb.COMPUTE, Verb.RESPOND) else "reddit",
        tier=tier,
        **{"step_cap": 10, **more},
    )


def plan_of(verbs, edges, **more):
    """A plan with a response at the end; `edges` are (source, target, is_data)."""
    nodes = [node(index, verb, **more) for index, verb in enumerate(verbs)]
    last = len(nodes)
    nodes.append(node(last, Verb.RESPOND))
    joined = [
        PlanEdge(source=s, target=t, kind=EdgeKind.DATA if is_data else EdgeKind.ORDER)
        for s, t, is_data in edges
    ]
    waits = {edge.source for edge in joined}
    joined += [
        PlanEdge(source=index, target=last, kind=EdgeKind.ORDER)
        for index in range(last)
        if index not in waits
    ]
    return Plan(nodes=tuple(nodes), edges=tuple(joined))


@st.composite
def plans(draw, max_nodes=6):
    """Valid plans of the small pool with random shapes."""
    verbs = draw(
        st.lists(st.sampled_from([Verb.READ, Verb.DELETE, Verb.COMPUTE]), max_size=max_nodes)
    )
    pairs = list(itertools.combinations(range(len(verbs)), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return plan_of(verbs, [(s, t, draw(st.booleans())) for s, t in chosen])


def problem_of(plan, *, pool=SMALL_POOL, budget=1_000_000, prior=None, **more):
    standing = more.pop("standing", RunStanding(budget=budget))
    prior = prior or PlanPrior(source=PriorSource.RULES)
    return pose(plan, Pool.of(pool), standing, prior, **more)


def trained(seed=0, scale=0.5):
    """A policy whose residual is anything but zero, in double precision."""
    generator = np.random.default_rng(seed)
    parameters = {
        name: generator.normal(0.0, scale * max(values.shape[0], 4) ** -0.5, values.shape)
        for name, values in initial_parameters(seed).items()
    }
    return PlanPolicy(parameters=parameters, version="test-000001")


def joint_actions(problem):
    """Every joint action that is legal."""
    agents = [
        np.flatnonzero(row) if row.any() else [own]
        for row, own in zip(problem.agent_mask, problem.planned, strict=True)
    ]
    edges = [(True, False) if free else (True,) for free in problem.edge_removable]
    gates = [gate for gate, legal in zip(GATES, problem.gate_mask, strict=True) if legal]
    for picked in itertools.product(*agents):
        for kept in itertools.product(*edges):
            for gate in gates:
                yield Actions(
                    agents=np.array(picked, dtype=np.intp),
                    keep=np.array(kept, dtype=np.bool_),
                    gate=gate,
                )


BIG_PLAN = plan_of(
    [Verb.FIND, *[Verb.READ] * 8],
    [(0, 1, True), *((i, 9, True) for i in range(1, 9)), *((i, i + 1, False) for i in range(1, 7))],
    agent="reader",
)
"""Ten nodes, nine data edges and six order edges."""
BIG_POOL = DEFAULT_POOL
