"""One episode for a learner: one world, one browser, one ledger, one verdict.

The ledger of the episode is the only sum of money there is: the learner's costs are differences of
it, the outcome is its end, and the events that screens and logs fold are what it tells. It only
observes: what an episode costs beyond its budget is metered and never refused, because claims about
learning need to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from actors.arena.deciders import NewPlanOnce, NoPlans
from actors.arena.outcome import Outcome
from actors.arena.shares import SharingPlanner, TierDraw, has_page
from actors.assembly import Assembly
from actors.in_process import EpisodeSetup, InProcessEpisode, Minds, Pending
from actors.journal import EventEnvelope
from core.budget import MICROS_PER_DOLLAR, Enforcement
from core.errors import WebMasError
from core.events import FailureKind
from core.plans import EffortTier
from core.seeding import generator
from core.tasks import Task
from environment.browsers.in_process import InProcessBrowser
from environment.transports import DirectTransport
from planner.decisions import Decider
from planner.orchestrator_book import EpisodeBook, NodeState
from planner.requests import Planner
from policies.view import Choice

__all__ = ["ArenaEpisode", "Arrangement"]

_CAP_FACTOR = 100
"""Hard cap as a multiple of B; nothing is enforced, but a cap near B would make deciders thrifty
in the name of the system instead of the learner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """How an episode is run."""

    budget: int
    """Micro-dollars: B."""
    share: float | None = 1.0
    """Of the nodes that open a page: 0 gives the learner one of them, 1 gives it all; `None` leaves
    the plan as it is made."""
    tiers: TierDraw = field(default_factory=TierDraw)
    max_ticks: int = 80
    """Ticks after which the episode is over."""
    decider: Callable[[], Decider] = NewPlanOnce
    """Decides about failed subtasks."""


class ArenaEpisode:
    """Moved on by choices, like the episode inside; judged once it is over.

    The heuristic is not in here: who drives an episode chooses for all nodes, and `is_own` tells
    which of them are the learner's.
    """

    def __init__(
        self,
        task: Task,
        seed: int,
        arrangement: Arrangement,
        assembly: Assembly,
        *,
        planner: Planner | None = None,
        on_event: Callable[[EventEnvelope], None] | None = None,
    ) -> None:
        """Opens the world and starts the episode.

        Args:
            task: What is asked.
            seed: For everything random here.
            arrangement: How it is run.
            assembly: The system's parts.
            planner: Makes the plans, of whose nodes the learner gets its share; `None`: the
                assembly's.
            on_event: Receives each event in its envelope.
        """
        self.task = task
        self.budget = arrangement.budget
        self.decisions = 0
        self._assembly = assembly
        self._host = assembly.world(task, {})
        self._outcome: Outcome | None = None
        self._broken = ""
        made = planner or assembly.planner()
        if arrangement.share is not None:
            rng = generator(seed, "shares")
            made = SharingPlanner(made, share=arrangement.share, tiers=arrangement.tiers, rng=rng)
        minds = Minds(
            planner=made,
            decider=arrangement.decider(),
            cache=NoPlans(),
            plan_pricing=assembly.plan_pricing(),
            subtask=assembly.subtask(),
        )
        urls = {site: self._host.base_url(site) for site in task.sites}
        setup = EpisodeSetup(
            episode=f"arena-{seed}",
            task=task.public(urls),
            budget=arrangement.budget / MICROS_PER_DOLLAR,
            hard_cap=_CAP_FACTOR * arrangement.budget / MICROS_PER_DOLLAR,
            enforcement=Enforcement.OBSERVE,
            seed=seed,
            cookies=tuple(self._host.cookies_for(task.user)),
            max_ticks=arrangement.max_ticks,
        )
        browser = InProcessBrowser(DirectTransport(self._host))
        self._episode = InProcessEpisode(setup, minds, assembly, browser, on_event or _drop)

    @property
    def is_over(self) -> bool:
        """Whether the episode has ended or broken."""
        return self._episode.is_over or bool(self._broken)

    @property
    def spent(self) -> int:
        """Micro-dollars settled so far, by the one ledger."""
        return self._episode.ledger.spent

    @property
    def reserved(self) -> int:
        """Micro-dollars set aside and not settled."""
        return self._episode.ledger.reserved

    @property
    def book(self) -> EpisodeBook:
        """How the plan stands."""
        return self._episode.machine.book

    def finished_share(self) -> float:
        """Returns the share of the plan's nodes that are done, in [0, 1]."""
        states = self.book.states.values()
        return sum(state is NodeState.DONE for state in states) / len(states) if states else 0.0

    def pending(self) -> list[Pending]:
        """Returns the views that wait for a choice, in the order of the pool."""
        return self._episode.pending()

    def advance(self, choices: Sequence[Choice]) -> None:
        """Carries out one choice for each pending view, in the same order."""
        self.decisions += sum(is_own(item) for item in self._episode.pending())
        try:
            self._episode.advance(choices)
        except WebMasError as error:  # left out of training, never a reward of 0
            self._broken = f"{type(error).__name__}: {error}"

    def outcome(self) -> Outcome:
        """Returns what the episode came to; judges it when asked for the first time."""
        if self._outcome is None:
            assert self.is_over, "the episode still runs"
            self._outcome = self._judged()
        return self._outcome

    def close(self) -> None:
        """Closes pages and world."""
        self._episode.close()
        self._host.close()

    def _judged(self) -> Outcome:
        if self._broken:
            return self._record(failed=self._broken)
        result = self._episode.result
        failure = self.book.failure
        if failure is not None and failure.kind in _NOT_THE_AGENTS:
            return self._record(failed=f"{failure.kind.value}: {failure.reason}")
        verdict = self._assembly.judge(self.task, self._host, result.response)
        error, official, violations = (verdict[key] for key in ("error", "official", "violations"))
        assert official is None or isinstance(official, int | float), "a score or nothing"
        assert isinstance(violations, list), "the judge lists violations"
        return self._record(
            failed=f"judge: {error}" if error else "",
            strict=bool(verdict["strict"]),
            official=official,
            violations=len(violations),
        )

    def _record(
        self,
        *,
        failed: str,
        strict: bool = False,
        official: float | None = None,
        violations: int = 0,
    ) -> Outcome:
        paged = [node for node in self.book.nodes.values() if has_page(node)]
        is_finished = self._episode.is_over
        return Outcome(
            key=self.task.key,
            template=self.task.template,
            split=self.task.split.value,
            failed=failed,
            strict=strict,
            official=official,
            spent=self.spent,
            budget=self.budget,
            violations=violations,
            ticks=self._episode.result.ticks if is_finished else 0,
            decisions=self.decisions,
            nodes=len(paged),
            own_nodes=sum(node.tier is not EffortTier.RULES for node in paged),
            reason=self._episode.result.reason if is_finished else failed,
        )


def is_own(item: Pending) -> bool:
    """Returns whether a pending choice is the learner's."""
    return item.view.node.tier is not EffortTier.RULES


_NOT_THE_AGENTS = frozenset({FailureKind.UNREACHABLE, FailureKind.AGENT_LOST})


def _drop(envelope: EventEnvelope) -> None:
    del envelope
