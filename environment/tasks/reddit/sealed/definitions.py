"""All sealed definitions, in order of their ids."""

from __future__ import annotations

from environment.tasks.reddit.sealed import changing, moving, reading, refusing
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition

__all__ = ["DEFINITIONS"]

DEFINITIONS: tuple[Definition[ForumView], ...] = (
    *reading.DEFINITIONS,
    *moving.DEFINITIONS,
    *changing.DEFINITIONS,
    *refusing.DEFINITIONS,
)
