"""Open templates: what rules and features may be written and trained with."""
