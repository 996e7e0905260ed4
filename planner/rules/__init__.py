"""A planner that needs no model: rules over the words of an intent.

masking -> clauses -> frames -> recipes | questions | visits -> draft -> plan
"""

from planner.rules.planner import RulesPlanner

__all__ = ["RulesPlanner"]
