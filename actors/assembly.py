"""What a system is put together from: planner, policies, prices. Plain, picklable factories.

Each process calls the factories that it needs, so nothing heavy crosses a process border and a web
agent never imports a planner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import JsonValue

from core.errors import ConfigurationError
from core.placement import is_on_loopback
from core.ports import Browser, Transport
from core.tasks import AgentResponse, Task
from planner.orchestrator_limits import OrchestratorLimits
from policies.profiles import DEFAULT_POOL, AgentProfile

if TYPE_CHECKING:  # each process imports what its own actor is made of
    from actors.models import ModelConfig
    from environment.world_host import WorldHost
    from planner.decisions import Decider, PlanCache
    from planner.orchestrator import PlanPricing
    from planner.prices import ModelPrices
    from planner.requests import Planner
    from policies.plan_policy import PlanPolicy
    from policies.subtask import SubtaskParts
    from policies.view import ActionPolicy

__all__ = ["Assembly", "default_assembly"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The parts of one system."""

    planner: Callable[[], Planner]
    policy: Callable[[AgentProfile], ActionPolicy]
    """Makes the policy that an agent acts with."""
    subtask: Callable[[], SubtaskParts]
    plan_pricing: Callable[[], PlanPricing]
    decider: Callable[[], Decider]
    cache: Callable[[], PlanCache]
    browser: Callable[[Callable[[str], Transport]], Browser]
    """Makes an agent's browser from a function that gives a session's transport."""
    world: Callable[[Task, Mapping[str, str]], WorldHost]
    """Opens the worlds of a task under given base URLs; the site's usual one where none is."""
    judge: Callable[[Task, WorldHost, AgentResponse], dict[str, JsonValue]]
    """Judges an episode; a verdict as plain data, see `environment.judge.Verdict`."""
    agents: tuple[AgentProfile, ...] = DEFAULT_POOL
    limits: OrchestratorLimits = field(default_factory=OrchestratorLimits)
    max_nodes: int = 12
    """Nodes that a plan may have."""
    is_served: bool = False
    """Whether worlds are reached over HTTP on this machine, as a Chromium needs it."""
    is_local: bool = False
    """Whether agents must run where the driver does: their pages are on this machine's loopback."""
    asks_people: bool = False
    """Whether the decider may wait for a person."""

    def __post_init__(self) -> None:
        assert len({agent.id for agent in self.agents}) == len(self.agents), "agents share an id"


def default_assembly(
    *,
    num_agents: int = 4,
    enable_replanning: bool = True,
    plans_file: Path | None = None,
    browser: Literal["in-process", "chromium"] = "in-process",
    allow: tuple[str, ...] = ("*.localhost",),
    agents: tuple[AgentProfile, ...] = DEFAULT_POOL,
    model: str | ModelConfig = "rules",
    model_url: str = "",
    prices: Mapping[str, ModelPrices] | None = None,
    method: str = "",
    approvals: Path | None = None,
) -> Assembly:
    """Returns a system: without a model, which needs no key, rules plan and a heuristic acts.

    With one, the model plans, agents whose node is at the tier of language models ask it for each
    action, and rules and heuristic stand in whenever it cannot help. A trained policy of the method
    decides about plans where there is one; an untrained one would decide what the planner proposes.

    Args:
        num_agents: How many of `agents` take part, generalists first where not all do.
        enable_replanning: Without it a failed subtask is tried again and plans never change.
        plans_file: Where plans that worked are remembered; `None`: only while the system runs.
        browser: What the agents act in.
        allow: Hosts that a Chromium may load pages from, see `ChromiumConfig.allow`.
        agents: The pool to draw from.
        model: `rules`, or names of models, best first, with commas between them; or a whole
            configuration, and then what follows about models is in it.
        model_url: Base URL of the server of `local:` models; empty: as the environment says.
        prices: Model name to its price, before the price table is asked.
        method: `p3o`, `ppo_lagrangian`, `macpo`: whose trained policy decides and which word about
            money prompts have; empty: none.
        approvals: Folder in which a person is asked before a plan changes (`actors.approvals`);
            `None`: nobody is asked.

    Raises:
        ConfigurationError: There is to be no agent, or a model cannot have this name or address.
    """
    asked = _model_of(model, model_url, prices, method)
    return Assembly(
        planner=partial(_planner, asked, method),
        policy=partial(_policy, asked),
        subtask=_subtask_parts if asked is None else asked.make_subtask_parts,
        plan_pricing=_tariff,
        decider=partial(_engine, method, approvals) if enable_replanning else _retry_only,
        asks_people=enable_replanning and approvals is not None,
        cache=partial(_plan_cache, plans_file),
        browser=partial(_chromium, allow) if browser == "chromium" else _in_process_browser,
        is_served=browser == "chromium",
        is_local=browser == "chromium" and any(map(is_on_loopback, allow)),
        world=_open_worlds,
        judge=_judge,
        agents=_drawn(agents, num_agents),
    )


