"""A planner that knows its plans and a policy that knows its steps.

    ScriptedPolicy({"votes": (ClickOn("Post 3"), NoteText("votes", "([0-9]+) votes"), Done())})

A step is chosen by the number of steps taken before, so the policy needs no memory.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import PlanError
from core.pages import (
    Action,
    Answer,
    Back,
    Click,
    Expand,
    Fill,
    Goto,
    Note,
    Press,
    Select,
    Stop,
    Value,
)
from core.plans import Plan, PlanNode
from planner.requests import PlanRequest, ReplanRequest
from policies.view import AgentView, Choice

__all__ = [
    "ClickOn",
    "Do",
    "Done",
    "FillIn",
    "NoteText",
    "NoteUrl",
    "NoteValue",
    "ScriptedPlanner",
    "ScriptedPolicy",
    "Step",
    "answer_with",
    "sleeping",
]


@dataclass(frozen=True, slots=True)
class ClickOn:
    """Clicks the first link or button of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class FillIn:
    """Fills the first textbox of this name with an argument's value."""

    name: str
    argument: str


@dataclass(frozen=True, slots=True)
class NoteText:
    """Notes the first group of a pattern found in an element's name, as a number if it is one."""

    output: str
    pattern: str


@dataclass(frozen=True, slots=True)
class NoteUrl:
    """Notes the page's URL."""

    output: str


@dataclass(frozen=True, slots=True)
class NoteValue:
    """Notes a fixed value."""

    output: str
    value: str | int


@dataclass(frozen=True, slots=True)
class Do:
    """Does exactly this."""

    action: Goto | Back | Expand | Press | Select | Stop
    pause_s: float = 0.0
    """Thinking time before the choice, in seconds."""


@dataclass(frozen=True, slots=True)
class Done:
    """Answers."""


Step = ClickOn | FillIn | NoteText | NoteUrl | NoteValue | Do | Done


@dataclass(frozen=True, slots=True)
class ScriptedPolicy:
    """Implements `policies.view.ActionPolicy`."""

    scripts: Mapping[str, tuple[Step, ...]]
    """Object of the subgoal to the steps; after the last one the agent answers."""
    confidence: float = 1.0

    def choose_all(self, views: Sequence[AgentView]) -> list[Choice]:
        """Returns the next step of each view's script."""
        return [Choice(action=self._next(view), confidence=self.confidence) for view in views]

    def _next(self, view: AgentView) -> Action:
        script = self.scripts.get(view.node.subgoal.object)
        if script is None:
            return Stop(f"no script for {view.node.subgoal.object!r}")
        place = len(view.history)
        return _act(script[place], view) if place < len(script) else Answer()


@dataclass(frozen=True, slots=True)
class ScriptedPlanner:
    """Implements `planner.requests.Planner`."""

    plans: Mapping[str, Plan]
    """Intent to plan."""
    better: Mapping[str, Plan] = field(default_factory=dict)
    """Intent to the plan that a replan gives; none: give up."""

    def plan(self, request: PlanRequest) -> Plan:
        """Returns the plan of the task's intent.

        Raises:
            PlanError: There is none.
        """
        try:
            return self.plans[request.task.intent]
        except KeyError:
            raise PlanError(f"no plan for {request.task.intent!r}") from None

    def replan(self, request: ReplanRequest) -> Plan | None:
        """Returns the better plan of the task's intent."""
        return self.better.get(request.request.task.intent)


def answer_with(node: PlanNode, arguments: Mapping[str, Value]) -> dict[str, Value]:
    """A computation: `respond` answers with all arguments, `compute` adds the numbers up."""
    values = list(arguments.values())
    if node.outputs and node.outputs[0].name == "response":
        return {
            "response": {"task_type": "RETRIEVE", "status": "SUCCESS", "retrieved_data": values}
        }
    numbers = [value for value in values if isinstance(value, int | float)]
    return {output.name: sum(numbers) for output in node.outputs}


@dataclass(frozen=True, slots=True)
class sleeping:
    """The computation `answer_with`, after some time; sums hold the seconds that it really took."""

    seconds: float

    def __call__(self, node: PlanNode, arguments: Mapping[str, Value]) -> dict[str, Value]:
        """Sleeps, except for the answer, and computes."""
        if node.outputs[0].name == "response":
            return answer_with(node, arguments)
        started = time.perf_counter()
        time.sleep(self.seconds)
        return answer_with(node, {**arguments, "elapsed": time.perf_counter() - started})


def _act(step: Step, view: AgentView) -> Action:
    match step:
        case ClickOn():
            return _on(view, ("link", "button"), step.name, Click)
        case FillIn():
            text = str(view.arguments.get(step.argument, ""))
            return _on(view, ("textbox",), step.name, lambda place: Fill(place, text))
        case NoteText():
            return _note_text(step, view)
        case NoteUrl():
            return Note(step.output, view.observation.url)
        case NoteValue():
            return Note(step.output, step.value)
        case Do():
            if step.pause_s:
                time.sleep(step.pause_s)
            return step.action
        case Done():
            return Answer()


def _on(view: AgentView, roles: tuple[str, ...], name: str, act: Callable[[int], Action]) -> Action:
    for place, element in enumerate(view.observation.elements):
        if element.role in roles and element.name == name:
            return act(place)
    return Stop(f"not_found: nothing is called {name!r} on {view.observation.url}")


def _note_text(step: NoteText, view: AgentView) -> Action:
    for element in view.observation.elements:
        found = re.search(step.pattern, element.name)
        if found:
            text = found.group(1)
            return Note(step.output, int(text) if text.isdigit() else text)
    return Stop(f"not_found: {step.pattern!r} is not on {view.observation.url}")
