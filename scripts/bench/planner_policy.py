"""What one decision of the factored orchestration policy costs, and how exact it is.

The plan has ten nodes and fifteen edges, the pool is the default one (fifteen choices), the policy
has parameters that are not zero: what a decision costs while it trains.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from core.plans import EdgeKind, Plan, PlanEdge, PlanNode, Subgoal, Verb
from policies.plan_policy import (
    GATES,
    SHAPES,
    Actions,
    DecisionProblem,
    Gate,
    Head,
    PlanPolicy,
    PlanPrior,
    Pool,
    PriorSource,
    RunStanding,
    applied,
    initial_parameters,
    pose,
)
from policies.profiles import DEFAULT_POOL
from scripts.bench.figures import Figure, cpu_ms_each, spread

__all__ = ["measure"]

_DECISIONS = 1_000
_EXACT = 40
"""Small problems whose joint actions are all enumerated."""
_BUDGET = 10_000_000


def measure() -> list[Figure]:
    """Measures in this process; about 10 CPU-seconds."""
    plan, pool = _plan(10, 15), Pool.of(DEFAULT_POOL)
    standing = RunStanding(budget=_BUDGET)
    prior = PlanPrior(source=PriorSource.RULES)
    policy = _as_in_files(_trained(0))
    problem = pose(plan, pool, standing, prior)

    def decide() -> None:
        posed = pose(plan, pool, standing, prior)
        applied(plan, posed, policy.decide(posed, seed=1).actions)

    record = policy.decide(problem, seed=1)
    gradient = _times(lambda: _gradient(policy, problem, record.actions), _DECISIONS // 4)
    return [
        _timed("decision of 10 nodes, 15 edges: state to decided plan", "<= 1.0", decide),
        _timed(
            "the same, network, draw and log-probabilities alone",
            "",
            lambda: _draw(policy, problem),
        ),
        {
            "name": "gradient of log π by all parameters",
            "value": statistics.median(gradient),
            "unit": "CPU-ms",
            "target": "",
            "n": len(gradient),
            "spread": spread(gradient),
        },
        _plain("record of 10 nodes, 15 edges", len(record.pack()), "bytes", "<= 1000"),
        _plain("parameters", sum(map(math.prod, SHAPES.values())), "numbers", "<= 30000"),
        *_exactness(),
    ]


def _exactness() -> list[Figure]:
    off, differs, slope = 0.0, 0.0, 0.0
    for seed in range(_EXACT):
        problem, policy = _small(seed), _trained(seed)
        logs = [policy.log_prob(problem, a).total for a in _joint(problem)]
        off = max(off, abs(math.fsum(map(math.exp, logs)) - 1.0))
        untrained = PlanPolicy(parameters=initial_parameters(seed)).probabilities(problem)
        wanted = np.where(problem.agent_mask, np.exp(problem.agent_log_prior), 0.0)
        differs = max(differs, float(np.abs(untrained.agents - wanted).max()))
        slope = max(slope, _slope_error(policy, problem, seed))
    return [
        _plain("|sum of all joint probabilities - 1|, worst", off, "", "<= 1e-6", _EXACT),
        _plain("untrained policy beside the masked prior, worst", differs, "", "<= 1e-6", _EXACT),
        _plain("gradient beside finite differences, worst", slope, "relative", "<= 1e-4", _EXACT),
    ]


def _slope_error(policy: PlanPolicy, problem: DecisionProblem, seed: int) -> float:
    """Returns how far the derivative along a random direction is off."""
    assert policy.parameters is not None, "it was given some"
    actions = policy.decide(problem, seed=seed).actions
    gradient = policy.gradient(problem, actions)
    draws = np.random.default_rng(seed)
    along = {name: draws.normal(size=values.shape) for name, values in policy.parameters.items()}
    ends = []
    for step in (1e-6, -1e-6):
        moved = {name: values + step * along[name] for name, values in policy.parameters.items()}
        ends.append(PlanPolicy(parameters=moved).log_prob(problem, actions).total)
    numeric = (ends[0] - ends[1]) / 2e-6
    exact = sum(float((gradient[name] * along[name]).sum()) for name in along)
    return abs(numeric - exact) / max(1.0, abs(exact))


def _small(seed: int) -> DecisionProblem:
    """A random problem with at most some ten thousand joint actions."""
    draws = np.random.default_rng(seed)
    num_nodes = int(draws.integers(2, 5))
    plan = _plan(num_nodes, 2 * num_nodes)
    budget = int(draws.choice([400, 3_000, 20_000, 200_000]))
    return pose(
        plan,
        Pool.of(DEFAULT_POOL[:2]),
        RunStanding(budget=budget),
        PlanPrior(source=PriorSource.RULES),
        heads=frozenset(Head),
        gates=frozenset(GATES),
    )


def _joint(problem: DecisionProblem) -> Iterator[Actions]:
    rows = zip(problem.agent_mask, problem.planned, strict=True)
    nodes = [np.flatnonzero(row).tolist() if row.any() else [int(own)] for row, own in rows]
    edges = [(True, False) if free else (True,) for free in problem.edge_removable]
    gates = [gate for gate, legal in zip(GATES, problem.gate_mask, strict=True) if legal]
    for picked, kept, gate in itertools.product(
        itertools.product(*nodes), itertools.product(*edges), gates
    ):
        yield Actions(
            agents=np.array(picked, dtype=np.intp), keep=np.array(kept, dtype=np.bool_), gate=gate
        )


def _plan(num_nodes: int, num_edges: int) -> Plan:
    """Readings that all flow into a response, with order edges between them."""
    last = num_nodes - 1
    nodes = [
        PlanNode(
            id=index,
            subgoal=Subgoal(verb=Verb.READ if index < last else Verb.RESPOND, object="thing"),
            agent="reader",
            site="reddit" if index < last else "",
            step_cap=10,
        )
        for index in range(num_nodes)
    ]
    edges = [PlanEdge(source=index, target=last) for index in range(last)]
    order = itertools.islice(itertools.pairwise(range(last)), num_edges - len(edges))
    edges += [PlanEdge(source=a, target=b, kind=EdgeKind.ORDER) for a, b in order]
    return Plan(nodes=tuple(nodes), edges=tuple(edges))


def _trained(seed: int) -> PlanPolicy:
    draws = np.random.default_rng(seed)
    parameters: dict[str, npt.NDArray[np.float64]] = {
        name: draws.normal(0.0, 0.5 * max(values.shape[0], 4) ** -0.5, values.shape)
        for name, values in initial_parameters(seed).items()
    }
    return PlanPolicy(parameters=parameters, version=f"bench-{seed}")


def _as_in_files(policy: PlanPolicy) -> PlanPolicy:
    """Returns the policy in the precision that files hold."""
    assert policy.parameters is not None, "it was given some"
    single = {name: values.astype(np.float32) for name, values in policy.parameters.items()}
    return PlanPolicy(parameters=single, version=policy.version)


def _draw(policy: PlanPolicy, problem: DecisionProblem) -> None:
    assert policy.decide(problem, seed=1).actions.gate is Gate.CONTINUE, "the gate was not asked"


def _gradient(policy: PlanPolicy, problem: DecisionProblem, actions: Actions) -> None:
    policy.gradient(problem, actions)


def _times(work: Callable[[], None], count: int) -> list[float]:
    for _ in range(20):
        work()
    return [cpu_ms_each(work) for _ in range(count)]


def _timed(name: str, target: str, work: Callable[[], None]) -> Figure:
    times = _times(work, _DECISIONS)
    return {
        "name": name,
        "value": statistics.median(times),
        "unit": "CPU-ms",
        "target": target,
        "n": len(times),
        "spread": spread(times),
    }


def _plain(name: str, value: float, unit: str, target: str, n: int = 1) -> Figure:
    return {"name": name, "value": value, "unit": unit, "target": target, "n": n}
