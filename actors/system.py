"""The running system: starts the pool, solves tasks, stops.

driver ──Task──> world host      opens the worlds, judges the end; alone sees the whole task
   └─PublicTask─> orchestrator ──> web agents ──> world host
                       └──────────────┴──> budget tracker, plan cache, event log

with System.start(default_assembly()) as system:
    result = system.solve(Call(task=load_task("404"), budget=0.01), on_event=print)
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import ray
from pydantic import JsonValue

from actors.assembly import Assembly
from actors.episode_stream import EpisodeStream
from actors.event_log import read_log
from actors.folds import fold_episode
from actors.handles import last_line
from actors.journal import EventEnvelope
from actors.messages import (
    AskLedger,
    CloseWorld,
    Judged,
    JudgeEpisode,
    LedgerState,
    OpenWorld,
    SolveTask,
    WorldOpened,
    pack,
    unpack,
)
from actors.pool import Pool, RayConfig, start_ray
from core.budget import Enforcement, micros
from core.events import EpisodeFailed, EpisodeFinished
from core.tasks import AgentResponse, Task
from environment.judge.verdict import Verdict

__all__ = ["Call", "SolveResult", "System"]

_WORLD_S = 60.0
"""Seconds that opening or judging worlds may take."""
_LOOK_S = 1.0
"""Seconds that a look at a ledger may take."""

OnEvent = Callable[[EventEnvelope], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One task with its budget."""

    task: Task
    budget: float
    """Dollars: the limit B."""
    hard_cap: float | None = None
    """Dollars that the ledger enforces; `None`: the budget."""
    enforcement: Enforcement = Enforcement.ENFORCE
    seed: int = 0
    deadline_s: float = 120.0
    patience_s: float = 90.0
    """Seconds after the deadline in which an orchestrator must have come to its end: what runs is
    stopped then, and ledger and pages are closed."""
    site_notes: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    """Site name to what exploration and past plans taught about it."""
    is_judged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveResult:
    """How a task ended."""

    episode: str
    response: AgentResponse | None
    """`None`: the system lost the episode; `reason` says how."""
    reason: str
    spent: int
    """Micro-dollars settled."""
    budget: int
    """Micro-dollars: the limit B."""
    replans: int
    verdict: dict[str, JsonValue] | None
    """Plain data of an `environment.judge.Verdict`, with its `error` where the judge could not be
    asked; `None` when nobody judged: that was not wanted, or the episode was lost."""
    wall_s: float


