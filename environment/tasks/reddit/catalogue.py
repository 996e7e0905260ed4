"""All templates of the forum: each definition with its solution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from core.errors import InvariantError
from environment.tasks.reddit.open import (
    solved_moving,
    solved_reading,
    solved_voting,
    solved_writing,
)
from environment.tasks.reddit.open.definitions import DEFINITIONS as OPEN_DEFINITIONS
from environment.tasks.reddit.sealed import solved_changing
from environment.tasks.reddit.sealed import solved_reading as sealed_reading
from environment.tasks.reddit.sealed.definitions import DEFINITIONS as SEALED_DEFINITIONS
from environment.tasks.reddit.view import ForumView
from environment.tasks.templates import Definition, Solution, Template

__all__ = ["OPEN", "SEALED"]


def _paired(
    definitions: Iterable[Definition[ForumView]], solutions: Mapping[str, Solution]
) -> Mapping[str, Template[ForumView]]:
    """Puts definitions and solutions together.

    Raises:
        InvariantError: A definition has no solution, or a solution no definition.
    """
    named = {definition.name: definition for definition in definitions}
    if named.keys() != solutions.keys():
        raise InvariantError(f"unpaired templates: {sorted(named.keys() ^ solutions.keys())}")
    return MappingProxyType(
        {
            name: Template(definition=definition, solution=solutions[name])
            for name, definition in named.items()
        }
    )


OPEN: Mapping[str, Template[ForumView]] = _paired(
    OPEN_DEFINITIONS,
    {
        **solved_reading.SOLUTIONS,
        **solved_moving.SOLUTIONS,
        **solved_voting.SOLUTIONS,
        **solved_writing.SOLUTIONS,
    },
)
"""Template id to template, for training and for writing rules."""

SEALED: Mapping[str, Template[ForumView]] = _paired(
    SEALED_DEFINITIONS, {**sealed_reading.SOLUTIONS, **solved_changing.SOLUTIONS}
)
"""Template id to template, for measuring only."""
