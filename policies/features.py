"""Numbers that describe an option: lexical overlap, structure, history, money. One row each.

Everything is in [0, 1] or a small signed number, computed from what the agent is shown, and means
the same on every site. A trained scorer reads these rows; `prior` lets it start as the heuristic.

Legend for shapes: C options, F columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from core.pages import Action, Click, Element, Fill, Goto, Note, Select
from core.plans import EffortTier
from policies.candidates import Candidate, argument_texts
from policies.items import control_meaning, path_parts
from policies.tariff import Tariff
from policies.text import coverage, likeness, words
from policies.thesaurus import field_words
from policies.tiers import TIERS
from policies.view import AgentView

__all__ = ["FEATURES", "LOG_PRIOR", "feature_rows"]

Floats = npt.NDArray[np.float32]

_KINDS = ("click", "fill", "select", "press", "goto", "back", "expand", "note", "answer", "stop")
_OF_ELEMENT = (
    "is_link",
    "is_button",
    "is_field",
    "by_user",
    "in_row",
    "is_current",
    "is_pressed",
    "is_required",
    "is_invalid",
    "is_filled",
    "is_control",
)
_OF_WORDS = (
    "goal_overlap",
    "goal_in_heading",
    "best_argument",
    "exact_argument",
    "argument_in_name",
    "argument_in_href",
)
_OF_OPTION = (
    "argument_in_row",
    "label_fits_argument",
    "is_done_already",
    "option_fits",
    "place_on_page",
    "row_place",
    "is_ranked_row",
    "same_row_as_last",
    "was_tried",
    "was_visited",
    "is_new_note",
    "price",
)
_OF_PAGE = (
    "shown_share",
    "is_all_shown",
    "expanded",
    "page_refused",
    "page_complains",
    "is_all_noted",
    "noted_share",
    "has_history",
    "steps_left",
    "budget_left",
    "funds_known",
    "funds_left",
    "at_top_k",
    "at_full_page",
    "at_second_look",
)
_COMPARED = ("is_best_argument", "is_best_goal", "is_best_label")

FEATURES: tuple[str, ...] = (
    *(f"is_{kind}" for kind in _KINDS),
    *_OF_ELEMENT,
    *_OF_WORDS,
    *_OF_OPTION,
    *_OF_PAGE,
    *_COMPARED,
    "prior",
)
"""Columns of a row, in order."""

LOG_PRIOR = 4.0
"""How much likelier than any other the marked option is at first, in natural logarithms: about four
in five among fifteen."""
_FIELDS = frozenset({"textbox", "combobox", "checkbox", "radio"})
_KIND_ROWS = {kind: tuple(float(one == kind) for one in _KINDS) for kind in _KINDS}
_NO_ELEMENT = (0.0,) * (len(_OF_ELEMENT) + len(_OF_WORDS))
_FIRST_WORDS = len(_KINDS) + len(_OF_ELEMENT)
_TOKENS_PER_ELEMENT = 14
"""Rendered tokens of a usual element, for prices that are guessed before the page is seen."""
_ELEMENTS_PER_PAGE = 150
_TARIFF = Tariff()
_DEAREST = 2.0
"""Prices are shares of the money that is left, and cut here."""


def feature_rows(
    view: AgentView, options: Sequence[Candidate], prior: Action | None = None
) -> Floats:
    """Returns one row for each option, [C, F].

    Args:
        view: What the agent sees.
        options: The possible actions.
        prior: What the heuristic would do; its option has `LOG_PRIOR` in the last column.
    """
    scope = _Scope(view)
    rows = np.array([scope.row(option) for option in options], dtype=np.float32)
    page = np.tile(np.array(scope.of_page(), dtype=np.float32), (len(options), 1))
    last = np.array([[LOG_PRIOR * (one.action == prior)] for one in options], dtype=np.float32)
    return np.concatenate([rows, page, _compared(rows), last], axis=1)


def _compared(rows: Floats) -> Floats:
    """Returns which options are the best of the page in a column, where the best is any good."""
    columns = rows[:, [_BEST_ARGUMENT, _GOAL_OVERLAP, _LABEL_FIT]]
    best = (columns >= columns.max(axis=0) - 1e-6) & (columns > 0.3)
    return np.asarray(best, dtype=np.float32)


class _Scope:
    """What the rows of one choice share."""

    def __init__(self, view: AgentView) -> None:
        self.view = view
        self.elements = view.observation.elements
        self.goal = f"{view.node.subgoal.verb} {view.node.subgoal.object}"
        self.texts = argument_texts(view.arguments)
        self.values = tuple(self.texts.values())
        url = view.observation.url
        self.tried = {
            step.action
            for step in view.history
            if step.url == url and not isinstance(step.action, Note)  # values may be lists
        }
        self.visited = {step.url for step in view.history}
        self.rows = self._places_of_rows()
        self.rows_with_arguments = self._rows_with_arguments()
        self.last_row = view.history[-1].label.partition(" @")[2] if view.history else ""
        self.rank = self._rank()
        self.prices: dict[str, float] = {}

    def row(self, option: Candidate) -> tuple[float, ...]:
        """Returns one option's own columns."""
        kinds = _KIND_ROWS[option.action.kind]
        if option.element is None:
            return (*kinds, *_NO_ELEMENT, *self._of_option(option, None))
        element = self.elements[option.element]
        return (
            *kinds,
            *_of_element(element),
            *_of_words(element, self.goal, self.values),
            *self._of_option(option, element),
        )

    def of_page(self) -> tuple[float, ...]:
        """Returns the columns that all options share."""
        view, page = self.view, self.view.observation
        outputs = len(view.node.outputs)
        noted = len(view.notes)
        funds = view.funds
        return (
            len(view.shown) / max(1, len(self.elements)),
            float(len(view.shown) >= len(self.elements)),
            min(1.0, view.expanded / 4),
            float(page.status >= 400),
            float(bool(page.problem)),
            float(noted >= outputs),
            noted / max(1, outputs),
            float(bool(view.history)),
            min(1.0, view.steps_left / max(1, view.node.step_cap)),
            view.budget_left,
            float(funds.budget > 0),
            min(1.0, funds.left / funds.budget) if funds.budget else 0.0,
            float(view.node.tier is EffortTier.TOP_K),
            float(view.node.tier is EffortTier.FULL_PAGE),
            float(view.node.tier is EffortTier.SECOND_LOOK),
        )

    def _of_option(self, option: Candidate, element: Element | None) -> tuple[float, ...]:
        action = option.action
        place = 0.0 if option.element is None else 1.0 - option.element / len(self.elements)
        row = "" if element is None else element.row
        ordinal = self.rows.get(row, 0) if row else 0
        return (
            float(bool(row) and row in self.rows_with_arguments),
            self._label_fit(option, element),
            float(_is_done(action, element)),
            likeness(self.texts.get(option.argument, ""), action.option)
            if isinstance(action, Select)
            else 0.0,
            place,
            ordinal / max(1, len(self.rows)),
            float(bool(ordinal) and ordinal == self.rank),
            float(bool(row) and row == self.last_row),
            float(not isinstance(action, Note) and action in self.tried),
            self._visited(action, element),
            float(isinstance(action, Note) and self.view.notes.get(action.name) != action.value),
            self._price(action.kind),
        )

    def _label_fit(self, option: Candidate, element: Element | None) -> float:
        if element is None or not isinstance(option.action, Fill | Select) or not option.argument:
            return 0.0
        return _label_fit(option.argument, element.name)

    def _visited(self, action: Action, element: Element | None) -> float:
        if isinstance(action, Click) and element is not None and element.href:
            return float(any(url.endswith(element.href) for url in self.visited))
        return float(isinstance(action, Goto) and self._is_here_or_visited(action.url))

    def _is_here_or_visited(self, url: str) -> bool:
        url = url.rstrip("/")
        return any(url == one.rstrip("/") for one in (self.view.observation.url, *self.visited))

    def _price(self, kind: str) -> float:
        """Returns what a kind of action may cost, as a share of the money that is left."""
        known = self.prices.get(kind)
        if known is None:
            known = self.prices[kind] = self._guessed_price(kind)
        return known

    def _guessed_price(self, kind: str) -> float:
        view = self.view
        if not view.funds.budget:
            return 0.0
        shown = 0
        if kind == "expand":
            factor = TIERS[view.node.tier].expand_factor
            shown = min(factor * len(view.shown), len(self.elements))
        elif kind not in ("note", "answer", "stop"):
            shown = min(TIERS[view.node.tier].max_elements, _ELEMENTS_PER_PAGE)
        tokens = _TOKENS_PER_ELEMENT * shown
        micros = _TARIFF.charge(view.node.tier, view.price_factor, tokens, kind)
        return min(_DEAREST, micros / max(1, view.funds.left))

    def _places_of_rows(self) -> dict[str, int]:
        """Returns row key to its place among the rows shown, from 1."""
        places: dict[str, int] = {}
        for index in self.view.shown:
            row = self.elements[index].row
            if row and row not in places:
                places[row] = len(places) + 1
        return places

    def _rows_with_arguments(self) -> frozenset[str]:
        """Returns the rows in which an argument's words are shown."""
        wanted = [frozenset(words(text)) for text in self.values if len(text) > 2]
        found: set[str] = set()
        if not wanted:
            return frozenset()
        for index in self.view.shown:
            element = self.elements[index]
            if element.row and element.row not in found:
                own = frozenset(words(element.name[:200]))
                if any(need and need <= own for need in wanted):
                    found.add(element.row)
        return frozenset(found)

    def _rank(self) -> int:
        value = self.view.arguments.get("rank", 1)
        return value if isinstance(value, int) and not isinstance(value, bool) else 1


