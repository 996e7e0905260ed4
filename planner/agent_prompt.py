"""What the `act` prompt says about a view: bounded, and with everything from pages to be fenced."""

from __future__ import annotations

import json
from dataclasses import dataclass

from core.pages import Action, Expand, Value
from core.plans import Postcondition
from policies.rendering import most_useful, render
from policies.view import AgentView, PastStep

__all__ = ["ShownPage", "prompt_values", "shown_page"]

_MAX_ARGUMENT = 2_000
"""Characters of one value of the plan."""
_MAX_ARGUMENTS = 20
_MAX_NOTE = 300
_LAST_STEPS = 12
_MAX_STEP = 240
_MAX_DOUBLINGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPage:
    """What a model is shown of a page."""

    shown: tuple[int, ...]
    text: str
    left_out: int
    """Elements of the page that are not shown."""


def shown_page(view: AgentView, max_tokens: int) -> ShownPage:
    """Returns the most useful part of what the tier shows that fits.

    Args:
        view: What the agent sees.
        max_tokens: Room for it, in our unit; doubled by each `expand` on this page.
    """
    room = max_tokens * 2 ** min(_expansions(view), _MAX_DOUBLINGS)
    observation = view.observation
    shown = most_useful(observation, view.shown, view.node, view.arguments, room)
    return ShownPage(
        shown=shown,
        text=render(observation, shown),
        left_out=len(observation.elements) - len(shown),
    )


def prompt_values(view: AgentView, page: ShownPage) -> dict[str, object]:
    """Returns the variables of the `act` prompt."""
    node = view.node
    arguments = list(view.arguments.items())[:_MAX_ARGUMENTS]
    return {
        "verb": node.subgoal.verb.value,
        "object": node.subgoal.object,
        "arguments": {name: _spelled(value, _MAX_ARGUMENT) for name, value in arguments},
        "outputs": [f"{output.name} ({output.type.value})" for output in node.outputs],
        "expect": _expected(node.postcondition),
        "steps_left": view.steps_left,
        "budget_left": view.budget_left,
        "noted": [f"{name}: {_spelled(value, _MAX_NOTE)}" for name, value in view.notes.items()],
        "history": [_told(step) for step in view.history[-_LAST_STEPS:]],
        "page": page.text,
        "url": view.observation.url,
        "left_out": page.left_out,
    }


def _expansions(view: AgentView) -> int:
    """Returns how often more of this page was asked for since it was loaded."""
    count = 0
    for step in reversed(view.history):
        if step.url != view.observation.url:
            break
        count += isinstance(step.action, Expand)
    return count


def _expected(wanted: Postcondition | None) -> str:
    return "" if wanted is None else f"{wanted.kind} {wanted.argument}"


def _told(step: PastStep) -> str:
    problem = f" ! {step.problem}" if step.problem else ""
    said = f"{step.action.kind} {step.label}{_with(step.action)} on {step.url[:120]}{problem}"
    return " ".join(said.split())[:_MAX_STEP]


def _with(action: Action) -> str:
    for name in ("text", "option", "url", "name", "reason"):
        value = getattr(action, name, None)
        if isinstance(value, str):
            return f" {value[:80]!r}"
    return ""


def _spelled(value: Value, limit: int) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[:limit] + "..."
