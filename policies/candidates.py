"""What an agent could do now: every action that the page and the node's arguments offer.

A policy chooses among these. Values to note and pages to open that are not linked are proposed by
whoever reasons about the subgoal (`policies/heuristic`), not enumerated here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.pages import (
    Action,
    Answer,
    Back,
    Click,
    Element,
    Expand,
    Fill,
    Goto,
    Press,
    Select,
    Value,
)
from core.plans import EffortTier
from policies.text import likeness
from policies.view import AgentView

__all__ = ["MAX_CANDIDATES", "Candidate", "argument_texts", "candidates"]

MAX_CANDIDATES = 2_000
_CLICKED = frozenset({"link", "button", "checkbox", "radio"})
_MAX_OPTIONS = 3
"""Options of one combobox that are worth considering for one argument."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible action."""

    action: Action
    element: int | None = None
    """The element acted on."""
    argument: str = ""
    """Name of the node's argument whose value it uses."""


def candidates(view: AgentView) -> list[Candidate]:
    """Returns the possible actions, elements in page order first; never empty.

    Args:
        view: Only its shown elements are considered.
    """
    found = list(_on_elements(view))[:MAX_CANDIDATES]
    found += [
        Candidate(Goto(str(value)), argument=name)
        for name, value in view.arguments.items()
        if isinstance(value, str) and urlsplit(value).scheme in ("http", "https")
    ]
    if view.history:
        found.append(Candidate(Back()))
    if view.node.tier is not EffortTier.RULES:
        found.append(Candidate(Expand()))
    found.append(Candidate(Answer()))
    return found


def argument_texts(arguments: Mapping[str, Value]) -> dict[str, str]:
    """Returns the arguments that can be typed: texts, and numbers as text."""
    return {
        name: str(value)
        for name, value in arguments.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def _on_elements(view: AgentView) -> Iterator[Candidate]:
    texts = argument_texts(view.arguments)
    elements = view.observation.elements
    for index in view.shown:
        element = elements[index]
        if "disabled" in element.state:
            continue
        if element.role in _CLICKED:
            yield Candidate(Click(index), index)
        elif element.role == "textbox":
            for name, text in texts.items():
                yield Candidate(Fill(index, text), index, name)
            if element.value:
                yield Candidate(Press(index), index)
        elif element.role == "combobox":
            yield from _options(index, element, texts)


def _options(index: int, element: Element, texts: Mapping[str, str]) -> Iterator[Candidate]:
    for name, text in texts.items():
        scored = [(likeness(text, option), option) for option in element.options]
        scored.sort(key=lambda pair: -pair[0])
        for score, option in scored[:_MAX_OPTIONS]:
            if score > 0.3:
                yield Candidate(Select(index, option), index, name)
