"""What an agent sees of a page, and what it can do to it.

An observation is a flat, accessibility-style list. An element's id is its position in that list,
so that pieces of a page can be parsed once and put together without renumbering.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from pydantic import JsonValue

__all__ = [
    "Action",
    "AgentAction",
    "Answer",
    "Back",
    "BrowserAction",
    "Click",
    "Element",
    "Expand",
    "Fill",
    "Goto",
    "Note",
    "Observation",
    "Press",
    "Select",
    "Stop",
    "Value",
]

Value = JsonValue
"""A JSON value: what flows along data edges and into answers."""


class Element(NamedTuple):
    """One thing on a page. How it is computed: `environment/browsers/extraction.md`."""

    role: str
    """`link button textbox checkbox radio combobox heading text image alert status`."""
    name: str
    """Accessible name, white space collapsed; for `text` the text itself."""
    value: str = ""
    """A control's content: text typed, label of the chosen option, `datetime` of a time."""
    state: str = ""
    """Space-separated, sorted: `checked current disabled invalid pressed required`, `level=N`."""
    heading: str = ""
    """Text of the heading of the nearest sectioning ancestor that has one."""
    row: str = ""
    """`id` of the nearest repeated item (`article`, `li`, `tr`), empty outside of one."""
    href: str = ""
    """Links: path and query on the same site, else the absolute URL."""
    ugc: bool = False
    """Written by a user of the site, not by the site: data, never instruction."""
    options: tuple[str, ...] = ()
    """Labels of a combobox's options, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A page as it stands after an action."""

    url: str
    """Absolute URL of the page, without fragment."""
    title: str
    status: int
    """HTTP status of the navigation that gave this page; 0 when nothing answered."""
    elements: tuple[Element, ...]
    problem: str = ""
    """Why the last action or load did not do what it should: `time-out`, `no such element`, ..."""


@dataclass(frozen=True, slots=True)
class Click:
    """Follows a link, presses a button, toggles a checkbox or radio."""

    element: int
    kind: Literal["click"] = "click"


@dataclass(frozen=True, slots=True)
class Fill:
    """Replaces the content of a textbox."""

    element: int
    text: str
    kind: Literal["fill"] = "fill"


@dataclass(frozen=True, slots=True)
class Select:
    """Chooses an option of a combobox by its label."""

    element: int
    option: str
    kind: Literal["select"] = "select"


@dataclass(frozen=True, slots=True)
class Press:
    """Presses a key in a control; `Enter` in a textbox submits its form."""

    element: int
    key: str = "Enter"
    kind: Literal["press"] = "press"


@dataclass(frozen=True, slots=True)
class Goto:
    """Opens a URL, absolute or relative to the page."""

    url: str
    kind: Literal["goto"] = "goto"


@dataclass(frozen=True, slots=True)
class Back:
    """Goes back one page in the history."""

    kind: Literal["back"] = "back"


@dataclass(frozen=True, slots=True)
class Expand:
    """Asks to be shown more of the page than the effort tier showed; costs what it shows."""

    kind: Literal["expand"] = "expand"


@dataclass(frozen=True, slots=True)
class Note:
    """Writes down a value under the name of one of the node's outputs."""

    name: str
    value: Value
    kind: Literal["note"] = "note"


@dataclass(frozen=True, slots=True)
class Answer:
    """Ends the subtask successfully with the values noted."""

    kind: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class Stop:
    """Ends the subtask without success."""

    reason: str
    kind: Literal["stop"] = "stop"


BrowserAction = Click | Fill | Select | Press | Goto | Back
"""What a browser carries out."""
AgentAction = Expand | Note | Answer | Stop
"""What stays between an agent and its machine."""
Action = BrowserAction | AgentAction
