"""Which agent may take a node now, and with which arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from core.errors import PlanError
from core.pages import Value
from core.plans import NodeInput, PlanNode, ValueType, Verb
from core.tasks import PublicTask
from planner.orchestrator_signals import TaskTaken
from planner.requests import NodeReport
from policies.profiles import AgentProfile
from policies.subtask_signals import SubtaskOrder
from policies.view import Funds

__all__ = ["Assignment", "Staff", "bound_arguments", "start_url", "subtask_order"]

_ONE_WORD = re.compile(r"[\w.-]+")
_ONESELF = frozenset({"me", "my", "myself", "i"})


@dataclass(frozen=True, slots=True)
class Assignment:
    """What an agent is busy with."""

    node: int
    attempt: int
    subtask: str


class Staff:
    """The agents of one episode: idle, busy with one subtask, gone for now, or gone for good."""

    def __init__(self, agents: Iterable[AgentProfile]) -> None:
        self.profiles = {agent.id: agent for agent in agents}
        self.busy: dict[str, Assignment] = {}
        self.gone: set[str] = set()
        self.gone_for_good: set[str] = set()

    def take(self, node: PlanNode) -> AgentProfile | None:
        """Returns the idle agent that should do a node: its own, else the cheapest like it.

        Another agent stands in only if it has all skills of the assigned one; when that one is
        gone for good, anybody who can do the node may.
        """
        own = self._own(node)
        if own is not None and self._is_idle(own.id):
            return own
        others = [
            agent
            for agent in self.profiles.values()
            if self._is_idle(agent.id) and _stands_in(agent, own, node)
        ]
        return min(others, key=lambda agent: agent.price_factor, default=None)

    def could(self, node: PlanNode) -> bool:
        """Returns whether some agent that is not gone for good can do a node."""
        own = self._own(node)
        return own is not None or any(
            agent.id not in self.gone_for_good and _stands_in(agent, own, node)
            for agent in self.profiles.values()
        )

    def _own(self, node: PlanNode) -> AgentProfile | None:
        return None if node.agent in self.gone_for_good else self.profiles.get(node.agent)

    def _is_idle(self, agent: str) -> bool:
        return agent not in self.busy and agent not in self.gone and agent not in self.gone_for_good


def subtask_order(
    task: TaskTaken,
    node: PlanNode,
    agent: AgentProfile,
    reports: Mapping[int, NodeReport],
    spent: int,
) -> SubtaskOrder:
    """Returns the next attempt at a node, everything bound.

    Args:
        task: The episode's task.
        node: What is to be done.
        agent: Who does it.
        reports: How the nodes of the plan stand.
        spent: Micro-dollars that the episode has settled so far, as the orchestrator knows it.

    Raises:
        PlanError: A value is missing or has another type than the input wants.
    """
    public = task.request.task
    arguments = bound_arguments(node, reports)
    attempt = reports[node.id].attempts + 1
    notes = task.request.site_notes.get(node.site, {})
    budget = task.request.budget
    return SubtaskOrder(
        id=f"{task.episode}/{node.id}.{attempt}",
        episode=task.episode,
        node=node,
        attempt=attempt,
        agent=agent.id,
        price_factor=agent.price_factor,
        arguments=arguments,
        base_url=public.base_urls.get(node.site, ""),
        start_url=start_url(node, arguments, public, notes),
        site_notes=notes,
        funds=Funds(budget=budget, left=max(0, budget - spent)),
    )


def bound_arguments(node: PlanNode, reports: Mapping[int, NodeReport]) -> dict[str, Value]:
    """Returns a node's arguments: constants, and values that came along data edges.

    Raises:
        PlanError: A value is missing or has another type than the input wants.
    """
    return {argument.name: _bound(argument, reports) for argument in node.inputs}


def start_url(
    node: PlanNode,
    arguments: Mapping[str, Value],
    task: PublicTask,
    site_notes: Mapping[str, Value] | None = None,
) -> str:
    """Returns the page that a node starts on.

    The first argument of type URL, one called `url` before others; else the address that notes
    about the site give a thing that is looked for by its name; else the task's start page on the
    node's site; else the site's front page. Empty when the node has no site.
    """
    base = task.base_urls.get(node.site, "")
    if not base:
        return ""
    urls = [argument.name for argument in node.inputs if argument.type is ValueType.URL]
    for name in sorted(urls, key=lambda name: name != "url"):
        return urljoin(base + "/", str(arguments[name]))
    known = _known_address(node, arguments, site_notes or {})
    if known:
        return base + known
    for url in task.start_urls:
        if url == base or url.startswith(base + "/"):
            return url
    return base + "/"


def _known_address(
    node: PlanNode, arguments: Mapping[str, Value], site_notes: Mapping[str, Value]
) -> str:
    """Returns the path of a named thing on a site whose addresses are known, empty otherwise."""
    patterns, name = site_notes.get("patterns"), arguments.get("name")
    if node.subgoal.verb is not Verb.FIND or not isinstance(patterns, dict):
        return ""
    pattern = patterns.get(node.subgoal.object)
    if not isinstance(pattern, str) or not isinstance(name, str) or not _ONE_WORD.fullmatch(name):
        return ""
    return pattern.format(quote(name)) if name.casefold() not in _ONESELF else ""


def _bound(argument: NodeInput, reports: Mapping[int, NodeReport]) -> Value:
    source = argument.source
    if source is None:
        return argument.const
    report = reports.get(source.node)
    outputs = None if report is None else report.outputs
    if outputs is None or source.output not in outputs:
        raise PlanError(f"{argument.name!r}: node {source.node} gave no {source.output!r}")
    value = outputs[source.output]
    if not argument.type.accepts(value):
        raise PlanError(f"{argument.name!r} wants a {argument.type}, not {str(value)[:80]!r}")
    return value


def _stands_in(agent: AgentProfile, own: AgentProfile | None, node: PlanNode) -> bool:
    if not agent.can(node.subgoal.verb, node.site) or node.tier not in agent.tiers:
        return False
    return own is None or agent.skills >= own.skills
