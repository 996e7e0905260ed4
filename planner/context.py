"""What a planner is told: task, page, steps so far, agents with prices and skills, money, method.

    always                 task, agents, money, method
    then, while it fits    the newest steps · the page's most useful half · notes about the sites ·
                           older steps · the rest of the page

Room is counted in our own unit, four UTF-8 bytes a token. What does not fit is left out and
`left_out` says so: who knows that a part is shown does not take it for the whole.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from pydantic import JsonValue

from core.budget import BudgetTracker
from core.errors import ConfigurationError
from core.pages import Observation, Value
from core.tasks import PublicTask
from planner.context_cards import (
    AgentCard,
    BudgetCard,
    PageCard,
    TaskCard,
    agent_card,
    budget_card,
    task_card,
)
from planner.prompts.manager import METHODS
from policies.profiles import DEFAULT_POOL, AgentProfile
from policies.rendering import render
from policies.tariff import Tariff
from policies.text import words

__all__ = ["ContextBuilder", "PlanningContext", "build_context"]

_BYTES_PER_TOKEN = 4
_NEWEST_STEPS = 4
"""Steps that are told before anything of the page is."""
_MAX_LINE = 600
"""Characters of one step, note or line of a page."""


class PlanningContext(TypedDict):
    """Everything a planner is told; plain data that JSON can carry."""

    task: TaskCard
    agents: list[AgentCard]
    budget: BudgetCard
    method: str
    max_nodes: int
    observation: PageCard | None
    trajectory: list[str]
    """Oldest first."""
    site_notes: list[str]
    left_out: list[str]
    """What did not fit, in words."""
    tokens: int
    """What all this takes, in our unit."""


@dataclass(slots=True)
class _Room:
    """Tokens that are left."""

    left: int

    def takes(self, text: str) -> bool:
        """Takes room for a text, if there is as much."""
        cost = _tokens(text) + 1
        if cost > self.left:
            return False
        self.left -= cost
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A page as lines."""

    url: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextBuilder:
    """Builds contexts of one size for one pool of agents."""

    max_tokens: int = 6_000
    agents: tuple[AgentProfile, ...] = DEFAULT_POOL
    max_nodes: int = 12
    tariff: Tariff = field(default_factory=Tariff)

    def __post_init__(self) -> None:
        if self.max_tokens < 1 or self.max_nodes < 1 or not self.agents:
            raise ConfigurationError(
                f"a context needs tokens, nodes and agents, not {self.max_tokens}, "
                f"{self.max_nodes}, {len(self.agents)}"
            )

    def build(
        self,
        task: PublicTask | Mapping[str, JsonValue],
        *,
        observation: Observation | Mapping[str, JsonValue] | str | None = None,
        trajectory: Sequence[JsonValue] = (),
        budget: BudgetTracker | int | None = None,
        method: str = "",
        site_notes: Mapping[str, Mapping[str, Value]] | None = None,
    ) -> PlanningContext:
        """Returns what a planner is told.

        Args:
            task: A public task, or a record with `intent` and `sites`; only what agents may know
                is taken from it.
            observation: The page now: as observed, as a record (`url`, `title`, `text`), or text.
            trajectory: Steps so far, oldest first: texts or records.
            budget: A ledger, or micro-dollars that are left; `None`: nothing is told.
            method: `p3o`, `ppo_lagrangian`, `macpo` or empty.
            site_notes: Site name to what is known about it.

        Raises:
            ConfigurationError: The task has no intent, or the method is unknown.
        """
        if method and method not in METHODS:
            raise ConfigurationError(f"no method is called {method!r}; there are {list(METHODS)}")
        context = PlanningContext(
            task=task_card(task),
            agents=[agent_card(agent, self.tariff) for agent in self.agents],
            budget=budget_card(budget),
            method=method,
            max_nodes=self.max_nodes,
            observation=None,
            trajectory=[],
            site_notes=[],
            left_out=[],
            tokens=0,
        )
        always = _tokens(json.dumps(context, ensure_ascii=False))
        room = _Room(max(0, self.max_tokens - always))
        _fill(
            context,
            room,
            page=_page(observation),
            steps=[_line(step) for step in trajectory],
            notes=_notes(site_notes or {}),
        )
        context["tokens"] = always + max(0, self.max_tokens - always) - room.left
        return context


