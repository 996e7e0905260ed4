"""Tasks made for the embedded forum."""