class System:
    """A pool of actors on Ray, and the folder of their run."""

    def __init__(self, pool: Pool, folder: Path, closing: ExitStack) -> None:
        """Takes over running actors; `System.start` is the usual way."""
        self.pool = pool
        self.folder = folder
        self._closing = closing
        self._episodes = 0

    @classmethod
    def start(
        cls,
        assembly: Assembly,
        *,
        runs: Path = Path("runs"),
        run: str = "",
        config: RayConfig | None = None,
    ) -> Self:
        """Starts Ray where this process has none, and the actors.

        Args:
            assembly: What they are made of.
            runs: Folder in which each run gets a folder of its own.
            run: Name of the run; made from the time when empty. An existing run is continued.
            config: How Ray is reached or started.

        Raises:
            WorldError: An actor does not answer within the deadline.
        """
        chosen = config or RayConfig()
        folder = (runs / (run or _run_name())).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        _describe(folder, assembly, chosen)
        with ExitStack() as closing:
            closing.enter_context(start_ray(chosen))
            pool = Pool.start(assembly, folder, chosen)
            closing.callback(pool.stop)
            return cls(pool, folder, closing.pop_all())

    def solve(
        self, call: Call, *, episode: str = "", on_event: OnEvent | None = None
    ) -> SolveResult:
        """Solves one task. Whatever goes wrong inside is told by the result.

        Args:
            call: The task and its budget.
            episode: Its id, unique within the run; made up when empty. The id of an episode that
                was broken off takes it up again.
            on_event: Receives each event as it happens.
        """
        self._episodes += 1
        name = episode or f"{self.folder.name}.{self._episodes}"
        started = time.monotonic()
        try:
            last = self._played(name, call, on_event)
            verdict = self._judge(name, last) if call.is_judged else None
        except BaseException:  # the caller's listener, or an interrupt: nobody waits any more
            self.pool.orchestrator.cancel.remote(name, "nobody waits for it any more")
            raise
        finally:
            self.pool.world.close_world.remote(pack(CloseWorld(episode=name)))
        finished = last if isinstance(last, EpisodeFinished) else None
        return SolveResult(
            episode=name,
            response=None if finished is None else finished.response,
            reason=last.reason,
            spent=last.spent,
            budget=micros(call.budget),
            replans=0 if finished is None else finished.replans,
            verdict=verdict,
            wall_s=time.monotonic() - started,
        )

    def money(self, episode: str) -> LedgerState | None:
        """Returns how the ledger of a running episode stands; `None` before and after.

        For people who watch: nothing is decided on it.
        """
        message = pack(AskLedger(episode=episode))
        try:
            reply = ray.get(self.pool.budget.ask_ledger.remote(message), timeout=_LOOK_S)
        except (ray.exceptions.RayError, ray.exceptions.GetTimeoutError):
            return None
        return unpack(reply, LedgerState)

    def stop(self) -> None:
        """Stops the actors, and Ray if this system started it; stopping twice is allowed."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _played(
        self, episode: str, call: Call, on_event: OnEvent | None
    ) -> EpisodeFinished | EpisodeFailed:
        try:
            opened = self._open_world(episode, call.task)
        except ray.exceptions.RayError as error:
            reason = f"no world could be opened: {last_line(error)}"
            return EpisodeFailed(episode=episode, reason=reason, spent=0)
        return self._run(_message(episode, call, opened), call.patience_s, on_event)

    def _open_world(self, episode: str, task: Task) -> WorldOpened:
        message = pack(OpenWorld(episode=episode, task=task))
        return unpack(
            ray.get(self.pool.world.open_world.remote(message), timeout=_WORLD_S), WorldOpened
        )

    def _run(
        self, asked: SolveTask, patience_s: float, on_event: OnEvent | None
    ) -> EpisodeFinished | EpisodeFailed:
        """Follows the stream to its last event; a broken one is taken up again from the log."""
        until = time.monotonic() + asked.deadline_s + patience_s
        stream = EpisodeStream(self.pool.orchestrator, asked, until)
        while stream.is_worth_following:
            for envelope in stream.read():
                if on_event is not None:
                    on_event(envelope)
                if isinstance(envelope.body, EpisodeFinished | EpisodeFailed):
                    return envelope.body
        return EpisodeFailed(
            episode=asked.episode, reason=stream.broken, spent=self._authorised(asked.episode)
        )

    def _authorised(self, episode: str) -> int:
        """Returns what the ledger's log says is spent; what is still set aside counts in full."""
        money = fold_episode(read_log(self.folder, "budget"), episode).money
        return money.settled + money.open

    def _judge(
        self, episode: str, last: EpisodeFinished | EpisodeFailed
    ) -> dict[str, JsonValue] | None:
        if isinstance(last, EpisodeFailed):
            return None
        message = pack(JudgeEpisode(episode=episode, response=last.response))
        try:
            reply = ray.get(self.pool.world.judge.remote(message), timeout=_WORLD_S)
        except ray.exceptions.GetTimeoutError:
            return _undecided(f"the world host did not answer in {_WORLD_S:.0f} s")
        except ray.exceptions.RayError as error:
            return _undecided(last_line(error))
        return unpack(reply, Judged).verdict


def _undecided(reason: str) -> dict[str, JsonValue]:
    verdict = Verdict(official=None, official_status="error", strict=False, error=reason)
    plain: dict[str, JsonValue] = verdict.model_dump(mode="json")
    return plain


def _message(episode: str, call: Call, opened: WorldOpened) -> SolveTask:
    return SolveTask(
        episode=episode,
        task=call.task.public(opened.base_urls),
        budget=micros(call.budget),
        hard_cap=micros(call.budget if call.hard_cap is None else call.hard_cap),
        enforcement=call.enforcement,
        seed=call.seed,
        cookies=opened.cookies,
        site_notes=call.site_notes,
        deadline_s=call.deadline_s,
    )


def _run_name() -> str:
    return time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(2)


def _describe(folder: Path, assembly: Assembly, config: RayConfig) -> None:
    """Writes beside a run's log what the run was made of."""
    text = json.dumps(
        {
            "agents": [agent.id for agent in assembly.agents],
            "limits": asdict(assembly.limits),
            "max_nodes": assembly.max_nodes,
            "ray": {"version": ray.__version__, **asdict(config)},
        },
        indent=2,
    )
    (folder / "run.json").write_text(text + "\n", encoding="utf-8")
