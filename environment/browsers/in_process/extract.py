"""From HTML to units: one pass over the page around its pieces, one over the pieces missing."""

from __future__ import annotations

from collections.abc import Sequence

from selectolax.lexbor import LexborHTMLParser

from environment.browsers.in_process.depth import cut_at_depth
from environment.browsers.in_process.markup import MAX_ELEMENTS
from environment.browsers.in_process.names import Names, text_of
from environment.browsers.in_process.records import Context, Unit
from environment.browsers.in_process.walk import Walk

__all__ = ["CLOSE", "OPEN", "extract_around", "extract_pieces"]

OPEN = "<!--[-->"
CLOSE = "<!--]-->"


def extract_around(html: str, url: str) -> Unit:
    """Extracts a page, or the page around its pieces.

    Args:
        html: The page; each piece is replaced by one `OPEN` comment.
        url: Absolute URL of the page.
    """
    parser = LexborHTMLParser(cut_at_depth(html))
    titles = parser.tags("title")
    body = parser.body
    if body is None:
        return Unit((), (), (), (), "", is_relative=False, is_truncated=False)
    walk = Walk(Names(body), url, None)
    if walk.enter_body(body):
        walk.run(body.first_child)
    return walk.unit(title=text_of(titles[0]) if titles else "")


def extract_pieces(pieces: Sequence[str], contexts: Sequence[Context], url: str) -> list[Unit]:
    """Extracts pieces in one pass over one document made of them.

    Args:
        pieces: HTML of each piece.
        contexts: What each of them inherits, same length.
        url: Absolute URL of the page.

    Returns:
        The units in order. There are fewer than pieces if the page is full before the last one, or
        if a piece is not balanced: then the caller must extract the page as a whole.

    """
    html = "".join(OPEN + _in_table(piece) for piece in pieces)
    parser = LexborHTMLParser("<!doctype html><body>" + cut_at_depth(html))
    body = parser.body
    if body is None:
        return []
    units: list[Unit] = []
    node = body.first_child
    names = Names(body)
    full = 0
    while node is not None and len(units) < len(pieces) and full <= MAX_ELEMENTS:
        walk = Walk(names, url, contexts[len(units)])
        node = walk.run(node.next)
        if walk.is_broken:
            return []
        units.append(walk.unit(title=""))
        full += len(units[-1].elements)
    return units


def _in_table(piece: str) -> str:
    """Rows are dropped by the parser outside of a table; a table around them changes nothing."""
    return f"<table><tbody>{piece}</table>" if piece.lstrip()[:3].lower() == "<tr" else piece
