"""When a running plan should change, and how, without running anything. Needs no key.

python -m examples.replanning_engine
"""

from __future__ import annotations

from pydantic import JsonValue

from planner import LLMOrchestratorPolicy, ReplanningEngine

TASK: dict[str, JsonValue] = {
    "task_id": 404,
    "intent": "Upvote the newest post in f/books",
    "sites": ["reddit"],
}


def main() -> None:
    """Shows triggers, then repairs the same failure until nothing is left to try."""
    policy = LLMOrchestratorPolicy("rules", "none", budget=0.01)
    dag, _ = policy.generate_dag(TASK)
    engine = ReplanningEngine(policy, replan_threshold=0.5, max_replans_per_task=3)
    calm: dict[str, JsonValue] = {**TASK, "budget": 0.01, "spent": 0.001, "completed_nodes": [0]}
    failure: dict[str, JsonValue] = {
        "node": 1,
        "kind": "action",
        "reason": "no vote button on the page",
    }
    cases: tuple[tuple[str, dict[str, JsonValue]], ...] = (
        ("all is well", calm),
        ("an unsure success", {**calm, "confidence": 0.2}),
        ("a failed subtask", {**calm, "failure": failure}),
    )
    for name, state in cases:
        wanted, reason = engine.should_replan(state, [], dag)
        print(f"{name}: {'replan, ' + reason if wanted else 'go on'}")
    stuck: dict[str, JsonValue] = {**calm, "failure": failure}
    current = dag
    for attempt in range(1, 6):
        told = engine.execute_replanning(current, stuck, "stuck", completed_nodes=[0])
        print(f"attempt {attempt}: {told['repair']}, plan changed: {told['changed']}")
        if not told["changed"]:
            print("the same failure is not repaired twice in the same way: no replan storm")
            return
        current = {"dag": told["dag"]}


if __name__ == "__main__":
    main()
