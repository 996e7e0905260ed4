"""Builds the forum's worlds.

`build_world` turns a `WorldSpec` into the bytes of one SQLite database; the same spec always
gives the same bytes. `WorldIndex` reads such bytes back into plain rows. `attacks_of` lists what
was planted in a world with attacks; only a judge may look at it.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from random import Random
from typing import NamedTuple

from environment.sites.contract import WorldSpec
from environment.sites.reddit.world.attacks import Attack, AttackKind, Sign, SignKind, plant
from environment.sites.reddit.world.generated import generated_draft
from environment.sites.reddit.world.index import WorldIndex
from environment.sites.reddit.world.official import official_draft
from environment.sites.reddit.world.official_posts import entities
from environment.sites.reddit.world.rows import (
    DEFAULT_PASSWORD,
    DEFAULT_USER,
    NOW,
    Comment,
    Draft,
    Forum,
    Message,
    Notification,
    Submission,
    User,
)
from environment.sites.reddit.world.store import to_bytes

__all__ = [
    "DEFAULT_PASSWORD",
    "DEFAULT_USER",
    "NOW",
    "Attack",
    "AttackKind",
    "Comment",
    "Forum",
    "Message",
    "Notification",
    "Sign",
    "SignKind",
    "Submission",
    "User",
    "WorldIndex",
    "attacks_of",
    "build_world",
]


def build_world(spec: WorldSpec) -> bytes:
    """Builds the world of a spec as the bytes of one SQLite database.

    Raises:
        ValueError: The profile is neither `generated` nor `official`.
    """
    return _build(spec).snapshot


def attacks_of(spec: WorldSpec) -> tuple[Attack, ...]:
    """Returns the attacks in the world of a spec; none unless the spec asks for them.

    Raises:
        ValueError: The profile is neither `generated` nor `official`.
    """
    return _build(spec).attacks


class _Built(NamedTuple):
    snapshot: bytes
    attacks: tuple[Attack, ...]


@lru_cache(maxsize=8)
def _build(spec: WorldSpec) -> _Built:
    draft = _draft(spec)
    attacks: tuple[Attack, ...] = ()
    if spec.attacks:
        spared = [said.id for said in entities().said] if spec.profile == "official" else []
        attacks = plant(_rng(spec, "attacks"), draft, spared=spared)
    return _Built(to_bytes(draft), attacks)


def _draft(spec: WorldSpec) -> Draft:
    rng = _rng(spec, "world")
    if spec.profile == "generated":
        return generated_draft(rng)
    if spec.profile == "official":
        return official_draft(rng)
    raise ValueError(f"unknown world profile: {spec.profile}")


def _rng(spec: WorldSpec, purpose: str) -> Random:
    """Returns the chance of one part of a world; attacks leave the rest of a world as it is."""
    digest = sha256(f"{purpose}/{spec.profile}/{spec.seed}".encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))
