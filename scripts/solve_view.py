"""One episode as a person sees it in the terminal: plan, agents, money, verdict.

`EpisodeBoard` is a fold of the episode's events; drawing it is a pure function of what was folded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import singledispatchmethod

import networkx as nx
from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from core.budget import dollars
from core.events import (
    ActionTaken,
    AgentLost,
    EpisodeFailed,
    EpisodeFinished,
    EpisodeStarted,
    Event,
    ModelCalled,
    PageObserved,
    PlanLookedUp,
    PlanMade,
    Replanned,
    SubtaskFailed,
    SubtaskStarted,
    SubtaskSucceeded,
)
from core.plans import Plan, PlanGraph, PlanNode
from core.tasks import ResponseStatus
from environment.judge.verdict import Verdict

__all__ = ["EpisodeBoard", "ModelUse"]

_ICONS = {
    "waiting": ("○", "dim"),
    "running": ("●", "yellow"),
    "done": ("✔", "green"),
    "failed": ("✘", "red"),
}
_RECENT = 5
_WIDTH = 46


@dataclass(slots=True)
class _NodeLine:
    state: str = "waiting"
    agent: str = ""
    steps: int = 0
    spent: int = 0
    note: str = ""


@dataclass(slots=True)
class ModelUse:
    """What language models were asked and what that cost."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    spent: int = 0
    """Micro-dollars."""
    problem: str = ""
    """The last one; empty when every call had its reply."""

    def take(self, event: ModelCalled) -> None:
        """Takes in one call."""
        self.calls += 1
        self.input_tokens += event.input_tokens
        self.output_tokens += event.output_tokens
        self.spent += event.spent
        self.problem = event.problem or self.problem

    def add(self, other: ModelUse) -> None:
        """Takes in the calls of another episode."""
        self.calls += other.calls
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.spent += other.spent
        self.problem = other.problem or self.problem

    def told(self) -> str:
        """Returns one line about it."""
        calls = f"{self.calls} call{'' if self.calls == 1 else 's'}"
        tokens = f"{self.input_tokens:,} tokens in, {self.output_tokens:,} out"
        problem = f"; last problem: {self.problem}" if self.problem else ""
        return f"model: {calls}, {tokens}, {dollars(self.spent)}{problem}"