@lru_cache(maxsize=32_768)
def _of_element(element: Element) -> tuple[float, ...]:
    state = element.state
    return (
        float(element.role == "link"),
        float(element.role == "button"),
        float(element.role in _FIELDS),
        float(element.ugc),
        float(bool(element.row)),
        float("current" in state),
        float("pressed" in state),
        float("required" in state),
        float("invalid" in state),
        float(bool(element.value)),
        float(bool(control_meaning(element.name)[0])),
    )


@lru_cache(maxsize=65_536)
def _of_words(element: Element, goal: str, values: tuple[str, ...]) -> tuple[float, ...]:
    name, alike, covered, in_href = element.name, 0.0, 0.0, 0.0
    parts = path_parts(element.href) if element.href.startswith("/") else ()
    for value in values:
        alike = max(alike, likeness(value, name))
        covered = max(covered, coverage(value, name))
        if parts:
            in_href = max(in_href, likeness(value, parts[-1]))
    return (
        coverage(goal, name),
        coverage(goal, element.heading),
        alike,
        float(alike >= 0.999),
        covered,
        in_href,
    )


@lru_cache(maxsize=16_384)
def _label_fit(argument: str, label: str) -> float:
    return max(likeness(word, label) for word in field_words(argument))


def _is_done(action: Action, element: Element | None) -> bool:
    """Returns whether a control holds already what would be put into it."""
    if element is None:
        return False
    if isinstance(action, Fill):
        return element.value == action.text
    return isinstance(action, Select) and element.value == action.option


_BEST_ARGUMENT = _FIRST_WORDS + _OF_WORDS.index("best_argument")
_GOAL_OVERLAP = _FIRST_WORDS + _OF_WORDS.index("goal_overlap")
_LABEL_FIT = _FIRST_WORDS + len(_OF_WORDS) + _OF_OPTION.index("label_fits_argument")