def _drawn(agents: tuple[AgentProfile, ...], number: int) -> tuple[AgentProfile, ...]:
    if number < 1:
        raise ConfigurationError(f"a system needs at least one agent, not {number}")
    if number >= len(agents):
        return agents
    able = sorted(agents, key=lambda agent: -len(agent.skills))[:number]
    return tuple(agent for agent in agents if agent in able)


def _model_of(
    model: str | ModelConfig, url: str, prices: Mapping[str, ModelPrices] | None, method: str
) -> ModelConfig | None:
    if not isinstance(model, str):
        return model
    if model.strip() == "rules":
        return None
    from actors.models import model_config

    return model_config(model, url=url, prices=prices, method=method)


def _planner(model: ModelConfig | None, method: str) -> Planner:
    from planner.rules import RulesPlanner

    rules = RulesPlanner()
    planner = rules if model is None else model.make_planner(rules)
    policy = _trained(method)
    if policy is None:
        return planner
    from planner.orchestration import OrchestratedPlanner

    return OrchestratedPlanner(planner, policy, is_greedy=True)


def _policy(model: ModelConfig | None, profile: AgentProfile) -> ActionPolicy:
    from policies.heuristic import HeuristicPolicy

    heuristic = HeuristicPolicy()
    return heuristic if model is None else model.make_policy(profile, heuristic)


def _trained(method: str) -> PlanPolicy | None:
    """Returns the trained policy of a method, `None` where there is none."""
    if not method:
        return None
    from policies.plan_policy.files import load_policy, policy_file

    path = policy_file(method)
    return load_policy(path) if path.exists() else None


def _subtask_parts() -> SubtaskParts:
    from policies import rendering
    from policies.compute import derive
    from policies.subtask import SubtaskParts
    from policies.tariff import Tariff

    return SubtaskParts(pricing=Tariff(), rendering=rendering, computation=derive)


def _tariff() -> PlanPricing:
    from policies.tariff import Tariff

    return Tariff()


def _engine(method: str, approvals: Path | None) -> Decider:
    from planner.replanning import ReplanningEngine

    decider: Decider = ReplanningEngine()
    policy = _trained(method)
    if policy is not None:
        from planner.orchestration_gate import GatedDecider

        decider = GatedDecider(decider, policy, is_greedy=True)
    if approvals is not None:
        from actors.approvals import AskInFolder
        from planner.confirming import ConfirmingDecider

        decider = ConfirmingDecider(decider, AskInFolder(folder=approvals))
    return decider


def _retry_only() -> Decider:
    from planner.decisions import RetryOnly

    return RetryOnly()


def _plan_cache(file: Path | None) -> PlanCache:
    from planner.cache.store import StoredPlans

    return StoredPlans(file)


def _in_process_browser(transport_for: Callable[[str], Transport]) -> Browser:
    from environment.browsers.in_process.browser import InProcessBrowser

    return InProcessBrowser(transport_for)


def _chromium(allow: tuple[str, ...], transport_for: Callable[[str], Transport]) -> Browser:
    from environment.browsers.chromium.browser import ChromiumConfig
    from environment.browsers.chromium.lazy import LazyChromium

    del transport_for  # it reaches worlds over HTTP
    return LazyChromium(ChromiumConfig(allow=allow))


def _open_worlds(task: Task, base_urls: Mapping[str, str]) -> WorldHost:
    from environment.world_host import WorldHost

    return WorldHost.open(task.worlds, base_urls=base_urls, skin=task.skin)


def _judge(task: Task, host: WorldHost, response: AgentResponse) -> dict[str, JsonValue]:
    from environment.judge import judge  # the benchmark's evaluators take a second to import

    verdict: dict[str, JsonValue] = judge(task, host, response).model_dump(mode="json")
    return verdict
