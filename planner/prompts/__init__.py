"""Prompts are files with versions; page content stands in them as fenced data."""

from planner.prompts.fences import fence
from planner.prompts.manager import METHODS, Prompt, PromptManager

__all__ = ["METHODS", "Prompt", "PromptManager", "fence"]
