"""Hashed tokens of an option: what a scorer may learn about wordings, places and what came before.

Each token is a number in [1, VOCABULARY) that stands for a combination, for instance (verb and
object of the subgoal, name of the control). Names that users wrote give one and the same token, so
what strangers call things cannot be learned. Hashes are CRC-32 mixed as FNV-1a does, the same in
every process.

Legend for shapes: C options, L tokens.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from core.pages import Element, Fill, Note, Select
from policies.candidates import Candidate
from policies.items import control_meaning, path_parts
from policies.text import fold
from policies.thesaurus import meaning_of
from policies.view import AgentView

__all__ = ["NUM_TOKENS", "VOCABULARY", "token_rows"]

Ints = npt.NDArray[np.int64]

VOCABULARY = 2_048
"""Token ids are below; 0 is padding."""
_OFFSET = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_MAX_NAME = 40
"""Characters of a wording that count."""
_FIGURE = re.compile(r"\d")


class _OfElement(NamedTuple):
    """Hashes of what an element is."""

    role: int
    name: int
    meaning: int
    href: int


_NOTHING = _OfElement(0, 0, 0, 0)

_COMBINED: tuple[tuple[str, ...], ...] = (
    ("verb", "deed"),
    ("goal", "deed"),
    ("deed", "role", "name"),
    ("goal", "role", "name"),
    ("goal", "meaning"),
    ("last", "deed", "role"),
    ("goal", "last", "deed"),
    ("goal", "last", "meaning"),
    ("goal", "place", "deed"),
    ("goal", "place", "href"),
    ("goal", "noted", "deed"),
    ("look", "deed"),
)
"""What each token of an option is made of."""
NUM_TOKENS = len(_COMBINED)
_OF_VIEW = ("verb", "goal", "last", "place", "noted", "look")
_PARTS = ("", *_OF_VIEW, "deed", *_OfElement._fields)
_MOST_PARTS = max(len(parts) for parts in _COMBINED)
_PLACES = np.array(
    [
        [_PARTS.index(part) for part in (*parts, *("",) * (_MOST_PARTS - len(parts)))]
        for parts in _COMBINED
    ]
)
"""Column of each part of each token; the first column is empty. [L, P]"""
_SALTS = _OFFSET ^ np.arange(1, NUM_TOKENS + 1, dtype=np.uint64)


def token_rows(view: AgentView, options: Sequence[Candidate]) -> Ints:
    """Returns the tokens of each option, [C, L].

    Args:
        view: What the agent sees.
        options: The possible actions.
    """
    elements = view.observation.elements
    own = [_NOTHING if o.element is None else _of_element(elements[o.element]) for o in options]
    shared = (0, *_shared(view))
    rows = [(*shared, _deed(o), *one) for o, one in zip(options, own, strict=True)]
    parts = np.array(rows, np.uint64)
    return _mixed(parts)


def _mixed(parts: npt.NDArray[np.uint64]) -> Ints:
    """Mixes the parts of each token into its number, [C, P] -> [C, L]."""
    mixed = np.broadcast_to(_SALTS, (len(parts), NUM_TOKENS))
    for columns in _PLACES.T:
        mixed = (mixed * _PRIME) ^ parts[:, columns]
    mixed = mixed * _PRIME
    spread = (mixed ^ (mixed >> np.uint64(29))) % np.uint64(VOCABULARY - 1)
    return np.asarray(spread, dtype=np.int64) + 1


def _shared(view: AgentView) -> tuple[int, ...]:
    """Returns the hashes of `_OF_VIEW`."""
    subgoal, page = view.node.subgoal, view.observation
    last = view.history[-1] if view.history else None
    noted = [output.name in view.notes for output in view.node.outputs]
    return (
        _hash(subgoal.verb),
        _hash(f"{subgoal.verb} {subgoal.object}"),
        0 if last is None else _last(last.action.kind, last.label, bool(last.problem)),
        _path_shape(urlsplit(page.url).path),
        _hash(f"{noted}"),
        _hash(f"{view.node.tier} {min(view.expanded, 4)} {page.status >= 400}"),
    )


def _deed(option: Candidate) -> int:
    """Returns the hash of the kind of action, with the argument or output that it is about."""
    action = option.action
    if isinstance(action, Fill | Select):
        return _hash(f"{action.kind} {option.argument}")
    if isinstance(action, Note):
        return _hash(f"note {action.name}")
    return _hash(action.kind)


@lru_cache(maxsize=32_768)
def _of_element(element: Element) -> _OfElement:
    wording = "" if element.ugc else _wording(element.name)
    meaning = "" if element.ugc else meaning_of(element.name) or control_meaning(element.name)[0]
    return _OfElement(
        role=_hash(element.role),
        name=_hash("by a user" if element.ugc else wording),
        meaning=_hash(f"{meaning} {'row' if element.row else ''} {'pressed' in element.state}"),
        href=_path_shape(element.href) if element.href else 0,
    )


def _wording(name: str) -> str:
    return _FIGURE.sub("0", fold(name))[:_MAX_NAME]


def _last(kind: str, label: str, has_problem: bool) -> int:
    return _hash(f"{kind} {label.partition(' ')[0]} {has_problem}")


@lru_cache(maxsize=16_384)
def _path_shape(href: str) -> int:
    """Returns the hash of an address without what it names: `/f/books/new` is `/f/*/new`."""
    parts = path_parts(href.partition("?")[0])
    shape = [part if place % 2 == 0 and not _FIGURE.search(part) else "*"
             for place, part in enumerate(parts)]  # fmt: skip
    return _hash("/".join(shape[:5]))


@lru_cache(maxsize=16_384)
def _hash(text: str) -> int:
    return zlib.crc32(text.encode())
