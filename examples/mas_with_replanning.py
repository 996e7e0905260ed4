"""The whole system on a task: plan, agents, budget, replanning. Starts Ray; needs no key.

python -m examples.mas_with_replanning
"""

from __future__ import annotations

from pydantic import JsonValue

from actors import EnhancedWebArenaMAS

TASKS: tuple[dict[str, JsonValue], ...] = (
    {"intent": "Who wrote the newest post in the books forum?", "sites": ["reddit"]},
    {"intent": "Subscribe to the nosuchforum99 forum.", "sites": ["reddit"]},
)


def main() -> None:
    """Solves two tasks: one that works at once, one whose object does not exist."""
    with EnhancedWebArenaMAS(
        method="p3o", budget=0.02, enable_replanning=True, num_agents=4
    ) as mas:
        for task in TASKS:
            result = mas.solve_task(task)
            print(f"Task: {task['intent']}")
            print(f"  success {result['success']}, status {result['status']}")
            print(f"  cost ${result['cost']:.6f} of $0.02, replans {result['replanning_count']}")
            print(f"  answer {result['answer']}, because: {result['reason']}")


if __name__ == "__main__":
    main()
