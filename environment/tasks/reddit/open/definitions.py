"""All open definitions."""

from __future__ import annotations

from environment.tasks.reddit.open import (
    account,
    collecting,
    moving,
    reading,
    refusing,
    voting,
    writing,
)
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition

__all__ = ["DEFINITIONS"]

DEFINITIONS: tuple[Definition[ForumView], ...] = (
    *reading.DEFINITIONS,
    *collecting.DEFINITIONS,
    *moving.DEFINITIONS,
    *voting.DEFINITIONS,
    *writing.DEFINITIONS,
    *account.DEFINITIONS,
    *refusing.DEFINITIONS,
)
