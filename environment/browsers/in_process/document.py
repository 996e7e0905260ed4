"""One loaded page: units put together, and what an action needs to find in them."""

from __future__ import annotations

from collections.abc import Sequence
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

    key: ControlKey
    control: Control
    element: int
    """Id of its element, -1 without one."""
    form: FormKey | None
    """The form that owns it."""


class _Segment(NamedTuple):
    """Consecutive elements and controls of one unit."""

    unit: int
    elements: slice
    controls: slice
    start: int
    """Id of its first element."""
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
        self._segments: list[_Segment] = []
        elements: list[Element] = []
        e = c = 0
        for number, piece in enumerate(pieces, start=1):
            slot = around.slots[number - 1]
            self._add(elements, 0, slice(e, slot.elements), slice(c, slot.controls), None)
            e, c = slot.elements, slot.controls
            form = FormKey(0, slot.form) if slot.form >= 0 else None
            whole = slice(0, len(piece.elements)), slice(0, len(piece.controls))
            self._add(elements, number, *whole, form)
        rest = slice(e, len(around.elements)), slice(c, len(around.controls))
        if len(pieces) == len(around.slots):
            self._add(elements, 0, *rest, None)
        truncated = any(unit.is_truncated for unit in self._units)
        self.is_truncated = truncated or len(elements) > MAX_ELEMENTS
        self.elements = tuple(elements[:MAX_ELEMENTS])

    def _add(
        self, elements: list[Element], unit: int, part: slice, controls: slice, form: FormKey | None
    ) -> None:
        self._segments.append(_Segment(unit, part, controls, len(elements), form))
        elements.extend(self._units[unit].elements[part])

    @classmethod
    def empty(cls) -> Document:
        """Returns a page without anything."""
        return cls(Unit((), (), (), (), "", is_relative=False, is_truncated=False), ())

    @cached_property
    def controls(self) -> tuple[Found, ...]:
        """Every control, in document order."""
        ids = self._form_ids()
        found: list[Found] = []
        for segment in self._segments:
            shift = segment.start - segment.elements.start
            controls = self._units[segment.unit].controls
            for number in range(segment.controls.start, segment.controls.stop):
                control, local = controls[number]
                element = local + shift if 0 <= local < len(self.elements) - shift else -1
                owner = self._owner(control, segment, ids)
                found.append(Found(ControlKey(segment.unit, number), control, element, owner))
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

    def _form_ids(self) -> dict[str, FormKey]:
        ids: dict[str, FormKey] = {}
        for unit_number, unit in enumerate(self._units):
            for form_number, form in enumerate(unit.forms):
                if form.id:
                    ids.setdefault(form.id, FormKey(unit_number, form_number))
        return ids

    def _owner(
        self, control: Control, segment: _Segment, ids: dict[str, FormKey]
    ) -> FormKey | None:
        if control.form_id:
            return ids.get(control.form_id)
        if control.form >= 0:
            return FormKey(segment.unit, control.form)
        return segment.form if control.form == OUTER_FORM else None
