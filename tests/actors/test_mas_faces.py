from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from actors import EnhancedWebArenaMAS
from actors.assembly import default_assembly
from core.errors import ConfigurationError


@pytest.fixture
def mas(tmp_path: Path) -> EnhancedWebArenaMAS:
    return EnhancedWebArenaMAS(runs=tmp_path)


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ({"intent": "x", "sites": ["atlantis"]}, "cannot reach atlantis: embedded are reddit"),
        ({"intent": "x", "sites": []}, "cannot reach any site"),
        ({"sites": ["reddit"]}, "intent"),
        ({"intent": 5, "sites": "reddit"}, "intent"),
    ],
)
def test_a_task_that_cannot_be_run_is_a_result_with_a_reason(mas, task, reason) -> None:
    result = mas.solve_task(task)
    assert result["success"] is False
    assert (result["cost"], result["replanning_count"]) == (0.0, 0)
    assert reason in result["reason"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "guess"}, "method is one of p3o, ppo_lagrangian, macpo"),
        ({"budget": -1.0}, "a budget is a number of dollars"),
        ({"num_agents": 0}, "at least one agent"),
        ({"use_llm_orchestrator": True, "llm_model": "hal"}, "no model has the name 'hal'"),
    ],
)
def test_a_setting_out_of_range_says_what_is_allowed(settings, message) -> None:
    with pytest.raises(ConfigurationError, match=message):
        EnhancedWebArenaMAS(**settings)


def test_a_model_that_nobody_named_and_nobody_has_a_key_for_is_no_mistake(monkeypatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    mas = EnhancedWebArenaMAS(use_llm_orchestrator=True)
    assert mas.llm_model == "rules"
    assert "no key for a model" in mas.note
    monkeypatch.setenv("GOOGLE_API_KEY", "k")
    mas = EnhancedWebArenaMAS(use_llm_orchestrator=True)
    assert (mas.llm_model, mas.note) == ("gemini-2.5-flash", "")


def test_no_key_gets_into_what_crosses_process_borders(monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    assembly = default_assembly(model="gpt-4o")
    assert b"very-secret" not in pickle.dumps(assembly)
    assert "very-secret" not in repr(assembly)
    assembly.planner()
    assert b"very-secret" not in pickle.dumps(assembly)


def test_the_method_may_be_spelled_in_other_ways() -> None:
    assert EnhancedWebArenaMAS("PPO-Lagrangian").method == "ppo_lagrangian"


@pytest.mark.parametrize(
    ("number", "names"), [(1, ["generalist"]), (9, 4), (2, ["editor", "generalist"])]
)
def test_a_small_pool_keeps_those_who_can_do_most(number, names) -> None:
    agents = [agent.id for agent in default_assembly(num_agents=number).agents]
    assert agents == names or len(agents) == names


def test_importing_the_actors_starts_nothing_and_a_web_agent_never_imports_torch() -> None:
    code = (
        "import sys, actors, actors.web_agent; import ray; "
        "assert not ray.is_initialized(); assert 'torch' not in sys.modules; "
        "assert 'planner.rules' not in sys.modules; assert 'webarena_verified' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.ray
def test_an_official_task_is_solved_and_judged_through_the_old_face(
    ray_instance: None, tmp_path: Path
) -> None:
    del ray_instance
    with EnhancedWebArenaMAS(budget=0.05, num_agents=1, runs=tmp_path) as mas:
        result = mas.solve_task(
            {
                "task_id": 399,
                "intent": 'Change my bio to "I am a robot"',
                "sites": ["reddit"],
            }
        )
        assert result["verified"] is False, "another intent than the official one is not judged"
        assert 0.0 < result["cost"] <= 0.05
