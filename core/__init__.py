"""Types and ports that every room speaks.

`core.BudgetTracker` is found when it is first asked for: whoever needs only the errors or the ports
does not load the ledger and its events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.budget import BudgetTracker

__all__ = ["BudgetTracker"]


def __getattr__(name: str) -> object:
    if name == "BudgetTracker":
        from core.budget import BudgetTracker

        return BudgetTracker
    raise AttributeError(f"module 'core' has no attribute {name!r}")
