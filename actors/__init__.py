"""The running system: thin Ray shells around plain objects."""
