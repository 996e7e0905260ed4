"""From a form control's markup to its record: kind, initial content, what it asks for."""

from __future__ import annotations

from selectolax.lexbor import LexborNode

from environment.browsers.in_process.markup import BUTTON_TYPES, MAX_CHARACTERS, squeeze
from environment.browsers.in_process.names import Attributes, descendants, text_of
from environment.browsers.in_process.records import Control, Form, Option

__all__ = ["CONTROLS", "control_of", "form_of", "role_of", "shown_value", "state_of"]

CONTROLS = frozenset(("button", "input", "select", "textarea"))

_KINDS = frozenset(
    [
        "text",
        "password",
        "email",
        "url",
        "number",
        "checkbox",
        "radio",
        "submit",
        "image",
        "reset",
        "button",
        "hidden",
        "file",
    ]
)

_OVERRIDES = frozenset(("formaction", "formmethod", "formnovalidate"))
_ARIA_STATES = (
    ("aria-expanded", "expanded"),
    ("aria-invalid", "invalid"),
    ("aria-pressed", "pressed"),
)


def form_of(attributes: Attributes) -> Form:
    """Reads a `form` element."""
    method = (attributes.get("method") or "").lower()
    return Form(
        id=attributes.get("id") or "",
        action=attributes.get("action") or "",
        method="POST" if method == "post" else "GET",
        json_action=attributes.get("data-json-action") or "",
        validates="novalidate" not in attributes,
    )


def control_of(
    node: LexborNode, tag: str, attributes: Attributes, *, form: int, disabled: bool
) -> Control:
    """Reads a `button`, `input`, `select` or `textarea`.

    Args:
        node: The element.
        tag: Its tag.
        attributes: Its attributes.
        form: Position of the form around it.
        disabled: Whether it, or a fieldset around it, is disabled.
    """
    kind = _kind(tag, attributes)
    control = Control(
        kind,
        attributes.get("name") or "",
        _value(node, tag, kind, attributes),
        form,
        attributes.get("form") or "",
        disabled,
        "required" in attributes,
    )
    if kind in BUTTON_TYPES:
        return _button(control, attributes)
    if kind == "select":
        multiple = "multiple" in attributes
        options, chosen = _options(node, attributes, multiple)
        return control._replace(multiple=multiple, options=options, chosen=chosen)
    if "checked" in attributes or "pattern" in attributes:
        pattern = attributes.get("pattern") or ""
        return control._replace(checked="checked" in attributes, pattern=pattern)
    return control


def role_of(kind: str) -> str:
    """Returns the role of a kind of control, empty for one that is no element."""
    if kind in ("hidden", "file"):
        return ""
    if kind in BUTTON_TYPES:
        return "button"
    if kind == "select":
        return "combobox"
    return kind if kind in ("checkbox", "radio") else "textbox"


def shown_value(control: Control) -> str:
    """Returns the `value` of a control's element before anything is filled in."""
    if control.kind == "select":
        return control.options[control.chosen[0]].label if control.chosen else ""
    if control.kind == "password":
        return "********" if control.value else ""
    return "" if role_of(control.kind) != "textbox" else control.value[:MAX_CHARACTERS]


def state_of(attributes: Attributes, *, disabled: bool, role: str = "link") -> str:
    """Returns the `state` of a link or control: sorted words."""
    words = []
    if role in ("checkbox", "radio") and "checked" in attributes:
        words.append("checked")
    if attributes.get("aria-current", "false") != "false":
        words.append("current")
    if disabled:
        words.append("disabled")
    for name, word in _ARIA_STATES:
        if attributes.get(name) == "true":
            words.append(word)
    if role != "link" and "required" in attributes:
        words.append("required")
    return " ".join(words)


def _button(control: Control, attributes: Attributes) -> Control:
    """Adds how a button differs from its form in sending it, which few do."""
    if not _OVERRIDES.isdisjoint(attributes):
        return control._replace(
            form_action=attributes.get("formaction"),
            form_method=(attributes.get("formmethod") or "").upper(),
            skips_validation="formnovalidate" in attributes,
        )
    return control


def _kind(tag: str, attributes: Attributes) -> str:
    if tag == "input":
        kind = (attributes.get("type") or "text").lower()
        return kind if kind in _KINDS else "text"
    if tag == "button":
        kind = (attributes.get("type") or "submit").lower()
        return kind if kind in BUTTON_TYPES and kind != "image" else "submit"
    return tag


def _value(node: LexborNode, tag: str, kind: str, attributes: Attributes) -> str:
    if tag == "textarea":
        text = node.text(deep=True)
        return text.removeprefix("\n")
    if tag == "select":
        return ""
    value = attributes.get("value")
    if kind in ("checkbox", "radio"):
        return "on" if value is None else value
    value = value or ""
    return value if kind == "hidden" else value.replace("\n", "").replace("\r", "")


def _options(
    node: LexborNode, attributes: Attributes, multiple: bool
) -> tuple[tuple[Option, ...], tuple[int, ...]]:
    """Returns a combobox's options and the positions of the chosen ones."""
    options: list[Option] = []
    chosen: list[int] = []
    for position, option in enumerate(descendants(node, ("option",))):
        marks = option.attributes
        text = text_of(option)
        value = marks.get("value")
        parent = option.parent
        disabled = "disabled" in marks or (
            parent is not None and parent.tag == "optgroup" and "disabled" in parent.attributes
        )
        label = squeeze(marks.get("label") or "") or text
        options.append(Option(label, text if "value" not in marks else value or "", disabled))
        if "selected" in marks:
            chosen.append(position)
    if multiple:
        return tuple(options), tuple(chosen)
    if not chosen and _size(attributes) <= 1:
        chosen = [i for i, option in enumerate(options) if not option.disabled][:1]
    return tuple(options), tuple(chosen[-1:])


def _size(attributes: Attributes) -> int:
    size = attributes.get("size") or ""
    return int(size) if size.isdecimal() else 1
