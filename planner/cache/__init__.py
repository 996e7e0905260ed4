"""Plans that worked, kept as templates with slots and served only past a guard."""

from planner.cache.reading import Reading, read_task
from planner.cache.store import CacheStatistics, StoredPlans

__all__ = ["CacheStatistics", "Reading", "StoredPlans", "read_task"]
