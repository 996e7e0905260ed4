"""Text and accessible names, by the extraction rules, over lexbor's tree."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from selectolax.lexbor import LexborNode

from environment.browsers.in_process.markup import BLOCKS, SKIPPED, is_skipped, squeeze

__all__ = ["Attributes", "Names", "descendants", "text_of"]

Attributes = dict[str, str | None]
"""As lexbor gives them; an attribute without a value is `None`."""

_CONTROL_TEXTS = frozenset(("button", "select", "textarea"))
_FORM_CONTROLS = frozenset(("button", "input", "select", "textarea"))


def descendants(root: LexborNode, tags: Collection[str]) -> Iterator[LexborNode]:
    """Yields the elements of some tags below a node, in document order.

    On a page just parsed, a CSS query costs ten times as much: it sets up its engine first.
    """
    above: list[LexborNode] = []
    node = root.first_child
    while node is not None or above:
        if node is None:
            node = above.pop().next
            continue
        if node.tag in tags:
            yield node
        above.append(node)
        node = node.first_child


def text_of(node: LexborNode, *, with_images: bool = False, of_label: bool = False) -> str:
    """Returns the text of an element, white space collapsed.

    Args:
        node: The element; its own `hidden` is not looked at.
        with_images: Put the `alt` of images in place.
        of_label: Leave out the texts of form controls.
    """
    child = node.first_child
    if child is None:
        return ""
    if child.next is None and child.tag == "-text":
        return squeeze(child.text_content or "")
    parts: list[str] = []
    _collect(node, parts, with_images, of_label)
    return squeeze("".join(parts))


def _collect(root: LexborNode, parts: list[str], with_images: bool, of_label: bool) -> None:
    """Appends the texts below a node; iterative, because pages may nest without end."""
    above: list[tuple[LexborNode, bool]] = []
    node = root.first_child
    while True:
        if node is None:
            if not above:
                return
            left, is_block = above.pop()
            if is_block:
                parts.append(" ")
            node = left.next
            continue
        tag = node.tag or ""
        if tag == "-text":
            parts.append(node.text_content or "")
        elif _is_walked(node, tag, of_label):
            if tag == "br":
                parts.append(" ")
            elif tag == "img":
                parts.append((node.attributes.get("alt") or "") if with_images else "")
            is_block = tag in BLOCKS
            if is_block:
                parts.append(" ")
            above.append((node, is_block))
            node = node.first_child
            continue
        node = node.next


def _is_walked(node: LexborNode, tag: str, of_label: bool) -> bool:
    if tag in SKIPPED or tag[0] == "-" or (of_label and tag in _CONTROL_TEXTS):
        return False
    attributes = node.attributes
    return not (attributes and is_skipped(attributes))


class Names:
    """Accessible names in one parsed document; ids and labels are looked up when first needed."""

    def __init__(self, root: LexborNode) -> None:
        self._root = root
        self._by_id: dict[str, LexborNode] | None = None
        self._labels: dict[str, LexborNode] | None = None

    def name(
        self, node: LexborNode, tag: str, attributes: Attributes, label: LexborNode | None
    ) -> str:
        """Returns an element's accessible name, empty when it has none.

        Args:
            node: The element.
            tag: Its tag.
            attributes: Its attributes.
            label: The nearest `label` around it.
        """
        named = attributes.get("aria-labelledby")
        if named and (found := self._of_ids(named)):
            return found
        named = attributes.get("aria-label")
        if named and (found := squeeze(named)):
            return found
        if tag in _FORM_CONTROLS and (found := self._of_label(attributes, label)):
            return found
        if found := _of_content(node, tag, attributes):
            return found
        found = squeeze(attributes.get("title") or "")
        return found or squeeze(attributes.get("placeholder") or "")

    def _of_ids(self, ids: str) -> str:
        if self._by_id is None:
            self._by_id = {}
            for node in self._root.css("[id]"):
                self._by_id.setdefault(node.attributes["id"] or "", node)
        nodes = (self._by_id.get(name) for name in ids.split())
        return squeeze(" ".join(text_of(node) for node in nodes if node is not None))

    def _of_label(self, attributes: Attributes, around: LexborNode | None) -> str:
        own = attributes.get("id")
        if own:
            if self._labels is None:
                self._labels = {}
                for node in descendants(self._root, ("label",)):
                    if named := node.attributes.get("for"):
                        self._labels.setdefault(named, node)
            label = self._labels.get(own)
            if label is not None and (found := text_of(label, of_label=True)):
                return found
        return text_of(around, of_label=True) if around is not None else ""


def _of_content(node: LexborNode, tag: str, attributes: Attributes) -> str:
    if tag in ("a", "button"):
        return text_of(node, with_images=True)
    if tag == "input" and attributes.get("type", "") and attributes.get("value"):
        kind = (attributes["type"] or "").lower()
        if kind in ("submit", "button", "reset"):
            return squeeze(attributes["value"] or "")
    return ""
