"""A guard against markup that nests without end.

The parser's time grows with the square of the depth: half a megabyte of 60,000 nested lists takes
it half a minute. No page of a site comes near the limit; Chromium flattens what is deeper than 512.
"""

from __future__ import annotations

import re

__all__ = ["MAX_DEPTH", "cut_at_depth"]

MAX_DEPTH = 12_000
"""Open elements at one place of a page."""

_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*)")
_NOT_NESTING = frozenset(
    (
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"),
        *("track", "wbr", "p", "li", "dt", "dd", "option", "optgroup", "td", "th", "tr"),
        *("tbody", "thead", "tfoot", "colgroup", "rt", "rp"),
    )
)
"""Without an end tag, or closed by the next of its kind."""


def cut_at_depth(html: str) -> str:
    """Returns a page up to where it nests deeper than `MAX_DEPTH`; all of it if it does not."""
    if html.count("<") <= MAX_DEPTH:
        return html
    depth = 0
    for tag in _TAG.finditer(html):
        if tag.group(2).lower() in _NOT_NESTING:
            continue
        depth = max(0, depth - 1) if tag.group(1) else depth + 1
        if depth > MAX_DEPTH:
            return html[: tag.start()]
    return html
