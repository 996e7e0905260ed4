"""A plan is checked, repaired, remembered, and served for a paraphrase only. Needs no key.

python -m examples.caching_and_validation [folder]
"""

from __future__ import annotations

import sys
from copy import deepcopy

from pydantic import JsonValue

from planner import DAGCacheManager, DAGValidator, LLMOrchestratorPolicy

TASK: dict[str, JsonValue] = {
    "intent": "Upvote the newest post in f/books",
    "sites": ["reddit"],
    "budget": 0.01,
}
NEXT = (
    "Like the latest submission of the nyc forum",
    "Downvote the newest post in f/nyc",
    "Upvote the oldest post in f/nyc",
)


def main(folder: str | None = None) -> None:
    """Validates and repairs a damaged plan, then fills and asks a cache."""
    dag_json, _ = LLMOrchestratorPolicy("rules", "none", budget=0.01).generate_dag(TASK)
    validator = DAGValidator(max_nodes=12, num_agents=4)
    damaged = deepcopy(dag_json)
    damaged["dag"]["nodes"][1]["agent"] = "nobody"  # type: ignore[index,call-overload]
    print("as planned:", validator.validate_complete(dag_json, TASK))
    print("damaged:   ", validator.validate_complete(damaged, TASK))
    _, repairs, left = validator.repair(damaged, TASK)
    print("repaired:  ", repairs, "left:", left)

    cache = DAGCacheManager(folder, max_cache_size=100)
    cache.cache_successful_dag(TASK, dag_json, {"cost": 0.001, "replanning_count": 0})
    for intent in NEXT:
        found = cache.retrieve({**TASK, "intent": intent})
        print(f"{intent!r}: {'served' if found else 'not served, ' + cache.last_reason}")
    print("statistics:", cache.statistics())


if __name__ == "__main__":
    main(*sys.argv[1:2])
