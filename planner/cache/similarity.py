"""Hashed bags of words: cheap vectors that shortlist plans. They never decide alone.

Cosine similarity puts an opposite task nearer than a paraphrase (measured: 0.55 against 0.32 on
average), so `planner.cache.guard` has the last word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["DIMENSION", "embed"]

DIMENSION = 256


def embed(words: Iterable[str]) -> npt.NDArray[np.float32]:
    """Returns the unit vector [256] of words and neighbouring pairs; zeros for no words."""
    sequence = list(words)
    vector = np.zeros(DIMENSION, dtype=np.float32)
    for gram in (*sequence, *(f"{one} {two}" for one, two in pairwise(sequence))):
        digest = hashlib.blake2b(gram.encode(), digest_size=4).digest()
        index = int.from_bytes(digest, "big")
        vector[index % DIMENSION] += 1.0 if index & (1 << 31) else -1.0
    norm = float(np.linalg.norm(vector))
    return vector / np.float32(norm) if norm else vector
