"""What solving a task leaves behind: every accepted oracle is run once on a fresh world.

Runs are in this process, with the in-process browser, and remembered per task. A task that wants an
answer only is not run: whatever it may do, it must leave nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.tasks import AgentResponse, Task, TaskType, WorldSpec
from environment.browsers.in_process import InProcessBrowser
from environment.judge.effects import Effect, State, effect_of
from environment.judge.official import expected_type
from environment.judge.writes import scope_of, sent, writes
from environment.lru import Lru
from environment.oracles.contract import Oracle, drive
from environment.oracles.solutions import SolutionsOf, solutions_of
from environment.transports import DirectTransport
from environment.world_host import WorldHost

__all__ = ["Reference", "References", "ids_made", "run_in_process"]

_KEPT_TASKS = 4_096
_KEPT_WORLDS = 16


@dataclass(frozen=True, slots=True)
class Reference:
    """What one accepted way of solving a task does."""

    effect: Effect
    scopes: frozenset[str]
    """The writes it sends."""


NOTHING = Reference(Effect(), frozenset())
"""What a task leaves that only asks."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that an episode's final state is compared with."""

    before: State
    """The fresh worlds."""
    references: tuple[Reference, ...]
    free: frozenset[str]


class References:
    """Remembers what solving leaves behind, task by task; the least recently used go first."""

    def __init__(self, solutions: SolutionsOf = solutions_of) -> None:
        """Makes an empty memory.

        Args:
            solutions: Finds a task's solutions.
        """
        self._solutions = solutions
        self._tasks: Lru[tuple[str, str], tuple[tuple[Reference, ...], frozenset[str]]] = Lru(
            _KEPT_TASKS
        )
        self._worlds: Lru[str, State] = Lru(_KEPT_WORLDS)

    def of(self, task: Task) -> Wanted:
        """Returns what the final state of a task's episode is compared with.

        Raises:
            UnknownTaskError: The task has to change something and no oracle is known.
            OracleLostError: An oracle does not find its way.
        """
        before = self._before(task.worlds)
        if expected_type(task) is not TaskType.MUTATE:
            return Wanted(before, (NOTHING,), frozenset())
        key = (task.key, _worlds_key(task.worlds))
        known = self._tasks.get(key)
        if known is None:
            solutions = self._solutions(task)
            known = (
                tuple(_run(task, oracle, before, solutions.free) for oracle in solutions.oracles),
                solutions.free,
            )
            self._tasks.put(key, known)
        return Wanted(before, *known)

    def _before(self, worlds: Mapping[str, WorldSpec]) -> State:
        key = _worlds_key(worlds)
        known = self._worlds.get(key)
        if known is None:
            host = WorldHost.open(worlds)
            known = host.tables()
            host.close()
            self._worlds.put(key, known)
        return known


def run_in_process(task: Task, oracle: Oracle, host: WorldHost) -> AgentResponse:
    """Runs an oracle on a world with the in-process browser.

    Args:
        task: The task; its user is signed in.
        oracle: Acts through pages only.
        host: The worlds of the task, which the run changes.

    Raises:
        OracleLostError: The oracle does not find its way.
    """
    public = task.public({site: host.base_url(site) for site in task.sites})
    browser = InProcessBrowser(DirectTransport(host))
    page = browser.open_now(
        public.start_urls[0], session=task.key, cookies=host.cookies_for(task.user)
    )
    try:
        return drive(oracle(public, page.observe_now()), page.act_now)
    finally:
        browser.end_session_now(task.key)


def ids_made(before: State, after: State) -> frozenset[str]:
    """Returns the ids, as text, of rows that are in a later state only."""
    made: set[str] = set()
    for site, tables in after.items():
        for name, rows in tables.items():
            old = before[site].get(name, ())
            if rows is not old and rows and "id" in rows[0]:
                # Rows stand in the order of their ids, and ids are never given twice.
                last = old[-1]["id"] if old else None
                ids = (row["id"] for row in reversed(rows))
                for id_ in ids:
                    if last is not None and isinstance(id_, int) and id_ <= int(last):
                        break
                    made.add(str(id_))
    return frozenset(made)


def _run(task: Task, oracle: Oracle, before: State, free: frozenset[str]) -> Reference:
    host = WorldHost.open(task.worlds, skin=task.skin)
    try:
        run_in_process(task, oracle, host)
        after = host.tables()
        sites = {host.base_url(site): site for site in task.worlds}
        requests = tuple(sent(host.trace(), sites))
        made = ids_made(before, after)
        return Reference(
            effect_of(before, after, free),
            frozenset(scope_of(write, made) for write in writes(requests)),
        )
    finally:
        host.close()


def _worlds_key(worlds: Mapping[str, WorldSpec]) -> str:
    return repr(sorted((site, repr(spec)) for site, spec in worlds.items()))
