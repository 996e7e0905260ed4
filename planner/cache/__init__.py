"""Plans that worked, kept as templates with slots and served only past a guard."""

from planner.cache.store import CacheStatistics, StoredPlans

__all__ = ["CacheStatistics", "StoredPlans"]
