"""Solutions of tasks that act as an agent does: through observations and actions only."""