def build_context(
    task: PublicTask | Mapping[str, JsonValue],
    current_observation: Observation | Mapping[str, JsonValue] | str | None = None,
    trajectory: Sequence[JsonValue] = (),
    budget_tracker: BudgetTracker | None = None,
    method: str = "",
) -> PlanningContext:
    """Returns what a planner is told, with the default pool of agents and the default size.

    Example:
        >>> context = build_context({"intent": "Subscribe to books", "sites": ["reddit"]})
        >>> context["task"]["intent"], context["left_out"]
        ('Subscribe to books', [])
    """
    return ContextBuilder().build(
        task,
        observation=current_observation,
        trajectory=trajectory,
        budget=budget_tracker,
        method=method,
    )


def _fill(
    context: PlanningContext,
    room: _Room,
    *,
    page: _Page | None,
    steps: Sequence[str],
    notes: Sequence[str],
) -> None:
    """Adds what fits, most useful first."""
    told = _newest_that_fit(steps[-_NEWEST_STEPS:], room)
    shown: set[int] = set()
    order: list[int] = []
    if page is not None and room.takes(f"{page.url} {page.title}"):
        order = _by_use(page.lines, context["task"]["intent"])
        half = _Room(room.left // 2)
        _show(page, order, half, shown)
        room.left -= room.left // 2 - half.left
    context["site_notes"] = [note for note in notes if room.takes(note)]
    if len(told) == min(len(steps), _NEWEST_STEPS):
        told = [*_newest_that_fit(steps[:-_NEWEST_STEPS], room), *told]
    if page is not None and order:
        _show(page, order, room, shown)
        context["observation"] = PageCard(
            url=page.url,
            title=page.title,
            text="\n".join(page.lines[index] for index in sorted(shown)),
        )
    context["trajectory"] = told
    context["left_out"] = _left_out(
        {
            "steps": (len(told), len(steps)),
            "lines of the page": (len(shown), len(page.lines) if page is not None else 0),
            "notes about the sites": (len(context["site_notes"]), len(notes)),
        }
    )


def _newest_that_fit(steps: Sequence[str], room: _Room) -> list[str]:
    kept: list[str] = []
    for step in reversed(steps):
        if not room.takes(step):
            break
        kept.insert(0, step)
    return kept


def _show(page: _Page, order: Sequence[int], room: _Room, shown: set[int]) -> None:
    for index in order:
        if index not in shown and room.takes(page.lines[index]):
            shown.add(index)


def _by_use(lines: Sequence[str], intent: str) -> list[int]:
    """Returns line numbers, those that share words with the intent first, else in page order."""
    wanted = frozenset(words(intent))

    def use(index: int) -> float:
        own = words(lines[index])
        return -len(wanted.intersection(own)) / math.sqrt(1 + len(own))

    return sorted(range(len(lines)), key=use)


def _left_out(counts: Mapping[str, tuple[int, int]]) -> list[str]:
    return [
        f"{total - told} of {total} {what}"
        for what, (told, total) in counts.items()
        if told < total
    ]


def _page(observation: Observation | Mapping[str, JsonValue] | str | None) -> _Page | None:
    if observation is None:
        return None
    if isinstance(observation, Observation):
        lines = render(observation, range(len(observation.elements))).splitlines()
        return _Page(url=observation.url, title=observation.title, lines=_cut(lines))
    if isinstance(observation, str):
        return _Page(url="the page", title="", lines=_cut(observation.splitlines()))
    text = observation.get("text")
    said = text if isinstance(text, str) else json.dumps(dict(observation), ensure_ascii=False)
    return _Page(
        url=str(observation.get("url", "the page")),
        title=str(observation.get("title", "")),
        lines=_cut(said.splitlines()),
    )


def _cut(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line[:_MAX_LINE] for line in lines if line.strip())


def _notes(site_notes: Mapping[str, Mapping[str, Value]]) -> list[str]:
    return [
        f"{site}: {name} = {json.dumps(value, ensure_ascii=False)}"[:_MAX_LINE]
        for site, notes in site_notes.items()
        for name, value in notes.items()
    ]


def _line(step: JsonValue) -> str:
    said = step if isinstance(step, str) else json.dumps(step, ensure_ascii=False, default=str)
    return " ".join(said.split())[:_MAX_LINE]


def _tokens(text: str) -> int:
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)
