"""What the rehearsal asks on the head, one JSON line for each question.

python -m scripts.cluster_test.on_head nodes 3 60     waits until 3 nodes are there
python -m scripts.cluster_test.on_head agents 4 60    the same for 4 web agents
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import ray

_LOOK_S = 0.5


def nodes() -> dict[str, dict[str, float]]:
    """Returns what each living node offers, by its address."""
    alive = [node for node in _nodes() if node["Alive"]]
    return {node["NodeManagerAddress"]: _offers(node["Resources"]) for node in alive}


def agents() -> dict[str, str]:
    """Returns the address of the node that each living web agent is on."""
    from ray.util.state import list_actors

    addresses = {node["NodeID"]: node["NodeManagerAddress"] for node in _nodes()}
    listed = list_actors(
        filters=[("class_name", "=", "WebAgentActor"), ("state", "=", "ALIVE")], limit=100
    )
    return {actor["name"].rpartition("/")[2]: addresses[actor["node_id"]] for actor in listed}


_QUESTIONS: dict[str, Callable[[], Mapping[str, object]]] = {"nodes": nodes, "agents": agents}


def _nodes() -> list[dict[str, Any]]:
    """Returns all nodes as Ray tells of them."""
    return cast(list[dict[str, Any]], ray.nodes())  # type: ignore[no-untyped-call]


def _offers(resources: dict[str, float]) -> dict[str, float]:
    return {name: resources[name] for name in ("CPU", "browser", "learner") if name in resources}


def main(question: str, wanted: int, deadline_s: float) -> int:
    """Joins the Ray of this node and answers, once there is enough to tell or time is over."""
    ray.init(address="auto", logging_level=logging.ERROR, log_to_driver=False)
    deadline = time.monotonic() + deadline_s
    while len(answer := _QUESTIONS[question]()) < wanted and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
