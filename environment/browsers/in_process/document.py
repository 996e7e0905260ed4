"""One loaded page: units put together, and what an action needs to find in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from core.pages import Element
from environment.browsers.in_process.markup import MAX_ELEMENTS
from environment.browsers.in_process.records import OUTER_FORM, Control, Form, Unit

__all__ = ["ControlKey", "Document", "FormKey", "Found"]


class ControlKey(NamedTuple):
    """Names a control in a document."""

    unit: int
    control: int


class FormKey(NamedTuple):
    """Names a form in a document."""

    unit: int
    form: int


class Found(NamedTuple):
    """A control in its page."""

    unit: int
    number: int
    """Its position in the unit."""
    control: Control
    element: int
    """Id of its element, -1 without one."""
    form: FormKey | None
    """The form that owns it."""

    @property
    def key(self) -> ControlKey:
        """Its name in the document."""
        return ControlKey(self.unit, self.number)


class _Segment(NamedTuple):
    """Consecutive controls of one unit."""

    unit: int
    first: int
    stop: int
    """Its controls are `first` to `stop - 1` of the unit's."""
    shift: int
    """What to add to an element's position in the unit to get its id."""
    form: FormKey | None
    """The form around it, for a piece."""


class Document:
    """A page as loaded; immutable. What was filled in since is the page's business."""

    def __init__(self, around: Unit, pieces: Sequence[Unit]) -> None:
        """Puts a page together.

        Args:
            around: The page around its pieces, unit 0.
            pieces: Units 1, 2, ...; one for each slot, fewer only if the page is full.
        """
        self.title = around.title
        self._units = (around, *pieces)
        elements: list[Element] = []
        done = 0
        truncated = around.is_truncated
        for piece, slot in zip(pieces, around.slots, strict=False):
            if slot.elements > done:
                elements += around.elements[done : slot.elements]
                done = slot.elements
            elements += piece.elements
            truncated = truncated or piece.is_truncated
        if len(pieces) == len(around.slots):
            elements += around.elements[done:]
        self.is_truncated = truncated or len(elements) > MAX_ELEMENTS
        self.elements = tuple(elements[:MAX_ELEMENTS])

    @classmethod
    def empty(cls) -> Document:
        """Returns a page without anything."""
        return cls(Unit((), (), (), (), "", is_relative=False, is_truncated=False), ())

    @cached_property
    def controls(self) -> tuple[Found, ...]:
        """Every control, in document order."""
        ids = self._form_ids()
        size = len(self.elements)
        found: list[Found] = []
        for unit, first, stop, shift, around in self._segments():
            controls = self._units[unit].controls
            forms = [FormKey(unit, form) for form in range(len(self._units[unit].forms))]
            for number in range(first, stop):
                control, local = controls[number]
                element = local + shift if 0 <= local < size - shift else -1
                if control.form_id:
                    owner = ids.get(control.form_id)
                elif control.form >= 0:
                    owner = forms[control.form]
                else:
                    owner = around if control.form == OUTER_FORM else None
                found.append(Found(unit, number, control, element, owner))
        return tuple(found)

    def control_at(self, element: int) -> Found:
        """Returns the control behind an element.

        Raises:
            KeyError: The element is no control.
        """
        return self._by_element[element]

    @cached_property
    def _by_element(self) -> dict[int, Found]:
        return {found.element: found for found in self.controls}

    def form(self, key: FormKey) -> Form:
        """Returns a form by its key."""
        return self._units[key.unit].forms[key.form]

    def _segments(self) -> Iterator[_Segment]:
        around, *pieces = self._units
        inserted = first = 0
        for number, (piece, slot) in enumerate(zip(pieces, around.slots, strict=False), start=1):
            yield _Segment(0, first, slot.controls, inserted, None)
            first = slot.controls
            form = FormKey(0, slot.form) if slot.form >= 0 else None
            yield _Segment(number, 0, len(piece.controls), slot.elements + inserted, form)
            inserted += len(piece.elements)
        if len(pieces) == len(around.slots):
            yield _Segment(0, first, len(around.controls), inserted, None)

    def _form_ids(self) -> dict[str, FormKey]:
        ids: dict[str, FormKey] = {}
        for unit_number, unit in enumerate(self._units):
            for form_number, form in enumerate(unit.forms):
                if form.id:
                    ids.setdefault(form.id, FormKey(unit_number, form_number))
        return ids
