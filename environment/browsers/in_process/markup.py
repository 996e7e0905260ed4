"""What the extraction rules call things: kinds of tags, white space, limits, decoding.

The rules themselves are in `environment/browsers/extraction.md`.
"""

from __future__ import annotations

import codecs
import re

__all__ = [
    "BLOCKS",
    "BUTTON_TYPES",
    "HEADINGS",
    "MAX_CHARACTERS",
    "MAX_ELEMENTS",
    "ROWS",
    "SCOPES",
    "SKIPPED",
    "SPACES",
    "decode",
    "is_skipped",
    "squeeze",
]

MAX_CHARACTERS = 4_000
"""Longest name, text or value, in code points."""
MAX_ELEMENTS = 5_000
"""Most elements of one page."""

_words = str.split

SKIPPED = frozenset(_words("script style template noscript svg head datalist option"))
HEADINGS = {f"h{level}": f"level={level}" for level in range(1, 7)}
"""Tag to state."""
BLOCKS = frozenset(
    _words(
        "address article aside blockquote body dd details dialog div dl dt fieldset figcaption "
        "figure footer form h1 h2 h3 h4 h5 h6 header hr legend li main nav ol p pre section "
        "summary table tbody td tfoot th thead tr ul caption"
    )
)
SCOPES = frozenset(
    _words("article section nav aside main form fieldset li tr table dialog details header footer")
)
ROWS = frozenset(("article", "li", "tr"))
BUTTON_TYPES = frozenset(("submit", "button", "reset", "image"))

SPACES = " \t\n\r\f\xa0"
_SPACES = re.compile(f"[{SPACES}]+")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]*charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_LATIN = frozenset(("iso-8859-1", "iso8859-1", "latin-1", "latin1", "us-ascii", "ascii"))


def squeeze(text: str) -> str:
    """Collapses runs of white space, strips the ends and cuts at `MAX_CHARACTERS`."""
    text = text.strip(SPACES)
    if text.isascii() and text.isprintable():  # the only white space is the space
        return (text if "  " not in text else " ".join(text.split()))[:MAX_CHARACTERS]
    return _SPACES.sub(" ", text)[:MAX_CHARACTERS]


def is_skipped(attributes: dict[str, str | None]) -> bool:
    """Tells whether an element's attributes take it and all it contains out of the page."""
    return "hidden" in attributes or attributes.get("aria-hidden") == "true"


def decode(body: bytes, content_type: str) -> str:
    r"""Decodes a body; what is not valid in its encoding becomes U+FFFD.

    A byte order mark wins, then the header's charset, then a `meta` in the first 1,024 bytes, then
    UTF-8. Line ends become `\n`.
    """
    if body.startswith(codecs.BOM_UTF8):
        text = body[3:].decode("utf-8", "replace")
    elif body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = body.decode("utf-16", "replace")
    else:
        text = body.decode(_encoding(body, content_type), "replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _encoding(body: bytes, content_type: str) -> str:
    found = _CHARSET.search(content_type)
    if found:
        name = found.group(1)
    else:
        meta = _META_CHARSET.search(body[:1024])
        name = meta.group(1).decode("ascii") if meta else "utf-8"
    if name.lower() in _LATIN:  # as browsers read it
        return "cp1252"
    try:
        text_encoding = codecs.lookup(name)._is_text_encoding  # `hex` and `zip` are codecs too
    except LookupError:
        return "utf-8"
    return name if text_encoding else "utf-8"
