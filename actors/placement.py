"""On which node of a cluster a web agent runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypedDict, cast

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from core.placement import BROWSER, asked

__all__ = ["AgentPlace", "offered", "place_agents"]


class AgentPlace(TypedDict):
    """Options of an agent's actor that say where it runs."""

    resources: dict[str, float]
    scheduling_strategy: NodeAffinitySchedulingStrategy | Literal["SPREAD"]


def offered() -> dict[str, float]:
    """Returns the resources of the cluster that this process has joined, those in use included."""
    return cast(dict[str, float], ray.cluster_resources())  # type: ignore[no-untyped-call]


def place_agents(
    resources: Mapping[str, float], *, near: NodeAffinitySchedulingStrategy | None
) -> AgentPlace:
    """Returns the options for web agents.

    They spread over the nodes that have room for browsers, over all nodes where none says so.

    Args:
        resources: Resources of the cluster by name.
        near: The node that agents must share, because their pages are on its loopback; `None`:
            any node will do.
    """
    if near is not None:
        return AgentPlace(resources={}, scheduling_strategy=near)
    return AgentPlace(resources=asked(BROWSER, resources), scheduling_strategy="SPREAD")
