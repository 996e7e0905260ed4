"""The walk over a parsed tree that gives elements, forms and controls.

The rules are those of `environment/browsers/extraction.md`. The walk keeps its own stack, because
pages may nest without end.
"""

from __future__ import annotations

from selectolax.lexbor import LexborNode

from core.pages import Element
from environment.browsers.in_process import links
from environment.browsers.in_process.controls import (
    CONTROLS,
    control_of,
    form_of,
    role_of,
    shown_value,
    state_of,
)
from environment.browsers.in_process.markup import (
    BLOCKS,
    HEADINGS,
    MAX_CHARACTERS,
    MAX_ELEMENTS,
    ROWS,
    SCOPES,
    SKIPPED,
    SPACES,
    is_skipped,
    squeeze,
)
from environment.browsers.in_process.names import Attributes, Names, descendants, text_of
from environment.browsers.in_process.records import (
    NO_FORM,
    OUTER_FORM,
    Context,
    Control,
    Form,
    Slot,
    Unit,
)

__all__ = ["Walk"]

_Saved = tuple[str | None, str, bool, bool, int, LexborNode | None, bool]
_Frame = tuple[LexborNode, bool, _Saved | None]

_PIECE = "["
"""Content of the comment that starts a piece."""
_LEAVES = dict.fromkeys(CONTROLS | {"img"}, "") | {"a": "href", "time": "datetime"}
"""Tags whose children are not walked, each with the attribute that it needs for that."""
_ROLES = frozenset(("alert", "status"))
_CHANGING = SCOPES | frozenset(HEADINGS) | {"label"}
_ENOUGH = MAX_ELEMENTS + 1


