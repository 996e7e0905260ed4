"""Thin faces with the names and plain data that users of the first version know."""
