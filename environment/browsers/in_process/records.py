"""What the extractor remembers of a piece of a page beside its elements, to act on it.

A *unit* is what is parsed and memoised on its own: a marked piece, or the page around the pieces.
Positions are local to the unit; a `Document` puts units together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from core.pages import Element

__all__ = ["NO_FORM", "OUTER_FORM", "Context", "Control", "Form", "Option", "Slot", "Unit"]

NO_FORM = -2
"""The control belongs to no form, whatever surrounds its unit."""
OUTER_FORM = -1
"""The control belongs to the form around its unit, if there is one."""


class Context(NamedTuple):
    """What a piece inherits from the page around it."""

    heading: str = ""
    row: str = ""
    ugc: bool = False
    disabled: bool = False

    def may_show_in(self, elements: Iterable[Element]) -> bool:
        """Tells whether elements found in this context may owe something to it."""
        heading, row, ugc, disabled = self
        if ugc or disabled:
            return True
        return any(one.heading == heading or one.row == row for one in elements)


class Option(NamedTuple):
    """One option of a combobox."""

    label: str
    value: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class Form:
    """A form, before anything is filled in."""

    id: str
    action: str
    """As written; empty means the page itself."""
    method: str
    """`GET` or `POST`."""
    json_action: str
    """Path of a JSON form, empty for an ordinary one."""
    validates: bool


class Control(NamedTuple):
    """A form control as the page gave it."""

    kind: str
    """`text textarea password email url number checkbox radio select submit image reset button
    hidden file`; every other type of input is `text`."""
    name: str
    value: str
    form: int
    """Position of its form in the unit, `OUTER_FORM` or `NO_FORM`."""
    form_id: str = ""
    """The attribute `form`, which wins over the place in the tree."""
    disabled: bool = False
    required: bool = False
    checked: bool = False
    multiple: bool = False
    pattern: str = ""
    options: tuple[Option, ...] = ()
    chosen: tuple[int, ...] = ()
    form_action: str | None = None
    form_method: str = ""
    skips_validation: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a piece in the page around it."""

    elements: int
    """Number of the surrounding unit's elements before it."""
    controls: int
    """Number of the surrounding unit's controls before it."""
    form: int
    """The surrounding unit's form around it, or `OUTER_FORM`."""
    context: Context


@dataclass(frozen=True, slots=True)
class Unit:
    """A parsed piece of a page."""

    elements: tuple[Element, ...]
    controls: tuple[tuple[Control, int], ...]
    """Each with the position of its element in the unit, -1 when it has none."""
    forms: tuple[Form, ...]
    slots: tuple[Slot, ...]
    title: str
    is_relative: bool
    """Some `href` depends on the page's path or query, not on its origin alone."""
    is_truncated: bool
    inherits: bool = False
    """What a piece gave depends on what it inherits from the page around it."""