@dataclass(slots=True)
class EpisodeBoard:
    """What is known of an episode so far."""

    title: str
    intent: str = ""
    budget: int = 0
    hard_cap: int = 0
    plan: Plan | None = None
    nodes: dict[int, _NodeLine] = field(default_factory=dict)
    recent: list[str] = field(default_factory=list)
    turns: list[str] = field(default_factory=list)
    """What changed the course: replans and lost agents; shown to the end."""
    reserved: int = 0
    """Micro-dollars set aside; the ledger's owner tells, see `take_money`."""
    spent: int = 0
    replans: int = 0
    ending: str = ""
    reason: str = ""
    """Why there is no better answer; empty when the task was answered."""
    verdict: Verdict | None = None
    model: ModelUse = field(default_factory=ModelUse)

    @singledispatchmethod
    def apply(self, event: Event) -> None:
        """Takes in one event; kinds that are not shown change nothing."""

    @apply.register
    def _(self, event: EpisodeStarted) -> None:
        self.intent, self.budget, self.hard_cap = event.intent, event.budget, event.hard_cap

    @apply.register
    def _(self, event: PlanLookedUp) -> None:
        self._say(f"cache: {'hit' if event.hit else escape(event.reason)}")

    @apply.register
    def _(self, event: PlanMade) -> None:
        self._take_plan(event.plan)

    @apply.register
    def _(self, event: Replanned) -> None:
        self.replans += 1
        self._take_plan(event.plan)
        self.turns.append(
            f"[magenta]{event.repair}[/magenta] after {event.trigger}: {escape(event.reason)}"
        )

    @apply.register
    def _(self, event: SubtaskStarted) -> None:
        line = self._line(event.node)
        line.state, line.agent, line.note = "running", event.agent, ""

    @apply.register
    def _(self, event: PageObserved) -> None:
        what = f"{short(event.title or event.url)} {event.problem}".rstrip()
        self._say(f"{event.agent} sees {escape(what)}")

    @apply.register
    def _(self, event: ActionTaken) -> None:
        self._line(event.node).steps = event.step
        what = " ".join(part for part in (event.action, event.label, repr_of(event.text)) if part)
        self._say(f"{event.agent} [cyan]{escape(what)}[/cyan]")

    @apply.register
    def _(self, event: ModelCalled) -> None:
        self.model.take(event)
        who = event.agent or "planner"
        what = escape(event.problem) or f"{event.output_tokens} tokens, {dollars(event.spent)}"
        self._say(f"{who} [magenta]asks {escape(event.model)}[/magenta]: {what}")

    @apply.register
    def _(self, event: SubtaskSucceeded) -> None:
        line = self._line(event.node)
        line.state, line.steps = "done", event.steps
        line.spent += event.spent
        line.note = ", ".join(
            f"{name}={short(value)}" for name, value in event.outputs.items() if name != "response"
        )

    @apply.register
    def _(self, event: SubtaskFailed) -> None:
        line = self._line(event.node)
        line.state, line.steps = "failed", event.steps
        line.spent += event.spent
        line.note = f"{event.failure}: {event.reason}"
        self._say(f"{event.agent} [red]failed node {event.node}[/red]: {escape(event.reason)}")

    @apply.register
    def _(self, event: AgentLost) -> None:
        self.turns.append(f"[red]{event.agent} is lost[/red]: {escape(event.reason)}")

    @apply.register
    def _(self, event: EpisodeFinished) -> None:
        self.spent, self.reserved = event.spent, 0
        data = event.response.retrieved_data
        answer = "" if data is None else f"  {short(data)}"
        self.ending = f"{event.response.task_type} {event.response.status}{answer}"
        if event.response.status is not ResponseStatus.SUCCESS and event.reason != "answered":
            self.reason = event.reason

    @apply.register
    def _(self, event: EpisodeFailed) -> None:
        self.ending = f"lost: {event.reason}"

    def take_money(self, *, spent: int, reserved: int) -> None:
        """Takes in how the ledger stands."""
        self.spent, self.reserved = spent, reserved

    def __rich__(self) -> RenderableType:
        """Draws the board."""
        parts: list[RenderableType] = [Text(self.intent, style="bold")]
        if self.plan is not None:
            parts.append(self._plan_table(self.plan))
        parts += [Text.from_markup(f"  {line}", overflow="ellipsis") for line in self.turns]
        if not self.ending:
            parts += [Text.from_markup(f"  {line}", overflow="ellipsis") for line in self.recent]
        parts.append(self._money())
        if self.model.calls:
            parts.append(Text(self.model.told(), style="dim", overflow="ellipsis", no_wrap=True))
        if self.ending:
            parts.append(Text(f"answer   {self.ending}"))
        if self.reason:
            parts.append(Text(f"because  {self.reason}", style="red"))
        if self.verdict is not None:
            parts.append(_verdict_line(self.verdict))
        return Panel(
            Group(*parts), title=self.title, title_align="left", border_style=self._colour()
        )

    def _colour(self) -> str:
        if self.verdict is None:
            return "blue"
        return "green" if self.verdict.strict else "red"

    def _take_plan(self, plan: Plan) -> None:
        self.plan = plan
        self.nodes = {node.id: self.nodes.get(node.id, _NodeLine()) for node in plan.nodes}

    def _line(self, node: int) -> _NodeLine:
        return self.nodes.setdefault(node, _NodeLine())

    def _say(self, line: str) -> None:
        self.recent = [*self.recent, line][-_RECENT:]

    def _plan_table(self, plan: Plan) -> Table:
        table = Table(box=None, padding=(0, 1), header_style="dim", expand=True)
        table.add_column(f"plan by {plan.origin}", overflow="ellipsis", no_wrap=True, ratio=5)
        table.add_column("agent", no_wrap=True, width=10)
        table.add_column("cost", no_wrap=True, width=9, justify="right")
        table.add_column("values", overflow="ellipsis", no_wrap=True, ratio=4)
        for node, stem in _drawn(plan):
            line = self._line(node.id)
            icon, style = _ICONS[line.state]
            table.add_row(
                Text(f"{icon} {stem}", style=style),
                line.agent or node.agent,
                dollars(line.spent) if line.spent else "",
                Text(line.note, style="red" if line.state == "failed" else "dim"),
            )
        return table

    def _money(self) -> RenderableType:
        cap = max(self.hard_cap, 1)
        told = f"spent {dollars(self.spent)} + reserved {dollars(self.reserved)}"
        told += f" of {dollars(self.budget)}"
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True, min_width=8)
        grid.add_column(max_width=20)
        grid.add_column(no_wrap=True, min_width=len(told))
        bar = ProgressBar(total=cap, completed=min(self.spent + self.reserved, cap))
        grid.add_row("budget", bar, told)
        return grid


def short(value: JsonValue) -> str:
    """Returns a value as short text."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def repr_of(text: str) -> str:
    """Returns quoted short text, nothing for nothing."""
    return f'"{short(text)}"' if text else ""


def _drawn(plan: Plan) -> list[tuple[PlanNode, str]]:
    """Returns nodes in the order of their generation, each with its line of the DAG.

    What a node waits for stands before its words: a narrow terminal cuts the end of a line.
    """
    graph = PlanGraph(plan).graph
    lines = []
    for depth, generation in enumerate(nx.topological_generations(graph)):
        for node_id in sorted(generation):
            node = plan.node(node_id)
            waits = ",".join(str(before) for before in sorted(graph.predecessors(node_id)))
            arrow = f" ← {waits}" if waits else ""
            words = f"{node.subgoal.verb} {node.subgoal.object}"
            lines.append((node, f"{'  ' * depth}{node_id}{arrow} {words}"))
    return lines


def _verdict_line(verdict: Verdict) -> Text:
    official = "none" if verdict.official is None else f"{verdict.official:.1f}"
    line = Text.assemble(
        f"verdict  official {official} ", _mark(verdict.official == 1.0), "   strict "
    )
    line.append(_mark(verdict.strict))
    if verdict.error:
        line.append(f"   the judge could not decide: {verdict.error}", style="red")
    elif verdict.reasons and not verdict.strict:
        line.append(f"   {verdict.reasons[0]}", style="dim")
    if verdict.violations:
        line.append(f"   {len(verdict.violations)} violations", style="red")
    return line


def _mark(good: bool) -> Text:
    return Text("✔", style="green") if good else Text("✘", style="red")