class Walk:
    """State of the walk at one node, and what was found so far."""

    def __init__(self, names: Names, url: str, context: Context | None) -> None:
        """Starts a walk; without a context over a page, with one over a piece."""
        self.is_broken = False
        self._names = names
        self._url = url
        self._context = context
        self._heading, self._row, self._ugc, self._disabled = context or Context()
        self._form = OUTER_FORM if context is not None else NO_FORM
        self._label: LexborNode | None = None
        self._is_quiet = False
        self._is_mute = False
        self._texts: list[str] = []
        self._elements: list[Element] = []
        self._controls: list[tuple[Control, int]] = []
        self._forms: list[Form] = []
        self._slots: list[Slot] = []
        self._is_relative = False

    def unit(self, *, title: str) -> Unit:
        """Returns what was found."""
        self._end_run()
        return Unit(
            elements=tuple(self._elements[:MAX_ELEMENTS]),
            controls=tuple(self._controls),
            forms=tuple(self._forms),
            slots=tuple(self._slots),
            title=title,
            is_relative=self._is_relative,
            is_truncated=len(self._elements) > MAX_ELEMENTS,
            inherits=self._context is not None and self._context.may_show_in(self._elements),
        )

    def enter_body(self, body: LexborNode) -> bool:
        """Takes in the attributes of `body`; returns whether it is to be walked."""
        attributes = body.attributes
        self._ugc = "data-ugc" in attributes
        return not is_skipped(attributes)

    def run(self, node: LexborNode | None) -> LexborNode | None:
        """Walks a node and its following siblings, with all they contain.

        Returns:
            The comment that starts the next piece, `None` at the end or when the page is full.

        """
        above: list[_Frame] = []
        elements = self._elements
        while len(elements) < _ENOUGH or self._form >= 0:
            if node is None:
                if not above:
                    break
                node = self._leave(above.pop())
                continue
            tag = node.tag or "-"
            if tag[0] == "-":
                if tag == "-text":
                    text = node.text_content or ""
                    # White space at the start of a run says nothing.
                    if not self._is_mute and (self._texts or text.strip(SPACES)):
                        self._texts.append(text)
                elif node.comment_content == _PIECE and self._at_piece(above):
                    return None if self.is_broken else node
            elif tag not in SKIPPED:
                frame = self._enter(node, tag)
                if frame is not None:
                    above.append(frame)
                    node = node.first_child
                    continue
            node = node.next
        return None

    def _at_piece(self, above: list[_Frame]) -> bool:
        """Leaves a slot for a piece, or ends a unit; returns whether the unit ends here."""
        self._end_run()
        if self._context is not None:
            self.is_broken = bool(above)
            return True
        context = Context(self._heading, self._row, self._ugc, self._disabled)
        form = self._form if self._form >= 0 else OUTER_FORM
        self._slots.append(Slot(len(self._elements), len(self._controls), form, context))
        return False

    def _enter(self, node: LexborNode, tag: str) -> _Frame | None:
        """Handles an element; returns a frame if its children are to be walked."""
        attributes = node.attributes
        if attributes and is_skipped(attributes):
            self._keep_hidden_controls(node, tag)
            return None
        needed = _LEAVES.get(tag)
        if needed is not None and (not needed or needed in attributes):
            self._leaf(node, tag, attributes)
            return None
        if tag == "br" and not self._is_mute:
            self._texts.append(" ")
            return None
        is_ugc = "data-ugc" in attributes
        is_block = is_ugc or tag in BLOCKS
        if is_block and self._texts:
            self._end_run()
        if is_ugc or tag in _CHANGING or "role" in attributes:
            return node, is_block, self._change(node, tag, attributes)
        return node, is_block, None

    def _leave(self, frame: _Frame) -> LexborNode | None:
        """Ends an element: restores what it changed and returns its next sibling."""
        node, is_block, saved = frame
        if is_block and self._texts:
            self._end_run()
        if saved is not None:
            heading, self._row, self._ugc, self._disabled, self._form = saved[:5]
            if heading is not None:
                self._heading = heading
            self._label, self._is_quiet = saved[5:]
            self._is_mute = self._is_quiet or self._label is not None
        return node.next

    def _change(self, node: LexborNode, tag: str, attributes: Attributes) -> _Saved:
        """Applies what an element changes for itself and its contents; returns what was before."""
        heading = self._heading if tag in SCOPES else None
        saved = (
            heading, self._row, self._ugc, self._disabled, self._form, self._label, self._is_quiet
        )  # fmt: skip
        if "data-ugc" in attributes:
            self._ugc = True
        if tag in ROWS:
            self._row = attributes.get("id") or self._row
        elif tag == "form":
            self._form = len(self._forms)
            self._forms.append(form_of(attributes))
        elif tag == "fieldset":
            self._disabled = self._disabled or "disabled" in attributes
        elif tag == "label":
            self._label = node
        self._announce(node, tag, attributes)
        self._is_mute = self._is_quiet or self._label is not None
        return saved

    def _announce(self, node: LexborNode, tag: str, attributes: Attributes) -> None:
        """Emits a heading, an alert or a status."""
        if self._is_quiet:
            return
        if tag in HEADINGS:
            text = self._heading = text_of(node)
            self._emit("heading", text, state=HEADINGS[tag])
            self._is_quiet = True
        elif attributes.get("role") in _ROLES:
            self._end_run()
            self._emit(attributes["role"] or "", text_of(node))
            self._is_quiet = True

    def _leaf(self, node: LexborNode, tag: str, attributes: Attributes) -> None:
        """Handles an element whose children are not walked."""
        before = self._ugc
        if "data-ugc" in attributes:
            self._end_run()
            self._ugc = True
        if tag == "a":
            self._link(node, attributes)
        elif tag in CONTROLS:
            self._control(node, tag, attributes)
        else:
            self._figure(node, tag, attributes)
        self._ugc = before

    def _link(self, node: LexborNode, attributes: Attributes) -> None:
        if self._texts:
            self._end_run()
        href = self._href(attributes["href"] or "")
        name = self._names.name(node, "a", attributes, None)
        self._emit("link", name, state=state_of(attributes, disabled=False), href=href)

    def _figure(self, node: LexborNode, tag: str, attributes: Attributes) -> None:
        """Emits an image or a time."""
        if self._is_quiet:
            return
        if tag == "time":
            self._end_run()
            self._emit("text", text_of(node), value=(attributes["datetime"] or "")[:MAX_CHARACTERS])
        elif name := squeeze(attributes.get("alt") or ""):
            self._end_run()
            source = attributes.get("src")
            self._emit("image", name, href=self._href(source) if source else "")

    def _control(self, node: LexborNode, tag: str, attributes: Attributes) -> None:
        """Records a control and emits its element, if it has one."""
        disabled = self._disabled or "disabled" in attributes
        control = control_of(node, tag, attributes, form=self._form, disabled=disabled)
        role = role_of(control.kind)
        if not role:
            self._controls.append((control, -1))
            return
        self._end_run()
        self._controls.append((control, len(self._elements)))
        self._emit(
            role,
            self._names.name(node, tag, attributes, self._label),
            value=shown_value(control),
            state=state_of(attributes, disabled=disabled, role=role),
            options=tuple([option.label for option in control.options]),
        )

    def _href(self, href: str) -> str:
        if links.depends_on_path(href):
            self._is_relative = True
        return links.shown(self._url, href)

    def _keep_hidden_controls(self, node: LexborNode, tag: str) -> None:
        """Records controls that nobody sees but that are sent with their form."""
        if self._form < 0:
            return
        nodes = [node] if tag in CONTROLS else descendants(node, CONTROLS)
        for hidden in nodes:
            attributes = hidden.attributes
            disabled = self._disabled or "disabled" in attributes
            tag = hidden.tag or ""
            control = control_of(hidden, tag, attributes, form=self._form, disabled=disabled)
            self._controls.append((control, -1))

    def _end_run(self) -> None:
        """Emits the text read since the last element or block border."""
        if self._texts:
            text = squeeze("".join(self._texts))
            self._texts = []
            if text:
                self._emit("text", text)

    def _emit(
        self,
        role: str,
        name: str,
        *,
        value: str = "",
        state: str = "",
        href: str = "",
        options: tuple[str, ...] = (),
    ) -> None:
        if len(self._elements) < _ENOUGH:
            heading, row, ugc = self._heading, self._row, self._ugc
            element = Element(role, name, value, state, heading, row, href, ugc, options)
            self._elements.append(element)
