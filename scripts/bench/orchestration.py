"""Figures of the orchestrator: event to instruction, chains and branches on Ray.

figure           how
event            CPU of `OrchestratorMachine.handle` over a 200-node chain, median of its events
chain            wall of a 200-node chain of 50 ms nodes on Ray, over their sum; median of three,
                 since other work on the machine is in a wall time; beside it what as many calls of
                 an idle actor take on this machine at this moment
branches         wall of two branches of 10 nodes on two agents, over one after the other on one
start            wall from nothing to a pool of actors that answer
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import ray

from actors.assembly import Assembly
from actors.rehearsal.plans import chain, mini_task, rehearsal, two_chains, whole_mini_task
from actors.rehearsal.scripted import sleeping
from actors.system import Call, System
from core.events import SubtaskSucceeded
from planner.decisions import CacheAnswer
from planner.orchestrator import OrchestratorMachine
from planner.orchestrator_signals import (
    CacheAnswered,
    Instruction,
    MoneyGranted,
    PlannerAnswered,
    StartSubtask,
    SubtaskEnded,
    TaskTaken,
)
from planner.replanning import ReplanningEngine
from planner.requests import PlanRequest
from policies.profiles import DEFAULT_POOL
from policies.tariff import Tariff
from scripts.bench.figures import Figure, spread

__all__ = ["measure"]

NODES = 200
NODE_S = 0.05
BRANCH_NODES = 10
_CHAINS = 3


def measure() -> list[Figure]:
    """Returns the figures; starts a Ray instance of its own and stops it. About a minute."""
    spent = event_to_instruction_ms()
    handled = _figure(
        f"orchestrator, event in to instruction out, chain of {NODES} nodes",
        median(spent),
        "ms CPU",
        "<= 0.2",
        len(spent),
    )
    handled["spread"] = spread(spent)
    figures = [handled]
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as runs, System.start(_system(), runs=Path(runs)) as system:
        figures.append(
            _figure("start of Ray and all actors", time.monotonic() - started, "s wall", "", 1)
        )
        figures += _on_ray(system)
    return figures


def event_to_instruction_ms(nodes: int = NODES) -> list[float]:
    """Returns CPU milliseconds of each event of a chain's life, with the replanning engine."""
    machine = OrchestratorMachine(ReplanningEngine(), Tariff())
    request = PlanRequest(
        task=mini_task("chain"), agents=DEFAULT_POOL, budget=100_000, max_nodes=nodes + 1
    )
    machine.handle(TaskTaken(episode="e", request=request, hard_cap=100_000))
    machine.handle(CacheAnswered(answer=CacheAnswer(plan=None, reason="")))
    machine.handle(MoneyGranted(reservation="e/plan0"))
    said = machine.handle(PlannerAnswered(plan=chain(nodes)))
    spent = []
    while (result := _result(said)) is not None:
        event = SubtaskEnded(result=result)
        before = time.process_time()
        said = machine.handle(event)
        spent.append((time.process_time() - before) * 1_000)
    return spent


def _result(said: tuple[Instruction, ...]) -> SubtaskSucceeded | None:
    for step in said:
        if isinstance(step, StartSubtask):
            order = step.order
            return SubtaskSucceeded(
                episode="e",
                node=order.node.id,
                attempt=order.attempt,
                agent=order.agent,
                outputs={"value": 1, "response": {}},
                steps=0,
                spent=0,
            )
    return None


class _Walls(NamedTuple):
    whole: float
    """Seconds between the first and the last event of an episode."""
    nodes: float
    """Seconds that its nodes really took, added up by the nodes themselves."""


def _on_ray(system: System) -> list[Figure]:
    _walls(system, "warm")
    one_after_other = _walls(system, "serial").whole
    at_once = _walls(system, "parallel").whole
    chains = [_walls(system, "chain") for _ in range(_CHAINS)]
    overheads = [100 * (chained.whole / chained.nodes - 1) for chained in chains]
    overhead = _figure(
        f"chain of {NODES} nodes of {NODE_S * 1_000:.0f} ms on Ray, beyond their sum",
        median(overheads),
        "% of the nodes' sum",
        "<= 5",
        _CHAINS,
    )
    overhead["spread"] = f"{min(overheads):.2f} to {max(overheads):.2f}, {NODES} nodes each"
    call_ms, shared = _bare_call_ms(system), at_once / one_after_other
    share = 100 * call_ms / 1_000 * NODES / chains[-1].nodes
    return [
        overhead,
        _figure(
            f"{NODES} calls of an idle actor, without anything of ours",
            share,
            "% of the nodes' sum",
            "",
            NODES,
        ),
        _figure(
            f"two branches of {BRANCH_NODES} nodes at once, beside one after the other",
            shared,
            "share",
            "<= 0.65",
            BRANCH_NODES,
        ),
    ]


def _bare_call_ms(system: System, calls: int = 100) -> float:
    """Returns what a call of an idle actor takes on this machine now, without anything of ours."""
    spent = []
    for _ in range(calls):
        time.sleep(NODE_S / 5)
        before = time.perf_counter()
        ray.get(system.pool.agents["generalist"].pid.remote(), timeout=10)
        spent.append((time.perf_counter() - before) * 1_000)
    return median(spent)


def _walls(system: System, intent: str) -> _Walls:
    moments: list[int] = []
    call = Call(task=whole_mini_task(intent), budget=1.0, is_judged=False)
    result = system.solve(call, on_event=lambda one: moments.append(one.at_ms))
    assert result.response is not None, result.reason
    assert result.reason == "answered", result.reason
    sums = result.response.retrieved_data or []
    nodes = sum(float(str(value)) - 1 for value in sums)  # each chain starts counting at 1
    return _Walls((moments[-1] - moments[0]) / 1_000, nodes)


def _system() -> Assembly:
    return rehearsal(
        {
            "warm": chain(3),
            "chain": chain(NODES, agent="generalist"),
            "serial": two_chains(BRANCH_NODES, "generalist", "generalist"),
            "parallel": two_chains(BRANCH_NODES, "scout", "reader"),
        },
        computation=sleeping(NODE_S),
        max_nodes=NODES + 1,
    )


def _figure(name: str, value: float, unit: str, target: str, n: int) -> Figure:
    return {"name": name, "value": value, "unit": unit, "target": target, "n": n}
