"""One episode that stops at each decision about its plan, and goes on when it has the answer.

    PlanRun ──problem──> whoever decides ──actions──> PlanRun ... until `is_over`

Planner and decider are asked in the middle of machines that wait for them. So the episode runs in a
greenlet, a stack of its own on the same thread: asking switches to whoever drives the run, and an
answer switches back. There is no second thread, no lock and no deadline; what is open (SQLite, for
one) stays on one thread; an error comes out where the run was driven. A run that is closed early is
unwound from where it waits.

Between two decisions the agents act, each by the frozen policy that the assembly gives it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenlet import GreenletExit, getcurrent, greenlet

from actors.arena.episode import ArenaEpisode, Arrangement
from actors.arena.outcome import Outcome
from actors.in_process import choose_for
from core.errors import InvariantError
from planner.orchestration import OrchestratedPlanner
from planner.orchestration_gate import GatedDecider
from policies.plan_policy import Actions, Decides, DecisionProblem, OrchestrationRecord, PlanPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actors.assembly import Assembly
    from core.tasks import Task
    from environment.world_host import WorldHost

__all__ = ["PlanRun", "plan_trial"]


class PlanRun:
    """Used on the thread that made it."""

    def __init__(
        self, task: Task, seed: int, *, budget: int, assembly: Assembly, max_ticks: int = 80
    ) -> None:
        """Starts the episode and runs it up to its first decision.

        Args:
            task: What is asked.
            seed: For everything random in the episode.
            budget: Micro-dollars: B. It is observed, not enforced.
            assembly: The system's parts; its planner proposes and its decider offers.
            max_ticks: Ticks after which the episode is over.
        """
        self.task = task
        self.budget = budget
        self.num_decisions = 0
        self._seed = seed
        self._assembly = replace(assembly, world=self._open_world)
        self._make_world = assembly.world
        self._max_ticks = max_ticks
        self._host: WorldHost | None = None
        self._episode: ArenaEpisode | None = None
        self._stack = greenlet(self._run)
        self.problem: DecisionProblem | None = None
        """What is to be decided now; `None`: the episode is over."""
        self._switch(None)

    @property
    def is_over(self) -> bool:
        """Whether the episode has ended or broken."""
        return bool(self._stack.dead)

    @property
    def spent(self) -> int:
        """Micro-dollars settled so far; before the first plan there is nothing to settle."""
        return 0 if self._episode is None else self._episode.spent

    def decide(self, actions: Actions) -> None:
        """Answers `problem`, and runs the episode up to its next decision or its end."""
        assert self.problem is not None, "there is something to decide"
        self.num_decisions += 1
        self._switch(actions)

    def outcome(self) -> Outcome:
        """Returns what the episode came to; only once it is over."""
        if self._episode is None or not self.is_over:
            raise InvariantError("the episode still runs, or was closed")
        return replace(self._episode.outcome(), decisions=self.num_decisions)

    def close(self) -> None:
        """Ends the episode where it stands and closes its world; twice is allowed."""
        if self._stack and not self._stack.dead:
            self._stack.parent = getcurrent()
            self._stack.throw(GreenletExit)
        if self._episode is not None:
            self._episode.close()
        elif self._host is not None:
            self._host.close()
        self._host = None

    # -- the two sides ---------------------------------------------------------------------------

    def _switch(self, actions: Actions | None) -> None:
        self._stack.parent = getcurrent()
        waits = self._stack.switch(*(() if actions is None else (actions,)))
        self.problem = waits if isinstance(waits, DecisionProblem) else None

    def _run(self) -> None:
        """The episode's side: everything here runs on the greenlet."""
        asks = _Asks(self._stack)
        made = self._assembly
        arrangement = Arrangement(
            budget=self.budget,
            share=None,
            max_ticks=self._max_ticks,
            decider=lambda: GatedDecider(made.decider(), asks),
        )
        planner = OrchestratedPlanner(made.planner(), asks)
        episode = ArenaEpisode(self.task, self._seed, arrangement, made, planner=planner)
        self._episode = episode
        _act_to_end(episode, made)

    def _open_world(self, task: Task, base_urls: Mapping[str, str]) -> WorldHost:
        self._host = self._make_world(task, base_urls)
        return self._host


def plan_trial(
    task: Task,
    seed: int,
    *,
    budget: int,
    assembly: Assembly,
    policy: Decides,
    is_greedy: bool = True,
    max_ticks: int = 80,
) -> Outcome:
    """Runs and judges one episode whose plan a policy decides about.

    Args:
        task: What is asked.
        seed: For everything random in the episode, the policy's draws included.
        budget: Micro-dollars: B, observed and not enforced.
        assembly: The system's parts.
        policy: Who decides.
        is_greedy: Take the most likely decisions instead of drawing.
        max_ticks: Ticks after which the episode is over.
    """
    counted = _Counts(policy)
    arrangement = Arrangement(
        budget=budget,
        share=None,
        max_ticks=max_ticks,
        decider=lambda: GatedDecider(assembly.decider(), counted, seed=seed, is_greedy=is_greedy),
    )
    planner = OrchestratedPlanner(assembly.planner(), counted, seed=seed, is_greedy=is_greedy)
    episode = ArenaEpisode(task, seed, arrangement, assembly, planner=planner)
    try:
        _act_to_end(episode, assembly)
        return replace(episode.outcome(), decisions=counted.num_decisions)
    finally:
        episode.close()


def _act_to_end(episode: ArenaEpisode, assembly: Assembly) -> None:
    policies = {agent.id: assembly.policy(agent) for agent in assembly.agents}
    while not episode.is_over:
        episode.advance(choose_for(episode.pending(), policies))


@dataclass(frozen=True, slots=True)
class _Asks:
    """A `Decides` that hands the decision to whoever drives the run."""

    stack: greenlet

    def decide(
        self, problem: DecisionProblem, *, seed: int, is_greedy: bool = False
    ) -> OrchestrationRecord:
        """Returns what was decided outside; its logits are the prior's, the learner has its own."""
        del is_greedy
        if not _is_free(problem):
            return PlanPolicy().decide(problem, seed=seed, is_greedy=True)
        parent = self.stack.parent
        assert parent is not None, "a run is driven from another greenlet"
        actions = parent.switch(problem)
        assert isinstance(actions, Actions), "a run goes on with actions"
        return PlanPolicy().record(problem, actions, seed=seed)


@dataclass(slots=True)
class _Counts:
    """A `Decides` that counts what was not forced."""

    inner: Decides
    num_decisions: int = 0

    def decide(
        self, problem: DecisionProblem, *, seed: int, is_greedy: bool = False
    ) -> OrchestrationRecord:
        """Returns the inner one's decision."""
        self.num_decisions += _is_free(problem)
        return self.inner.decide(problem, seed=seed, is_greedy=is_greedy)


def _is_free(problem: DecisionProblem) -> bool:
    return bool(problem.agents_active.any() or problem.edge_removable.any() or problem.gate_active)
