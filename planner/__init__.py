"""From a task and a budget to a plan; from an event to a better plan."""
