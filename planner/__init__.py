"""From a task and a budget to a plan; from an event to a better plan.

The names below are loaded when they are first used: importing the package imports no model SDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planner.context import ContextBuilder, build_context
    from planner.faces.plan_cache import DAGCacheManager
    from planner.faces.replanning import ReplanningEngine
    from planner.faces.validator import DAGValidator
    from planner.llm_orchestrator import LLMOrchestratorPolicy
    from planner.prompts.manager import PromptManager

__all__ = [
    "ContextBuilder",
    "DAGCacheManager",
    "DAGValidator",
    "LLMOrchestratorPolicy",
    "PromptManager",
    "ReplanningEngine",
    "build_context",
]

_HOMES = {
    "ContextBuilder": "planner.context",
    "DAGCacheManager": "planner.faces.plan_cache",
    "DAGValidator": "planner.faces.validator",
    "LLMOrchestratorPolicy": "planner.llm_orchestrator",
    "PromptManager": "planner.prompts.manager",
    "ReplanningEngine": "planner.faces.replanning",
    "build_context": "planner.context",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'planner' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
