"""Types and ports that every room speaks."""

from core.budget import BudgetTracker

__all__ = ["BudgetTracker"]
