"""What solving a task leaves behind: every accepted oracle is run once on a fresh world.

Runs are in this process, with the in-process browser, and remembered per task. A task that wants an
answer only is not run: whatever it may do, it must leave nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.tasks import AgentResponse, Task, TaskType, WorldSpec
from environment.browsers.in_process import InProcessBrowser
from environment.judge.effects import Effect, effect_of, ids_made
from environment.judge.official import expected_type
from environment.judge.rules import rules_of
from environment.judge.writes import scope_of, sent, writes
from environment.lru import Lru
from environment.oracles.contract import Oracle, drive
from environment.oracles.solutions import SolutionsOf, solutions_of
from environment.sites.registry import site_named
from environment.transports import DirectTransport
from environment.world_host import WorldHost

__all__ = ["NOTHING", "Reference", "References", "Wanted", "run_in_process"]

_KEPT_TASKS = 4_096


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

    references: tuple[Reference, ...]
    free: frozenset[str]
    """Columns that are not compared."""


class References:
    """Remembers what solving leaves behind, task by task; the least recently used go first."""

    def __init__(self, solutions: SolutionsOf = solutions_of) -> None:
        """Makes an empty memory.

        Args:
            solutions: Finds a task's solutions.
        """
        self._solutions = solutions
        self._tasks: Lru[tuple[str, str], Wanted] = Lru(_KEPT_TASKS)
        self._passwords: Lru[str, frozenset[str]] = Lru(_KEPT_TASKS)

    def of(self, task: Task) -> Wanted:
        """Returns what the final state of a task's episode is compared with.

        Raises:
            UnknownTaskError: The task has to change something and no oracle is known.
            OracleLostError: An oracle does not find its way.
        """
        if expected_type(task) is not TaskType.MUTATE:
            return Wanted((NOTHING,), frozenset())
        key = (task.key, _worlds_key(task.worlds))
        known = self._tasks.get(key)
        if known is None:
            solutions = self._solutions(task)
            runs = tuple(_run(task, oracle, solutions.free) for oracle in solutions.oracles)
            known = Wanted(runs, solutions.free)
            self._tasks.put(key, known)
        return known

    def passwords_of(self, task: Task) -> frozenset[str]:
        """Returns the passwords of the users who are signed in during a task."""
        key = f"{task.user} {_worlds_key(task.worlds)}"
        known = self._passwords.get(key)
        if known is None:
            known = _passwords(task)
            self._passwords.put(key, known)
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


def _run(task: Task, oracle: Oracle, free: frozenset[str]) -> Reference:
    host = WorldHost.open(task.worlds, skin=task.skin)
    try:
        run_in_process(task, oracle, host)
        changes = host.changes()
        urls = {site: host.base_url(site) for site in task.worlds}
        requests = tuple(sent(host.trace(), urls))
        made = ids_made(changes)
        return Reference(
            effect_of(changes, base_urls=urls, free=free),
            frozenset(scope_of(write, made) for write in writes(requests)),
        )
    finally:
        host.close()


def _passwords(task: Task) -> frozenset[str]:
    host = WorldHost.open(task.worlds)
    try:
        tables = host.tables()
    finally:
        host.close()
    found: set[str] = set()
    for site in task.worlds:
        where = rules_of(site).passwords
        if where is not None:
            user = (task.user or site_named(site).default_user).casefold()
            rows = tables[site].get(where.table, ())
            found.update(
                str(r[where.password]) for r in rows if str(r[where.name]).casefold() == user
            )
    return frozenset(found)


def _worlds_key(worlds: Mapping[str, WorldSpec]) -> str:
    return repr(sorted((site, repr(spec)) for site, spec in worlds.items()))
