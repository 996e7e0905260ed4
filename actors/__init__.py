"""The running system: thin Ray shells around plain objects, and the same in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.mas import EnhancedWebArenaMAS, run_single_task_test

__all__ = ["EnhancedWebArenaMAS", "run_single_task_test"]


def __getattr__(name: str) -> object:
    """Imports the faces when they are asked for: worker processes never do."""
    if name in __all__:
        from actors import mas

        return getattr(mas, name)
    raise AttributeError(f"module 'actors' has no attribute {name!r}")
