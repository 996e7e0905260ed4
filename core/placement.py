"""What nodes of a cluster offer and actors ask for, beside CPUs: custom resources of Ray. Pure.

    browser   room for one web agent with a Chromium of its own: memory, not CPU, is what runs out
    learner   room for one learner process

A node says what it offers when its Ray starts (`cluster.yaml`, `scripts/node_resources.py`). An
actor asks only where some node offers it, so that a laptop needs neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["BROWSER", "LEARNER", "asked", "browser_slots", "is_on_loopback"]

BROWSER: Final = "browser"
"""Name of the resource that a web agent asks for."""
LEARNER: Final = "learner"
"""Name of the resource that a learner process asks for."""
_GIB = 2**30
_AGENT_BYTES = 1 * _GIB
"""One agent: 0.1 GB of Python, 0.3 GB of Chromium with its first page, 0.04 GB for each further
page, 0.03 GB for each of at most 16 idle contexts (measured, rounded up)."""
_NODE_BYTES = 3 * _GIB
"""The rest of a node: system 1, object store 1, Ray's processes 0.5, and 0.5 that stay free."""


def asked(resource: str, offered: Mapping[str, float]) -> dict[str, float]:
    """Returns one unit of a resource where a cluster offers any, nothing elsewhere.

    Args:
        resource: `BROWSER` or `LEARNER`.
        offered: Resources of the whole cluster by name, those in use included.
    """
    return {resource: 1.0} if offered.get(resource, 0.0) >= 1.0 else {}


def browser_slots(memory_bytes: int) -> int:
    """Returns how many web agents with a Chromium each a node's memory holds; at least one."""
    return max((memory_bytes - _NODE_BYTES) // _AGENT_BYTES, 1)


def is_on_loopback(host: str) -> bool:
    """Tells whether a host or a pattern of hosts, with or without port, names this machine.

    >>> is_on_loopback("*.localhost"), is_on_loopback("127.0.0.1:80"), is_on_loopback("a.org")
    (True, True, False)
    """
    name = host.rpartition("://")[2].lower()
    if name.startswith("[::1]"):
        return True
    name = name.partition(":")[0]
    return name == "localhost" or name.endswith(".localhost") or name.startswith("127.")
