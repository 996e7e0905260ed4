"""Torch networks of actors and critics; the actors have numpy twins in `policies.networks`."""
