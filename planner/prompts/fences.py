"""Fences around what pages and people on them say: data, never instruction.

    <<<DATA 3f0c… from http://…/post/1
    …
    DATA 3f0c…>>>

The mark is a hash of source and content, so it needs no randomness (the same page gives the same
prompt, and recordings stay valid), and nobody can write a content that holds its own mark. Runs of
three angle brackets inside of the content are broken up, so no fence of any mark stands in it.

What this does not do: it does not make a model obey. It makes the border visible; the plan that
comes back is checked by rules that know nothing of the page.
"""

from __future__ import annotations

import hashlib
import re

__all__ = ["fence", "one_line"]

_MAX_SOURCE = 300
_BRACKETS = re.compile(r"<{3,}|>{3,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069]")
"""Control characters and invisible ones that hide or reorder text."""


def fence(content: str, source: str) -> str:
    """Returns content between marks that say where it is from."""
    said, origin = _harmless(content), one_line(source)
    mark = hashlib.blake2b(f"{origin}\n{said}".encode(), digest_size=10).hexdigest()
    return f"<<<DATA {mark} from {origin}\n{said}\nDATA {mark}>>>"


def one_line(text: str, limit: int = _MAX_SOURCE) -> str:
    """Returns a text that can stand outside of a fence: one line, no brackets, no end in sight."""
    flat = " ".join(_harmless(text).split())
    return flat if len(flat) <= limit else flat[:limit] + "..."


def _harmless(text: str) -> str:
    plain = _CONTROL.sub("", text.encode("utf-8", "replace").decode())
    return _BRACKETS.sub(lambda match: " ".join(match[0]), plain)
