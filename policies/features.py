"""Numbers that describe a candidate: lexical overlap, structure, history. One row of floats each.

Everything is in [0, 1] or a small signed number, computed from the view alone, and means the same
on every site. A trained scorer reads these rows; `prior` lets it start as the heuristic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.pages import Action, Click, Element, Fill
from policies.candidates import Candidate, argument_texts
from policies.items import control_meaning
from policies.text import coverage, likeness, words
from policies.thesaurus import field_words
from policies.view import AgentView

__all__ = ["FEATURES", "feature_rows"]

FEATURES: tuple[str, ...] = (
    "is_click",
    "is_fill",
    "is_select",
    "is_press",
    "is_goto",
    "is_back",
    "is_expand",
    "is_note",
    "is_answer",
    "is_stop",
    "is_link",
    "is_button",
    "is_field",
    "goal_overlap",
    "goal_in_heading",
    "best_argument",
    "argument_in_row",
    "label_fits_argument",
    "by_user",
    "in_row",
    "is_current",
    "is_pressed",
    "is_required",
    "is_filled",
    "is_control",
    "was_tried",
    "was_visited",
    "place_on_page",
    "steps_left",
    "budget_left",
    "prior",
)
"""Columns of a row, in order."""

_KINDS = ("click", "fill", "select", "press", "goto", "back", "expand", "note", "answer", "stop")
_FIELDS = frozenset({"textbox", "combobox", "checkbox", "radio"})


def feature_rows(
    view: AgentView, candidates: Sequence[Candidate], prior: Action | None = None
) -> list[tuple[float, ...]]:
    """Returns one row for each candidate.

    Args:
        view: What the agent sees.
        candidates: The possible actions.
        prior: What the heuristic would do; its candidate has 1 in the last column.
    """
    scope = _Scope(view)
    return [scope.row(candidate, float(candidate.action == prior)) for candidate in candidates]


class _Scope:
    """What the rows of one page share."""

    def __init__(self, view: AgentView) -> None:
        self.view = view
        self.elements = view.observation.elements
        self.goal = f"{view.node.subgoal.verb} {view.node.subgoal.object}"
        self.texts: Mapping[str, str] = argument_texts(view.arguments)
        self.tried = {repr(step.action) for step in view.history if step.url == self._url}
        self.visited = {step.url for step in view.history}
        self.rows = self._rows_with_arguments()
        self.steps_left = min(1.0, view.steps_left / max(1, view.node.step_cap))

    @property
    def _url(self) -> str:
        return self.view.observation.url

    def row(self, candidate: Candidate, prior: float) -> tuple[float, ...]:
        """Returns one candidate's columns."""
        action = candidate.action
        kinds = tuple(float(action.kind == kind) for kind in _KINDS)
        tail = (
            float(repr(action) in self.tried),
            self._visited(candidate),
            0.0
            if candidate.element is None
            else 1.0 - candidate.element / max(1, len(self.elements)),
            self.steps_left,
            self.view.budget_left,
            prior,
        )
        if candidate.element is None:
            return (*kinds, *(0.0,) * 15, *tail)
        element = self.elements[candidate.element]
        return (*kinds, *self._of_element(element, candidate), *tail)

    def _of_element(self, element: Element, candidate: Candidate) -> tuple[float, ...]:
        state = element.state
        return (
            float(element.role == "link"),
            float(element.role == "button"),
            float(element.role in _FIELDS),
            coverage(self.goal, element.name),
            coverage(self.goal, element.heading),
            max((likeness(text, element.name) for text in self.texts.values()), default=0.0),
            float(element.row in self.rows),
            self._label_fit(element, candidate),
            float(element.ugc),
            float(bool(element.row)),
            float("current" in state),
            float("pressed" in state),
            float("required" in state),
            float(bool(element.value)),
            float(bool(control_meaning(element.name)[0])),
        )

    def _label_fit(self, element: Element, candidate: Candidate) -> float:
        if not candidate.argument or not isinstance(candidate.action, Fill):
            return 0.0
        return max(likeness(word, element.name) for word in field_words(candidate.argument))

    def _visited(self, candidate: Candidate) -> float:
        action = candidate.action
        if isinstance(action, Click) and candidate.element is not None:
            href = self.elements[candidate.element].href
            return float(bool(href) and any(url.endswith(href) for url in self.visited))
        return 0.0

    def _rows_with_arguments(self) -> frozenset[str]:
        """Returns the rows in which an argument's words stand."""
        wanted = [frozenset(words(text)) for text in self.texts.values() if len(text) > 2]
        found = set()
        for element in self.elements:
            if element.row and element.row not in found:
                own = frozenset(words(element.name[:200]))
                if any(need and need <= own for need in wanted):
                    found.add(element.row)
        return frozenset(found)
