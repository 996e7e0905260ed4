"""The gate: what to do when a trigger fires, decided by the policy over what the engine offers.

    engine says        legal                                       prior
    Continue           no decision: the run goes on                -
    Repair, new plan   replan, stop; continue after a success;     replan
                       escalate where it helps and is affordable
    GiveUp             stop; escalate likewise                     stop

The engine keeps its hard rules: no replan is legal unless it offers one, so its counts and
fingerprints bound replans as before. A violated constraint makes escalation illegal, which would
only cost more. A failure escalates once: the escalation has a fingerprint of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.events import Trigger
from core.plans import Plan
from core.seeding import derive_seed
from planner.decisions import (
    Continue,
    Decider,
    Decision,
    GiveUp,
    Repair,
    RepairKind,
    RunReport,
    WantNewPlan,
)
from planner.orchestration import standing_in_run
from planner.repair_moves import look_harder
from policies.plan_policy import (
    Choice,
    Decides,
    DecisionProblem,
    Gate,
    Head,
    OrchestrationRecord,
    PlanPrior,
    Pool,
    PriorSource,
    RunStanding,
    pose,
)

__all__ = ["GateDecision", "GatedDecider"]

_ESCALATED = "escalated "
_Fired = Repair | WantNewPlan | GiveUp


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GateDecision:
    """One answer of the gate, for whoever trains it."""

    record: OrchestrationRecord
    problem: DecisionProblem


class GatedDecider:
    """A `Decider`: pure, the same report always gives the same answer."""

    def __init__(
        self,
        engine: Decider,
        policy: Decides,
        *,
        seed: int = 0,
        is_greedy: bool = False,
        on_decision: Callable[[GateDecision], None] | None = None,
    ) -> None:
        """Puts a gate in front of an engine.

        Args:
            engine: Says which triggers fire and what it would do.
            policy: Who decides.
            seed: With what the report says, the seed of each draw.
            is_greedy: Take the most likely answers instead of drawing.
            on_decision: Told about every answer that was not forced.
        """
        self._engine = engine
        self._policy = policy
        self._seed = seed
        self._is_greedy = is_greedy
        self._on_decision = on_decision

    def decide(self, report: RunReport) -> Decision:
        """Returns what to do: the engine's answer, or another that is legal."""
        offered = self._engine.decide(report)
        if isinstance(offered, Continue):
            return offered
        harder = _escalation(offered, report)
        gate = self._gate(offered, harder, report)
        if gate is Gate.CONTINUE:
            return Continue()
        if gate is Gate.ESCALATE and harder is not None:
            return harder
        if gate is Gate.STOP and not isinstance(offered, GiveUp):
            return GiveUp(
                trigger=offered.trigger, reason=offered.reason, fingerprint=offered.fingerprint
            )
        return offered

    def _gate(self, offered: _Fired, harder: Repair | None, report: RunReport) -> Gate:
        gives_up = isinstance(offered, GiveUp)
        gates = {Gate.STOP} if gives_up else {Gate.STOP, Gate.REPLAN}
        if not gives_up and report.failure is None:
            gates.add(Gate.CONTINUE)
        if harder is not None:
            gates.add(Gate.ESCALATE)
        prior = PlanPrior(source=PriorSource.RULES).towards(Gate.STOP if gives_up else Gate.REPLAN)
        problem = pose(
            report.plan,
            Pool.of(report.request.agents),
            replace(standing_in_run(report), trigger=offered.trigger),
            prior,
            heads=frozenset({Head.GATE}),
            gates=frozenset(gates),
        )
        seed = derive_seed(
            self._seed,
            "gate",
            *(report.request.task.key, offered.fingerprint),
            *(len(report.past), report.spent, sum(n.attempts for n in report.nodes.values())),
        )
        record = self._policy.decide(problem, seed=seed, is_greedy=self._is_greedy)
        if problem.gate_active and self._on_decision is not None:
            self._on_decision(GateDecision(record=record, problem=problem))
        return record.actions.gate


def _escalation(offered: _Fired, report: RunReport) -> Repair | None:
    """Returns the same plan with more effort on open nodes, `None` where it may not or cannot."""
    fingerprint = _ESCALATED + offered.fingerprint
    if offered.trigger is Trigger.CONSTRAINT_VIOLATION:
        return None
    if any(past.fingerprint == fingerprint for past in report.past):
        return None
    harder = look_harder(report)
    plan = None if harder is None else _affordable(report, harder, standing_in_run(report))
    if plan is None:
        return None
    return Repair(
        kind=RepairKind.REROUTE,
        plan=plan,
        trigger=offered.trigger,
        reason=offered.reason,
        fingerprint=fingerprint,
    )


def _affordable(report: RunReport, harder: Plan, standing: RunStanding) -> Plan | None:
    """Keeps of a harder plan what the money left covers, with bounds to match."""
    pool = Pool.of(report.request.agents)
    prior = PlanPrior(source=PriorSource.RULES)
    problem = pose(report.plan, pool, standing, prior)
    places = {choice: place for place, choice in enumerate(pool.choices)}
    nodes = []
    for row, (old, new) in enumerate(zip(report.plan.nodes, harder.nodes, strict=True)):
        place = places.get(Choice(new.agent, new.tier))
        if new == old or place is None or not problem.agent_mask[row, place]:
            nodes.append(old)
            continue
        bound = min(int(problem.costs[row, place]), standing.free) if old.cost_bound else 0
        nodes.append(new.model_copy(update={"cost_bound": bound}))
    plan = report.plan.model_copy(update={"nodes": tuple(nodes)})
    changed = {old.id for old, new in zip(report.plan.nodes, nodes, strict=True) if new != old}
    if not changed or (report.failure is not None and report.failure.node not in changed):
        return None  # the same attempt once more would fail in the same way
    return plan
