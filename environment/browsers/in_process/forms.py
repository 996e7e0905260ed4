"""What was filled in on a page, and what a form sends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote_plus

from core.pages import Element
from environment.browsers.in_process.document import ControlKey, Document, FormKey, Found
from environment.browsers.in_process.markup import BUTTON_TYPES, MAX_CHARACTERS
from environment.browsers.in_process.records import Control

__all__ = ["Filled", "Submission"]

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_WEB_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_NUMBER = re.compile(r"-?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?")
_SHAPES = {"email": _EMAIL, "url": _WEB_URL, "number": _NUMBER}
_LINES = ("text", "password", "email", "url", "number")
_SUBMITTING = ("submit", "image")
_LINE_END = re.compile("\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Submission:
    """What a form sends, and where to."""

    action: str
    """As written, relative to the page; empty means the page."""
    method: str
    data: str
    """Urlencoded pairs."""
    is_json: bool
    """A JSON form: the answer does not replace the page."""


class Filled:
    """The content of a page's controls: what the page gave, and changes on top of it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._texts: dict[ControlKey, str] = {}
        self._ticks: dict[ControlKey, bool] = {}
        self._choices: dict[ControlKey, int] = {}

    def text(self, found: Found) -> str:
        """Returns what a textbox holds."""
        return self._texts.get(found.key, found.control.value)

    def fill(self, found: Found, text: str) -> None:
        """Replaces the content of a textbox."""
        text = _LINE_END.sub("\n", text)
        if found.control.kind != "textarea":
            text = text.replace("\n", "")
        self._texts[found.key] = text

    def choose(self, found: Found, option: str) -> bool:
        """Chooses an enabled option by its label; returns whether there is one."""
        for position, known in enumerate(found.control.options):
            if known.label == option and not known.disabled:
                self._choices[found.key] = position
                return True
        return False

    def tick(self, found: Found) -> None:
        """Toggles a checkbox, or chooses a radio and with it no other of its group."""
        if found.control.kind == "checkbox":
            self._ticks[found.key] = not self._is_ticked(found)
            return
        for other in self._document.controls:
            if _same_group(found, other):
                self._ticks[other.key] = other.key == found.key
        self._ticks[found.key] = True

    def reset(self, form: FormKey) -> None:
        """Gives a form's controls back what the page gave them."""
        for found in self._document.controls:
            if found.form == form:
                self._texts.pop(found.key, None)
                self._ticks.pop(found.key, None)
                self._choices.pop(found.key, None)

    def elements(self) -> tuple[Element, ...]:
        """Returns the page's elements with what was filled in."""
        if not (self._texts or self._ticks or self._choices):
            return self._document.elements
        elements = list(self._document.elements)
        for found in self._document.controls:
            if found.element >= 0:
                elements[found.element] = self._patched(found, elements[found.element])
        return tuple(elements)

    def submitter(self, form: FormKey) -> Found | None:
        """Returns the button that `Enter` in a textbox presses: the first that submits."""
        for found in self._document.controls:
            if found.form == form and found.control.kind in _SUBMITTING:
                return found
        return None

    def count_textboxes(self, form: FormKey) -> int:
        """Counts a form's single-line textboxes: with two and no button, `Enter` sends nothing."""
        return sum(f.form == form and f.control.kind in _LINES for f in self._document.controls)

    def complaint(self, form: FormKey, by: Control | None) -> str:
        """Returns why a form may not be sent, as a problem; empty if it may."""
        if not self._document.form(form).validates or (by is not None and by.skips_validation):
            return ""
        for found in self._document.controls:
            if found.form == form and not found.control.disabled:
                if self._is_missing(found):
                    return f"required: {self._name(found)}"
                if self._is_misshapen(found):
                    return f"invalid: {self._name(found)}"
        return ""

    def submission(self, form: FormKey, by: Control | None) -> Submission:
        """Returns what a form sends.

        Args:
            form: The form.
            by: The button pressed, `None` without one.
        """
        record = self._document.form(form)
        pairs = [
            pair
            for found in self._document.controls
            if found.form == form and not found.control.disabled
            for pair in self._pairs(found, is_pressed=found.control is by)
        ]
        action, method = record.action, record.method
        if by is not None:
            action = by.form_action if by.form_action is not None else action
            method = by.form_method if by.form_method in ("GET", "POST") else method
        if record.json_action:
            action, method = record.json_action, "POST"
        data = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs)
        return Submission(action, method, data, is_json=bool(record.json_action))

    def _is_ticked(self, found: Found) -> bool:
        return self._ticks.get(found.key, found.control.checked)

    def _chosen(self, found: Found) -> tuple[int, ...]:
        choice = self._choices.get(found.key)
        return found.control.chosen if choice is None else (choice,)

    def _patched(self, found: Found, element: Element) -> Element:
        key, kind = found.key, found.control.kind
        if key in self._texts:
            text = self._texts[key]
            shown = ("********" if text else "") if kind == "password" else text[:MAX_CHARACTERS]
            return element._replace(value=shown)
        if key in self._choices:
            return element._replace(value=found.control.options[self._choices[key]].label)
        if key in self._ticks:
            words = set(element.state.split()) - {"checked"}
            words |= {"checked"} if self._ticks[key] else set()
            return element._replace(state=" ".join(sorted(words)))
        return element

    def _pairs(self, found: Found, *, is_pressed: bool) -> Iterator[tuple[str, str]]:
        """Yields what a control adds to its form's data."""
        control = found.control
        if control.kind in BUTTON_TYPES:
            if is_pressed:
                yield from _pressed_pairs(control)
        elif not control.name:
            return
        elif control.kind in ("checkbox", "radio"):
            if self._is_ticked(found):
                yield control.name, control.value
        elif control.kind == "select":
            for position in self._chosen(found):
                option = control.options[position]
                if not option.disabled:
                    yield control.name, option.value
        else:
            yield control.name, self.text(found)

    def _is_missing(self, found: Found) -> bool:
        control = found.control
        if not control.required:
            return False
        if control.kind == "checkbox":
            return not self._is_ticked(found)
        if control.kind == "radio":
            group = [other for other in self._document.controls if _same_group(found, other)]
            return not any(self._is_ticked(other) for other in group)
        if control.kind == "select":
            return not any(control.options[i].value for i in self._chosen(found))
        return (
            control.kind not in BUTTON_TYPES and control.kind != "hidden" and not self.text(found)
        )

    def _is_misshapen(self, found: Found) -> bool:
        text = self.text(found)
        kind = found.control.kind
        if not text or kind in BUTTON_TYPES or kind in ("hidden", "checkbox", "radio", "select"):
            return False
        shape = _SHAPES.get(kind)
        if shape is not None and not shape.fullmatch(text):
            return True
        pattern = found.control.pattern
        if not pattern or kind in ("textarea", "number"):
            return False
        try:
            return re.fullmatch(pattern, text) is None
        except re.error:  # a browser ignores a pattern that it cannot read
            return False

    def _name(self, found: Found) -> str:
        if found.element < 0:
            return found.control.name
        return self._document.elements[found.element].name


def _pressed_pairs(control: Control) -> Iterator[tuple[str, str]]:
    if control.kind == "image":
        prefix = control.name + "." if control.name else ""
        yield from ((prefix + "x", "0"), (prefix + "y", "0"))
    elif control.name:
        yield control.name, control.value


def _same_group(radio: Found, other: Found) -> bool:
    return (
        other.control.kind == "radio"
        and other.form == radio.form
        and bool(other.control.name)
        and other.control.name == radio.control.name
    )


def _encoded(text: str) -> str:
    text = _LINE_END.sub("\r\n", text)
    return quote_plus(text, safe="*-._", errors="replace").replace("~", "%7E")
