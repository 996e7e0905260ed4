"""From the string that the page gave to an `Observation`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from core.pages import Element, Observation

__all__ = ["TRUNCATED", "Reply", "empty_page", "parse_reply"]

TRUNCATED: Final = "page truncated at 5000 elements"
_WIDTH: Final = 8
"""Positional fields of a row: role, name, value, state, heading, row, href, ugc."""
_DEFAULTS: Final = Element("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the page answered: an observation, or what is still to be done by mouse or keyboard."""

    observation: Observation | None = None
    is_complete: bool = True
    """Whether the page had loaded everything."""
    mouse: tuple[float, float] | None = None
    """Where to click, in CSS pixels of the viewport."""
    key: str = ""
    """Which key to press."""


def parse_reply(text: str) -> Reply:
    """Reads the JSON that `agent.js` gives.

    Args:
        text: One compact JSON object; our own script wrote it, so it is well formed.
    """
    data = json.loads(text)
    if "mouse" in data:
        x, y = data["mouse"]
        return Reply(mouse=(x, y))
    if "key" in data:
        return Reply(key=data["key"])
    page = data["page"]
    problems = [data["problem"] or "", TRUNCATED if page["truncated"] else ""]
    return Reply(
        is_complete=data["ready"],
        observation=Observation(
            url=page["url"],
            title=page["title"],
            status=page["status"],
            elements=tuple(map(_element, page["elements"])),
            problem="; ".join(filter(None, problems)),
        ),
    )


def empty_page(url: str, problem: str) -> Observation:
    """A page of which nothing is known but why."""
    return Observation(url=url, title="", status=0, elements=(), problem=problem)


def _element(row: list[object]) -> Element:
    """Fills up what the page left out: empty fields at the end."""
    if len(row) > _WIDTH:
        return Element._make((*row[:_WIDTH], tuple(_labels(row[_WIDTH]))))
    return Element._make((*row, *_DEFAULTS[len(row) :]))


def _labels(options: object) -> list[str]:
    return options if isinstance(options, list) else []
