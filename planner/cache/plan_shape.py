"""The first half of a signature: the rules' plan with the task's own words lifted out.

Slots are numbered by their place in the plan. Parts that can be done in any order are sorted
before that, so that a paraphrase which names them in another order numbers them alike.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from pydantic import JsonValue

from core.errors import PlanError
from core.plans import Plan, PlanNode
from core.tasks import PublicTask
from planner.cache.intent_names import is_named
from planner.cache.lexicon import CONCEPTS, NEUTRAL, NUMBERS, ORDERED
from planner.requests import PlanRequest
from planner.rules import RulesPlanner
from policies.profiles import DEFAULT_POOL

__all__ = ["PlanShape", "is_visit", "plan_shape"]

_HOST = "http://site"
_BUDGET = 10**9
_FREE = frozenset(
    {
        *("name", "topic", "title", "body", "text", "description", "sidebar", "biography", "url"),
        *("value", "query", "words", "link", "comment", "message", "post", "forum", "user"),
    }
)
"""Inputs and condition fields that hold a task's own words."""
_LABELS = frozenset({"order", "period", "section", "which", "by", "mode", "op", "field"})
_SYSTEM = frozenset({"me", "my", *CONCEPTS, *NEUTRAL, *ORDERED, *NUMBERS})
"""Words that stay in place: a forum that is called `post` is no slot."""


class PlanShape(NamedTuple):
    """The rules' plan of an intent without the task's own words."""

    tree: JsonValue
    """The plan from its end; `None` when the rules have none."""
    slots: list[str]
    """The task's own words, by their number in the tree."""
    sorts: dict[int, str]
    """Slot to the part that its value plays first."""


def plan_shape(intent: str, sites: tuple[str, ...], starts: tuple[str, ...]) -> PlanShape:
    """Returns what the rules plan for an intent, apart from what they plan it for."""
    plan = _rules_plan(intent, sites, starts)
    if plan is None:
        return PlanShape(None, [], {})
    lifter = _Lifter(intent)
    tree = _numbered(_tree(plan, plan.nodes[-1], lifter), lifter)
    return PlanShape(tree, lifter.slots, lifter.sorts)


def is_visit(shape: JsonValue) -> bool:
    """Whether only a page is to be opened: what stands on it is not asked for."""
    return '["task_type", "NAVIGATE"]' in json.dumps(shape)


class _Lifter:
    """Takes a task's own words out of the constants of a plan."""

    def __init__(self, intent: str) -> None:
        self._intent = intent
        self._chosen: dict[str, bool] = {}
        self.slots: list[str] = []
        self.sorts: dict[int, str] = {}
        """Slot to the part that its value plays first."""

    def blank(self, tree: JsonValue) -> JsonValue:
        """Returns a tree with every chosen text made the same."""
        if isinstance(tree, list):
            return [self.blank(item) for item in tree]
        if isinstance(tree, dict):
            return {key: self.blank(item) for key, item in tree.items()}
        return "<>" if isinstance(tree, str) and self._is_chosen(tree) else tree

    def lift(self, name: str, value: JsonValue, sort: str) -> JsonValue:
        """Returns a constant with a task's own words replaced by their numbers."""
        if isinstance(value, dict):
            return {
                key: self.lift(key, item, f"{sort}.{value.get('field', '')}")
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.lift(name, item, sort) for item in value]
        if isinstance(value, str) and name in _FREE and self._is_chosen(value):
            return f"<{self._number(value, sort)}>"
        return value

    def _is_chosen(self, value: str) -> bool:
        if value not in self._chosen:
            self._chosen[value] = (
                len(value) > 1 and value.casefold() not in _SYSTEM and is_named(value, self._intent)
            )
        return self._chosen[value]

    def _number(self, value: str, sort: str) -> int:
        if value not in self.slots:
            self.slots.append(value)
            self.sorts[len(self.slots) - 1] = sort
        return self.slots.index(value)


def _numbered(tree: JsonValue, lifter: _Lifter) -> JsonValue:
    """Returns a node's tree with its chosen texts numbered in order."""
    assert isinstance(tree, list), "a node is a list"
    verb, thing, inputs, outputs = tree
    assert isinstance(inputs, list), "its inputs are the third"
    numbered: list[JsonValue] = []
    for argument in inputs:
        assert isinstance(argument, list), "an input has a name"
        name = str(argument[0])
        if len(argument) > 2:
            numbered.append([name, argument[1], _numbered(argument[2], lifter)])
        elif name in _LABELS:
            numbered.append(argument)
        else:
            numbered.append([name, lifter.lift(name, argument[1], f"{verb} {thing} {name}")])
    return [verb, thing, numbered, outputs]


def _tree(plan: Plan, node: PlanNode, lifter: _Lifter) -> JsonValue:
    """Returns a node with all that it waits for; parts that can be done in any order are sorted."""
    inputs: list[JsonValue] = []
    waited: list[JsonValue] = []
    for argument in node.inputs:
        if argument.name == "exact" or argument.const == "all time":
            continue
        if argument.source is None:
            inputs.append([argument.name, argument.const])
            continue
        before = _tree(plan, plan.node(argument.source.node), lifter)
        if argument.name.startswith("waited_"):
            waited.append(["waited", argument.source.output, before])
        else:
            inputs.append([argument.name, argument.source.output, before])
    waited.sort(key=lambda part: json.dumps(lifter.blank(part)))
    outputs: list[JsonValue] = [output.name for output in node.outputs]
    return [node.subgoal.verb.value, node.subgoal.object, [*inputs, *waited], outputs]


def _rules_plan(intent: str, sites: tuple[str, ...], starts: tuple[str, ...]) -> Plan | None:
    """Returns how the rules read an intent, their guesses too: it is compared, not carried out."""
    hosts = {site: f"{_HOST}-{site}" for site in sites}
    task = PublicTask(
        key="",
        intent=intent,
        sites=sites,
        start_urls=tuple(_at(start, hosts) for start in starts) or tuple(hosts.values()),
        base_urls=hosts,
    )
    try:
        return RulesPlanner(is_cautious=False).plan(
            PlanRequest(task=task, agents=DEFAULT_POOL, budget=_BUDGET, max_nodes=100)
        )
    except PlanError:
        return None


def _at(start: str, hosts: dict[str, str]) -> str:
    site, _, path = start.partition(":")
    return hosts[site] + path if site in hosts else start
