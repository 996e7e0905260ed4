"""Snapshots of worlds: each is built once per process and kept while there is room."""

from __future__ import annotations

from threading import Lock

from environment.lru import Lru
from environment.sites.contract import WorldSpec
from environment.sites.registry import site_named

__all__ = ["snapshot_of"]

_KEPT_BYTES = 256_000_000
_SNAPSHOTS: Lru[tuple[str, WorldSpec], bytes] = Lru(_KEPT_BYTES)
_BUILDING = Lock()


def snapshot_of(site: str, spec: WorldSpec) -> bytes:
    """Returns the world of a spec as the bytes of a database; the same bytes each time.

    Args:
        site: Name of an embedded site.
        spec: Which world.

    Raises:
        KeyError: There is no such site.
    """
    key = site, spec
    known = _SNAPSHOTS.get(key)
    if known is not None:
        return known
    with _BUILDING:  # two threads that want the same world build it once
        known = _SNAPSHOTS.get(key)
        if known is None:
            known = site_named(site).build(spec)
            _SNAPSHOTS.put(key, known, len(known))
    return known
