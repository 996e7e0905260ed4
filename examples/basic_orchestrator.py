"""From a task to a plan, and the decisions that were taken in it. Needs no key.

python -m examples.basic_orchestrator
python -m examples.basic_orchestrator gpt-5-mini        with OPENAI_API_KEY set
"""

from __future__ import annotations

import sys
from typing import cast

from pydantic import JsonValue

from core.budget import BudgetTracker
from planner import DAGValidator, LLMOrchestratorPolicy, build_context

TASK: dict[str, JsonValue] = {
    "task_id": 404,
    "intent": "Upvote the newest post in f/books and comment 'Good read' on it",
    "sites": ["reddit"],
}
BUDGET = 0.02


def main(model: str = "rules") -> None:
    """Plans one task and prints the plan with its decisions."""
    policy = LLMOrchestratorPolicy(model, method="p3o", budget=BUDGET, max_nodes=12, num_agents=4)
    context = build_context(
        TASK, current_observation=None, trajectory=[], budget_tracker=BudgetTracker(BUDGET)
    )
    dag_json, logits = policy.generate_dag(context)
    dag = cast("dict[str, list[dict[str, object]]]", dag_json["dag"])
    print(f"Task: {TASK['intent']}")
    for node in dag["nodes"]:
        goal = cast("dict[str, str]", node["subgoal"])
        print(
            f"  node {node['id']}: {goal['verb']} {goal['object']} "
            f"-> {node['agent']} at tier {node['tier']}"
        )
    valid, errors = DAGValidator(max_nodes=12, num_agents=4).validate_complete(dag_json, context)
    print(f"Valid: {valid} {errors or ''}")
    print(f"Planner: {dag_json['origin']}; log probability: {logits['log_prob']}")
    if dag_json["fell_back"]:
        print(f"The model's plan is missing: {dag_json['fell_back']}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
