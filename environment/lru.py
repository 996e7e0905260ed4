"""A bounded memory of what was used last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Lru"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """Keeps values up to a total weight; the least recently used go first. Thread-safe."""

    def __init__(self, capacity: int) -> None:
        """Makes an empty memory.

        Args:
            capacity: Largest sum of weights kept.
        """
        self._capacity = capacity
        self._weight = 0
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    @property
    def weight(self) -> int:
        """Sum of the weights kept."""
        return self._weight

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: K) -> V | None:
        """Returns a value and marks it as used; `None` when it is not there."""
        with self._lock:
            item = self._items.get(key)
            if item is None:
                return None
            self._items.move_to_end(key)
            return item[0]

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Keeps a value; one heavier than the whole memory is not kept."""
        if weight > self._capacity:
            return
        with self._lock:
            old = self._items.pop(key, None)
            self._weight += weight - (old[1] if old else 0)
            self._items[key] = (value, weight)
            while self._weight > self._capacity:
                _, (_, dropped) = self._items.popitem(last=False)
                self._weight -= dropped

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._items.clear()
            self._weight = 0
