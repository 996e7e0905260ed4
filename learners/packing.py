"""Fragments as they travel: without the rows of inactive agents and without padding.

A fragment of web episodes is mostly padding: four agents of which one acts, sets of options padded
to the longest. What is left out is nothing that anybody reads, and `unpack` gives back arrays that
may be written to, which arrays in a shared object store may not.

Legend as in `learners.fragments`; R rows of active agents, M real candidates of these rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from learners.fragments import Fragment

__all__ = ["PackedFragment", "pack", "unpack"]

Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedFragment:
    """What `unpack` makes a fragment from."""

    light: Fragment
    """Everything but features, tokens, which are empty here."""
    features: npt.NDArray[np.float32]
    """[R, F], with candidates [M, F]"""
    tokens: npt.NDArray[np.int32] | None
    """[M, L]"""
    shape: tuple[int, ...]
    """Of the features before."""


def pack(fragment: Fragment) -> PackedFragment:
    """Returns a fragment without padding."""
    chosen = _chosen(fragment)
    tokens = fragment.tokens
    return PackedFragment(
        light=replace(
            fragment,
            features=fragment.features[:0],
            tokens=None if tokens is None else tokens[:0],
        ),
        features=fragment.features[chosen],
        tokens=None if tokens is None else tokens[chosen].astype(np.int32),
        shape=fragment.features.shape,
    )


def unpack(packed: PackedFragment) -> Fragment:
    """Returns the fragment; zeros stand where padding stood."""
    light = packed.light
    chosen = _chosen(light)
    features = np.zeros(packed.shape, dtype=np.float32)
    features[chosen] = packed.features
    tokens = None
    if packed.tokens is not None:
        tokens = np.zeros((*packed.shape[:-1], packed.tokens.shape[-1]), dtype=np.int64)
        tokens[chosen] = packed.tokens
    return replace(
        light,
        features=features,
        tokens=tokens,
        critic_t=_own(light.critic_t),
        critic_last=_own(light.critic_last),
        final_critic=_own(light.final_critic),
    )


def _chosen(fragment: Fragment) -> npt.NDArray[np.bool_]:
    """Which rows are kept: of active agents and, with candidates, of real ones."""
    if fragment.features.ndim == 5:
        assert fragment.mask is not None, "candidates have a mask"
        return np.asarray(fragment.mask & fragment.active[..., None])
    return fragment.active


def _own(values: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
    """Returns an array that torch may share: one that can be written to."""
    return values.copy()
