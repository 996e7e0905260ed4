"""Arrays of single steps joined into arrays of a fragment; candidates are padded to the longest."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from learners.contract import EnvSpec, Obs
from learners.fragments import Episodes

__all__ = ["joined", "joined_episodes", "stacked_obs"]

Kind = TypeVar("Kind", bound=np.generic)


def stacked_obs(
    seen: list[Obs],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_] | None, npt.NDArray[np.int64] | None]:
    """Returns features, mask and tokens of all steps, [T, N, A, ...]."""
    if seen[0].features.ndim == 3:
        masks = [obs.mask for obs in seen if obs.mask is not None]
        features = np.stack([obs.features for obs in seen]).astype(np.float32)
        return features, np.stack(masks) if masks else None, None
    widest = max(obs.features.shape[2] for obs in seen)
    features = np.stack([_padded(obs.features, widest) for obs in seen]).astype(np.float32)
    mask = np.stack([_padded(obs.mask, widest) for obs in seen if obs.mask is not None])
    tokens = [_padded(obs.tokens, widest) for obs in seen if obs.tokens is not None]
    return features, mask, np.stack(tokens).astype(np.int64) if tokens else None


def _padded(values: npt.NDArray[Kind], widest: int) -> npt.NDArray[Kind]:
    missing = widest - values.shape[2]
    if not missing:
        return values
    edges = [(0, 0), (0, 0), (0, missing)] + [(0, 0)] * (values.ndim - 3)
    return np.pad(values, edges)


def joined(parts: list[npt.NDArray[Kind]], empty: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
    """Returns the parts end to end, or the empty array if there is none."""
    return np.concatenate(parts) if parts else empty


def joined_episodes(parts: list[Episodes], spec: EnvSpec) -> Episodes:
    """Returns all episodes in the order of their ends."""
    names = (
        [name for name in parts[0].info if all(name in part.info for part in parts)]
        if parts
        else []
    )
    ints = np.zeros(0, dtype=np.int64)
    return Episodes(
        reward=joined([part.reward for part in parts], np.zeros(0)),
        costs=joined([part.costs for part in parts], np.zeros((0, len(spec.costs)))),
        length=joined([part.length for part in parts], ints),
        effective_length=joined([part.effective_length for part in parts], np.zeros(0)),
        start_version=joined([part.start_version for part in parts], ints),
        end_tick=joined([part.end_tick for part in parts], ints),
        failed=joined([part.failed for part in parts], np.zeros(0, dtype=bool)),
        info={name: np.concatenate([part.info[name] for part in parts]) for name in names},
    )
