"""Measures what DESIGN §9 sets targets for. Run as `python -m scripts.bench`."""
