"""What the heuristic works on: a view with its page read, and its past put into words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from urllib.parse import unquote, urljoin, urlsplit

from core.pages import Action, Click, Element, Fill, Goto, Note, Observation, Value
from policies.facts import page_fact
from policies.items import Item, items_of
from policies.text import fold
from policies.thesaurus import interface, kind_of
from policies.view import AgentView, PastStep

__all__ = ["Scene", "same_page"]

_CACHE_SIZE = 128
_items_cache: dict[int, tuple[Observation, list[Item]]] = {}


class Scene:
    """One decision: the page as things, the arguments, and what was done before."""

    def __init__(self, view: AgentView) -> None:
        self.view = view
        self.page = view.observation
        self.elements = view.observation.elements
        self.url = view.observation.url
        self.object = view.node.subgoal.object
        self.kind = kind_of(self.object)
        self.outputs = [output.name for output in view.node.outputs]

    # The page

    @cached_property
    def items(self) -> list[Item]:
        """The rows of which something is shown."""
        items = _remembered_items(self.page)
        if len(self.view.shown) == len(self.elements):
            return items
        shown = frozenset(self.view.shown)
        return [item for item in items if shown.intersection(item.ids)]

    def of_kind(self, kind: str) -> list[Item]:
        """Returns the rows of a kind; rows of no known kind when none has it."""
        found = [item for item in self.items if item.kind == kind]
        return found or [item for item in self.items if not item.kind]

    def shown(self, *roles: str) -> list[tuple[int, Element]]:
        """Returns shown elements of some roles with their ids, in page order."""
        return [
            (index, self.elements[index])
            for index in self.view.shown
            if self.elements[index].role in roles
        ]

    def link_named(self, meaning: str, *, in_rows: bool = False) -> int | None:
        """Returns the site's own link or button with a wording of this meaning."""
        wordings = interface(meaning)
        for index, element in self.shown("link", "button"):
            if element.ugc or (element.row and not in_rows):
                continue
            if _plain(element.name) in wordings:
                return index
        return None

    def fact(self, attribute: str) -> Value:
        """Returns an attribute of the page's subject, `None` when it is not shown."""
        return page_fact(self.page, self.items, self.kind, attribute)

    # The arguments

    def text(self, name: str) -> str:
        """Returns an argument as text, empty when there is none."""
        value = self.view.arguments.get(name)
        return "" if value is None or isinstance(value, bool | list | dict) else str(value)

    def number(self, name: str, otherwise: int) -> int:
        """Returns an argument as a whole number."""
        value = self.view.arguments.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value)
        return otherwise

    def flag(self, name: str) -> bool:
        """Returns whether an argument is true."""
        return self.view.arguments.get(name) is True

    def argument(self, name: str) -> Value:
        """Returns an argument as it is, `None` when there is none."""
        return self.view.arguments.get(name)

    # The past

    @property
    def history(self) -> Sequence[PastStep]:
        """Everything done in this subtask, oldest first."""
        return self.view.history

    @cached_property
    def moves(self) -> list[PastStep]:
        """The steps that reached the page, without notes."""
        return [step for step in self.view.history if step.action.kind not in ("note", "expand")]

    @property
    def last(self) -> PastStep | None:
        """The last step that reached the page."""
        return self.moves[-1] if self.moves else None

    def went_to(self, url: str) -> bool:
        """Returns whether a URL was opened on purpose in this subtask."""
        return any(
            isinstance(step.action, Goto) and same_page(step.action.url, url)
            for step in self.history
        )

    def clicked(self, meaning: str) -> int:
        """Returns how often something with a wording of this meaning was clicked."""
        wordings = interface(meaning)
        return sum(
            isinstance(step.action, Click) and _plain(_name_of(step.label)) in wordings
            for step in self.history
        )

    def has_done(self, action: Action) -> bool:
        """Returns whether this very action was taken on this page."""
        return any(step.url == self.url and step.action == action for step in self.history)

    def filled_with(self, element: int) -> str | None:
        """Returns what was last typed into an element of this page, since it was loaded."""
        for step in reversed(self.history):
            if step.url != self.url or step.action.kind in ("click", "goto", "back", "press"):
                return None
            if isinstance(step.action, Fill) and step.action.element == element:
                return step.action.text
        return None

    def opened_row(self) -> str:
        """Returns the key of the row whose link was clicked last, empty when none was."""
        last = self.last
        if last is None or not isinstance(last.action, Click):
            return ""
        return last.label.partition(" @")[2] if last.label.startswith("link ") else ""

    def noted(self, name: str) -> Value:
        """Returns what was noted under an output's name, `None` when nothing was."""
        return self.view.notes.get(name)

    def noted_here(self) -> bool:
        """Returns whether the last thing done was a note on this page."""
        last = self.history[-1] if self.history else None
        return last is not None and isinstance(last.action, Note) and last.url == self.url

    def absolute(self, href: str) -> str:
        """Returns a link target as an absolute URL."""
        return urljoin(self.url, href)


def same_page(one: str, other: str) -> bool:
    """Returns whether two URLs lead to the same page, but for case and percent-encoding."""
    left, right = urlsplit(one), urlsplit(other)
    return (left.netloc == right.netloc or not (left.netloc and right.netloc)) and (
        unquote(left.path).rstrip("/").casefold(),
        left.query,
    ) == (unquote(right.path).rstrip("/").casefold(), right.query)


def _remembered_items(page: Observation) -> list[Item]:
    key = id(page.elements)
    known = _items_cache.get(key)
    if known is not None and known[0].elements is page.elements and known[0].url == page.url:
        return known[1]
    if len(_items_cache) >= _CACHE_SIZE:
        _items_cache.pop(next(iter(_items_cache)))
    items = items_of(page)
    _items_cache[key] = page, items
    return items


def _name_of(label: str) -> str:
    return label.partition(" ")[2].partition(" @")[0]


def _plain(name: str) -> str:
    """Returns a control's wording without a count: `Alerts: 5` is `alerts`."""
    return fold(name).rstrip("0123456789():,. ") or fold(name)
