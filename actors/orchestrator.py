"""The orchestrator as an actor."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import cast

import ray
from ray.actor import ActorProxy

from actors.agent_handles import AgentHandle
from actors.assembly import Assembly
from actors.budget import BudgetActor
from actors.bus import EventBus
from actors.episodes import EpisodeRun, Ports
from actors.event_log import EventLog, read_log
from actors.handles import BudgetHandle, CacheHandle, LogHandle
from actors.journal import EventEnvelope, Journal, MachineClock
from actors.log_keeper import EventLogActor
from actors.messages import CODEC, AskLedger, CancelSubtask, CloseHolder, SolveTask, unpack
from actors.plan_cache import PlanCacheActor
from actors.web_agent import WebAgentActor
from core.events import EpisodeFailed, EpisodeFinished, Event
from planner.orchestrator import OrchestratorMachine
from planner.orchestrator_book import EpisodeBook

__all__ = ["OrchestratorActor", "RemoteOrchestratorActor"]

_BATCH = 64
_BATCH_S = 0.05


class OrchestratorActor:
    """Solves tasks with the agents of a pool, several episodes at a time.

    Owns: the machines of its episodes, the planner, and the log file `orchestrator.msgpack`.
    Accepts: `SolveTask`, as bytes.
    Emits: a stream of the episode's events in their envelopes; durable ones are written before
        they go out, the others go to the event log in batches.
    In flight when it stops: the stream breaks; the same `SolveTask` sent again takes the episode up
        from the log: what was done stays done, what ran is tried again, no repair count starts
        over. Of one that has ended it gives the last event once more, and never runs it twice.
    Restarts: without end.
    Under pressure: episodes take turns at each await; each has one subtask for each agent.
    """

    def __init__(
        self,
        folder: str,
        assembly: Assembly,
        agents: Mapping[str, str],
        budget: str,
        cache: str,
        log: str,
    ) -> None:
        """Makes planner and machines' parts.

        Args:
            folder: The run's folder.
            assembly: What the system is made of.
            agents: Agent to the name of its actor.
            budget: Name of the actor that authorises spends.
            cache: Name of the actor that remembers plans.
            log: Name of the actor that keeps telemetry.
        """
        self._folder = Path(folder)
        self._assembly = assembly
        self._decider = assembly.decider()
        self._pricing = assembly.plan_pricing()
        self._budget = BudgetHandle(cast(ActorProxy[BudgetActor], ray.get_actor(budget)))
        self._ports = Ports(
            agents={
                agent: AgentHandle(cast(ActorProxy[WebAgentActor], ray.get_actor(name)))
                for agent, name in agents.items()
            },
            profiles=assembly.agents,
            budget=self._budget,
            cache=CacheHandle(cast(ActorProxy[PlanCacheActor], ray.get_actor(cache))),
            planner=assembly.planner(),
            max_nodes=assembly.max_nodes,
            asks_people=assembly.asks_people,
        )
        self._log = EventLog(self._folder, "orchestrator")
        self._telemetry = _Batches(LogHandle(cast(ActorProxy[EventLogActor], ray.get_actor(log))))
        bus = EventBus()
        bus.subscribe(Event, self._keep)
        self._journal = Journal(
            "orchestrator", bus.publish, clock=MachineClock(), first=self._log.count
        )
        self._running: dict[str, EpisodeRun] = {}
        self._unfinished = unfinished_episodes(read_log(self._folder, "orchestrator"))
        self._ended = ended_episodes(read_log(self._folder, "orchestrator"))

    @ray.method
    async def solve(self, message: bytes) -> AsyncIterator[bytes]:
        """Streams one episode, one or more envelopes at a time.

        One that is running already gives nothing, one that has ended its last event.
        """
        asked = unpack(message, SolveTask)
        if asked.episode in self._running:
            return
        if asked.episode in self._ended:
            yield CODEC.pack(self._ended[asked.episode])
            return
        history = self._unfinished.pop(asked.episode, ())
        run = EpisodeRun(
            asked,
            OrchestratorMachine(self._decider, self._pricing, self._assembly.limits),
            self._ports,
            self._journal,
            history=history,
            spent=await self._closed_spending(asked.episode, history),
        )
        self._running[asked.episode] = run
        try:
            async for envelopes in run.run():
                if isinstance(envelopes[-1].body, EpisodeFinished | EpisodeFailed):
                    await self._telemetry.written()  # whoever hears the end finds a whole log
                yield b"".join(map(CODEC.pack, envelopes))
        finally:
            del self._running[asked.episode]
            self._telemetry.flush()
            self._log.sync()

    @ray.method
    async def cancel(self, episode: str, reason: str) -> None:
        """Asks an episode to end; unknown ones are ignored."""
        run = self._running.get(episode)
        if run is not None:
            run.cancel(reason)

    @ray.method
    async def pid(self) -> int:
        """Returns the process id: the answer that says it is alive."""
        return os.getpid()

    async def _closed_spending(self, episode: str, history: tuple[Event, ...]) -> int:
        """Stops what an earlier process left running; returns what the ledger has settled then."""
        if not history:
            return 0
        book = EpisodeBook()
        book.fold(history)
        for node in book.running():
            report = book.reports[node]
            subtask = f"{episode}/{node}.{report.attempts}"
            agent = self._ports.agents[report.agents[-1]]
            await agent.cancel(CancelSubtask(subtask=subtask, reason="orchestrator restarted"))
            await self._budget.close_holder(CloseHolder(episode=episode, holder=subtask))
        return (await self._budget.state(AskLedger(episode=episode))).spent

    def _keep(self, envelope: EventEnvelope) -> None:
        if isinstance(envelope.body, EpisodeFinished | EpisodeFailed):
            self._ended[envelope.body.episode] = envelope
        if envelope.body.durable:
            self._log.append([envelope])
        else:
            self._telemetry.add(envelope)


def unfinished_episodes(log: Iterable[EventEnvelope]) -> dict[str, tuple[Event, ...]]:
    """Returns the events of each episode that began and did not end."""
    episodes: dict[str, list[Event]] = {}
    for envelope in log:
        if isinstance(envelope.body, EpisodeFinished | EpisodeFailed):
            episodes.pop(envelope.trace, None)
        else:
            episodes.setdefault(envelope.trace, []).append(envelope.body)
    return {episode: tuple(events) for episode, events in episodes.items()}


def ended_episodes(log: Iterable[EventEnvelope]) -> dict[str, EventEnvelope]:
    """Returns the last event of each episode that ended."""
    return {
        envelope.body.episode: envelope
        for envelope in log
        if isinstance(envelope.body, EpisodeFinished | EpisodeFailed)
    }


class _Batches:
    """Collects telemetry and sends it when there is enough, or when it has waited long enough."""

    def __init__(self, log: LogHandle) -> None:
        self._log = log
        self._waiting: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, envelope: EventEnvelope) -> None:
        """Takes one event."""
        self._waiting.append(CODEC.pack(envelope))
        if len(self._waiting) >= _BATCH:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_BATCH_S, self.flush)

    async def written(self) -> None:
        """Sends what waits, and waits until it is in the log."""
        self.flush()
        await self._log.written()

    def flush(self) -> None:
        """Sends what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._log.append(self._waiting)
            self._waiting = []


RemoteOrchestratorActor = ray.remote(OrchestratorActor)
