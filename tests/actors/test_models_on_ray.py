"""The same on Ray: planner and agent ask the model from their own processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors import EnhancedWebArenaMAS
from actors.assembly import default_assembly
from actors.event_log import read_run
from actors.folds import fold_episode
from actors.system import Call, SolveResult, System
from core.events import ModelCalled
from environment.tasks.loader import load_task
from planner.requests import PlanRequest
from policies.profiles import DEFAULT_POOL
from tests.actors.model_for_tests import MODEL, PRICES, ModelServer, Upvoter, model_serving, reply

pytestmark = pytest.mark.ray

TASK = load_task("404")


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    host = default_assembly().world(TASK, {})
    task = TASK.public({site: host.base_url(site) for site in TASK.sites})
    host.close()
    upvoter = Upvoter(PlanRequest(task=task, agents=DEFAULT_POOL, budget=200_000))
    with model_serving(lambda received: upvoter(received)) as serving:
        yield serving


def test_a_model_plans_and_acts_on_ray(
    ray_instance: None, server: ModelServer, tmp_path: Path
) -> None:
    del ray_instance
    calls: list[ModelCalled] = []

    def hear(envelope) -> None:
        if isinstance(envelope.body, ModelCalled):
            calls.append(envelope.body)

    assembly = default_assembly(model=MODEL, model_url=server.url, prices=PRICES)
    with System.start(assembly, runs=tmp_path, run="m") as system:
        result: SolveResult = system.solve(Call(task=TASK, budget=0.2), on_event=hear)
        fold = fold_episode(read_run(system.folder), result.episode)
    assert result.verdict is not None
    assert result.verdict["strict"], result.reason
    assert fold.plans[0].origin == "qwen2.5"
    assert len(calls) == len(server.received) >= 5
    assert fold.money.open == 0
    assert fold.money.settled == fold.spent == result.spent
    by_model = sum(amount for key, amount in fold.settled.items() if "/model" in key)
    assert by_model == sum(call.spent for call in calls) > 0


def test_the_old_face_says_what_the_model_cost_and_falls_back_with_a_note(
    ray_instance: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del ray_instance
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    task = {"task_id": 404, "intent": TASK.intent, "sites": ["reddit"]}
    with EnhancedWebArenaMAS(
        "p3o", 0.05, use_llm_orchestrator=True, llm_model="gpt-4-turbo", runs=tmp_path
    ) as mas:
        result = mas.solve_task(task)
    assert result["success"] is True, result["reason"]
    assert result["planner"] == "rules"
    assert "OPENAI_API_KEY" in result["note"]
    assert result["model"]["calls"] == 0
    with (
        model_serving(lambda _: reply("I would rather not say.")) as server,
        EnhancedWebArenaMAS(
            budget=0.2,
            use_llm_orchestrator=True,
            llm_model=MODEL,
            model_url=server.url,
            prices=PRICES,
            runs=tmp_path,
        ) as mas,
    ):
        result = mas.solve_task(task)
    assert result["success"] is True, result["reason"]
    assert (result["planner"], result["note"]) == ("rules", "")
    assert result["model"]["calls"] == 3, "one question and two corrections"
    assert 0 < result["model"]["cost"] < result["cost"] <= 0.2
