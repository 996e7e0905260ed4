"""Two ends, and the numbers that may have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import RecordError

__all__ = ["Array", "Interval", "checked_level", "finite"]

Array: TypeAlias = npt.NDArray[np.float64]


class Interval(NamedTuple):
    """A confidence interval, ends included."""

    low: float
    high: float


def finite(values: Sequence[float] | Array, what: str) -> Array:
    """Returns the numbers as an array.

    Args:
        values: Any shape.
        what: Named in the error.

    Raises:
        RecordError: There is none, or one of them is NaN or infinite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise RecordError(f"no {what}: nothing has no interval")
    bad = array[~np.isfinite(array)]
    if bad.size:
        raise RecordError(f"{bad.size} of {array.size} {what} are not finite, such as {bad[0]}")
    return array


def checked_level(level: float) -> float:
    """Returns a confidence level that makes sense.

    Raises:
        RecordError: It is not strictly between 0 and 1.
    """
    if not 0 < level < 1:
        raise RecordError(f"a confidence level is between 0 and 1, not {level!r}")
    return level
