"""Types and ports that every room speaks."""
