"""From a page's HTML to a document, remembering pieces and whole pages by their exact text.

    split at the markers -> page around (memo, else parsed) -> contexts of its slots
                         -> pieces by (text, context) (memo, else parsed in one pass) -> Document

Most pieces begin with their own heading and row and give the same in every context; they are
remembered by their text alone. The memory is one for the process: the same page is often seen by
many episodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from environment.browsers.in_process import links
from environment.browsers.in_process.document import Document
from environment.browsers.in_process.extract import CLOSE, OPEN, extract_around, extract_pieces
from environment.browsers.in_process.markup import MAX_ELEMENTS
from environment.browsers.in_process.records import Context, Unit
from environment.lru import Lru

__all__ = ["Memory", "document_of"]

_PAGE_BYTES = 8_000_000
_UNIT_CHARACTERS = 12_000_000
"""With these two, a full memory is about 40 MB of a process."""


class _Place(NamedTuple):
    """What references in a page are relative to."""

    url: str
    origin: str


class _Split(NamedTuple):
    around: str
    pieces: list[str]


_ANY = "any"
_UnitKey = tuple[str, Context | str | None, str]
"""HTML, context, and URL or origin of the page. The context is `None` for a page around its pieces,
`_ANY` for a piece as it is in most contexts."""


class Memory:
    """What was parsed before, bounded by the amount of HTML it came from."""

    def __init__(
        self, page_bytes: int = _PAGE_BYTES, unit_characters: int = _UNIT_CHARACTERS
    ) -> None:
        """Makes an empty memory.

        Args:
            page_bytes: Whole pages kept, in bytes of their bodies.
            unit_characters: Pieces kept, in characters of their HTML.
        """
        self.pages: Lru[tuple[str, str, bytes], Document] = Lru(page_bytes)
        self._units: Lru[_UnitKey, Unit] = Lru(unit_characters)

    def clear(self) -> None:
        """Forgets everything."""
        self.pages.clear()
        self._units.clear()

    def unit(self, html: str, context: Context | None, place: _Place) -> Unit | None:
        """Returns what a piece gave before in the same context, `None` if unknown."""
        unit = self._units.get((html, _scope(context), place.origin))
        if unit is not None and (unit.is_relative or unit.inherits):
            return self._units.get(_exact_key(html, context, place, unit))
        return unit

    def keep(self, html: str, context: Context | None, place: _Place, unit: Unit) -> None:
        """Remembers what a piece gave."""
        weight = len(html) + 100
        self._units.put((html, _scope(context), place.origin), unit, weight)
        if unit.is_relative or unit.inherits:
            self._units.put(_exact_key(html, context, place, unit), unit, weight)


def _scope(context: Context | None) -> Context | str | None:
    """Contexts that differ in heading and row alone are one scope; few pieces look at these."""
    return context if context is None or context.ugc or context.disabled else _ANY


def _exact_key(html: str, context: Context | None, place: _Place, unit: Unit) -> _UnitKey:
    return html, context, place.url if unit.is_relative else place.origin


def document_of(html: str, url: str, memory: Memory) -> Document:
    """Extracts a page.

    Args:
        html: The page.
        url: Its absolute URL, without fragment.
        memory: What was parsed before; what is new is added.
    """
    place = _Place(url, links.origin(url))
    split = _split(html)
    if split is not None:
        around = _around(split.around, place, memory)
        pieces = _pieces(split.pieces, around, place, memory)
        if pieces is not None:
            return Document(around, pieces)
    return Document(_around(html.replace(OPEN, "").replace(CLOSE, ""), place, memory), ())


def _split(html: str) -> _Split | None:
    """Splits at the markers; `None` if they nest or do not pair."""
    first, *rest = html.split(OPEN)
    around, pieces = [first], []
    for part in rest:
        piece, close, after = part.partition(CLOSE)
        if not close or CLOSE in after:
            return None
        if piece.isspace() or not piece:  # nothing is in it that could open a scope
            around[-1] += piece + after
            continue
        pieces.append(piece)
        around.append(after)
    return None if CLOSE in first else _Split(OPEN.join(around), pieces)


def _around(html: str, place: _Place, memory: Memory) -> Unit:
    unit = memory.unit(html, None, place)
    if unit is None:
        unit = extract_around(html, place.url)
        memory.keep(html, None, place, unit)
    return unit


def _pieces(
    pieces: Sequence[str], around: Unit, place: _Place, memory: Memory
) -> list[Unit] | None:
    """Returns the units of the pieces, up to where the page is full.

    `None` if the markup does not allow pieces: a marker where no comment can be, or a piece that is
    not balanced.
    """
    if len(around.slots) != len(pieces) and not around.is_truncated:
        return None
    wanted = [(html, slot.context) for html, slot in zip(pieces, around.slots, strict=False)]
    units = [memory.unit(html, context, place) for html, context in wanted]
    missing = [number for number, unit in enumerate(units) if unit is None]
    if missing:
        texts, contexts = zip(*(wanted[number] for number in missing), strict=True)
        found = extract_pieces(texts, contexts, place.url)
        for number, unit in zip(missing, found, strict=False):
            units[number] = unit
            memory.keep(*wanted[number], place, unit)
        if len(found) < len(missing):
            return _until_gap(units)
    return [unit for unit in units if unit is not None]


def _until_gap(units: Sequence[Unit | None]) -> list[Unit] | None:
    known: list[Unit] = []
    for unit in units:
        if unit is None:
            break
        known.append(unit)
    return known if sum(len(unit.elements) for unit in known) > MAX_ELEMENTS else None
