"""Independent streams of randomness from one seed and a path of names."""

from __future__ import annotations

import hashlib
import random

__all__ = ["derive_seed", "generator"]


def derive_seed(seed: int, *path: str | int) -> int:
    """Returns a 63-bit seed for a named stream.

    The same (seed, path) always gives the same value; different paths give unrelated values.

    Args:
        seed: The run's seed.
        path: Names and numbers that say what the stream is for.
    """
    text = "\x1f".join([str(seed), *(f"{type(part).__name__}:{part}" for part in path)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def generator(seed: int, *path: str | int) -> random.Random:
    """Returns a generator for a named stream."""
    return random.Random(derive_seed(seed, *path))
