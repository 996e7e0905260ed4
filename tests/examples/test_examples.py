"""Every example runs as a user runs it, with no key, and says what it should."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def told(name, *arguments, cwd):
    clean = {key: value for key, value in os.environ.items() if not key.endswith("_API_KEY")}
    ran = subprocess.run(
        [sys.executable, "-m", f"examples.{name}", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**clean, "PYTHONPATH": str(ROOT)},
        timeout=110,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_orchestrator_prints_a_valid_plan(tmp_path):
    said = told("basic_orchestrator", cwd=tmp_path)
    assert "node 0: find forum -> " in said
    assert "Valid: True" in said
    assert "Planner: rules" in said


def test_without_a_key_a_model_is_replaced_by_rules_and_that_is_said(tmp_path):
    said = told("basic_orchestrator", "gpt-4-turbo", cwd=tmp_path)
    assert "Valid: True" in said
    assert "The model's plan is missing" in said


def test_the_replanning_engine_stops_repairing(tmp_path):
    said = told("replanning_engine", cwd=tmp_path)
    assert "all is well: go on" in said
    assert "a failed subtask: replan, action_failure" in said
    assert "no replan storm" in said


def test_the_cache_serves_the_paraphrase_alone(tmp_path):
    said = told("caching_and_validation", str(tmp_path), cwd=tmp_path)
    assert "damaged:    (False" in said
    assert said.count(": served") == 1
    assert said.count("not served, another intent") == 2
    assert "'Like the latest submission of the nyc forum': served" in said


@pytest.mark.ray
def test_the_system_solves_one_task_and_says_why_the_other_has_no_object(tmp_path):
    said = told("mas_with_replanning", cwd=tmp_path)
    assert said.count("Task: ") == 2
    assert "success True, status SUCCESS" in said
    assert "status NOT_FOUND_ERROR" in said


@pytest.mark.ray
def test_a_single_task_is_solved_and_judged(tmp_path):
    assert "success True (judged: True)" in told("single_task_test", cwd=tmp_path)
