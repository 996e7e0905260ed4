"""How a language model takes part in a system: plain data that each process opens for itself.

    planner    Orchestrated?( LLMPlanner( FallingBack( Retrying( ... adapter )), RulesPlanner ) )
    agent      LLMAgent( FallingBack( Retrying( ... adapter )), HeuristicPolicy )

`ModelConfig` crosses process borders, so it holds names, addresses and prices and never a key. Keys
are read from the environment of the process that asks (`planner.credentials`). A Ray that this
program starts on this machine inherits the driver's environment; on a cluster the variables have to
be set where `ray start` runs on each node.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from core.errors import ConfigurationError
from core.model_calls import Purse
from core.plans import EffortTier
from policies.profiles import AgentProfile

if TYPE_CHECKING:  # each process imports what its own actor is made of
    from planner.llm_agent import LLMAgentConfig
    from planner.llm_planner import LLMPlannerConfig
    from planner.prices import ModelPrices, PriceBook
    from planner.providers.contract import Provider
    from planner.requests import Planner
    from planner.wrappers.retry import RetryConfig
    from policies.subtask import SubtaskParts
    from policies.view import ActionPolicy

__all__ = ["ModelConfig", "chosen_model", "model_config", "model_note"]

_log = logging.getLogger(__name__)
_FIRST_CHOICE = (
    ("openai", "gpt-4o-mini"),
    ("google", "gemini-2.5-flash"),
    ("anthropic", "claude-haiku-4-5"),
)
"""Provider and the model that is asked where a user names none: cheap ones, whose calls fit."""
_PLAN_WAIT_S = 60.0
"""Seconds that all attempts at one plan's call may take."""
_ACT_WAIT_S = 30.0
"""The same for one action; two of these are less than a run waits for a choice."""
_MAX_WAIT_S = 10.0
"""Seconds that a call may wait for its turn."""

_Stack = Callable[[Purse], "Provider | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """Which models are asked, at what price; picklable, without keys."""

    names: tuple[str, ...]
    """As users type them, best first; the next is asked when one fails."""
    url: str = ""
    """Base URL of the server of `local:` models; empty: as the environment says."""
    prices: Mapping[str, ModelPrices] = field(default_factory=dict)
    """Model name to its price, before the price table is asked."""
    method: str = ""
    """`p3o`, `ppo_lagrangian`, `macpo`: which word about money prompts have; empty: none."""
    planner: LLMPlannerConfig | None = None
    """`None`: the usual one."""
    agent: LLMAgentConfig | None = None
    """`None`: the usual one."""
    retry: RetryConfig | None = None
    """`None`: a few attempts within what a plan or an action may take."""

    def make_planner(self, last_resort: Planner) -> Planner:
        """Makes a planner that asks the models, and `last_resort` when none helps."""
        from planner.llm_planner import LLMPlanner, LLMPlannerConfig
        from planner.wrappers.telling import telling

        config = self.planner or LLMPlannerConfig(method=self.method)
        return LLMPlanner(telling(self._stack(_PLAN_WAIT_S)), last_resort, config)

    def make_policy(self, profile: AgentProfile, last_resort: ActionPolicy) -> ActionPolicy:
        """Makes an agent's policy; agents that never work at the model's tier need no model."""
        if EffortTier.LANGUAGE_MODEL not in profile.tiers:
            return last_resort
        from planner.llm_agent import LLMAgent, LLMAgentConfig
        from planner.wrappers.telling import telling

        config = self.agent or LLMAgentConfig(method=self.method)
        return LLMAgent(telling(self._stack(_ACT_WAIT_S)), last_resort, config)

    def make_subtask_parts(self) -> SubtaskParts:
        """Makes the parts of a subtask, with the tariff that leaves a model's bill to the model."""
        from policies import rendering
        from policies.compute import derive
        from policies.subtask import SubtaskParts
        from policies.tariff import TARIFF_VERSION, Tariff
        from policies.tiers import OWN_PART

        tariff = Tariff(version=f"{TARIFF_VERSION}+model", tiers=OWN_PART)
        return SubtaskParts(pricing=tariff, rendering=rendering, computation=derive)

    def _stack(self, most_s: float) -> _Stack:
        """Opens the models; imports their packages."""
        from planner.credentials import read_credentials
        from planner.prices import PriceBook
        from planner.wrappers.limits import LimitConfig
        from planner.wrappers.retry import RetryConfig
        from planner.wrappers.stack import open_stack

        retry = self.retry or RetryConfig(max_attempts=3, max_total_s=most_s)
        try:
            stack = open_stack(
                self.names,
                read_credentials().with_local_url(self.url),
                PriceBook(overrides=self.prices),
                retry=replace(retry, max_total_s=min(retry.max_total_s, most_s)),
                limits=LimitConfig(max_wait_s=_MAX_WAIT_S),
                on_fall=_log_fall,
            )
        except ConfigurationError as error:  # this process has another environment than the driver
            _log.warning("no model is asked: %s", error)
            return _nobody
        return stack.for_purse


def model_config(
    names: str,
    *,
    url: str = "",
    prices: Mapping[str, ModelPrices] | None = None,
    method: str = "",
) -> ModelConfig | None:
    """Returns what the names mean; `None`: no model takes part.

    Args:
        names: `rules`, or one or more models, best first, with commas between them.
        url: Base URL of the server of `local:` models.
        prices: Model name to its price.
        method: Which word about money prompts have.

    Raises:
        ConfigurationError: A name or an address is wrong, or a local model has no address.
    """
    from planner.credentials import read_credentials
    from planner.providers.naming import RULES, read_name

    credentials = read_credentials().with_local_url(url)
    chosen = []
    for typed in names.split(","):
        name = read_name(typed)
        if name.provider == RULES:
            break
        credentials.base_url(name.provider)
        chosen.append(name.label)
    if not chosen:
        return None
    return ModelConfig(names=tuple(chosen), url=url, prices=dict(prices or {}), method=method)


def chosen_model() -> str:
    """Returns the model of the first provider that there is a key for; `rules` without a key."""
    from planner.credentials import read_credentials
    from planner.providers.contract import CredentialsError
    from planner.providers.naming import RULES

    credentials = read_credentials()
    for provider, model in _FIRST_CHOICE:
        try:
            credentials.key(provider)
        except CredentialsError:
            continue
        return model
    return RULES


def model_note(config: ModelConfig) -> str:
    """Returns why some or all of the models cannot be asked from here; empty when all can.

    Asks nobody: it looks for a key and a price.
    """
    from planner.prices import PriceBook

    book = PriceBook(overrides=config.prices)
    problems = [why for name in config.names if (why := _problem(name, config, book))]
    if not problems:
        return ""
    instead = "the others are asked"
    if len(problems) == len(config.names):
        instead = "the rules plan and the heuristic acts"
    return f"{'; '.join(problems)}; {instead}"


def _problem(name: str, config: ModelConfig, book: PriceBook) -> str:
    from planner.credentials import read_credentials
    from planner.providers.contract import ProviderError
    from planner.providers.naming import endpoint_of

    try:
        endpoint = endpoint_of(name, read_credentials().with_local_url(config.url))
        book.prices(endpoint.provider, endpoint.label)
    except ProviderError as error:
        return str(error)
    return ""


def _nobody(purse: Purse) -> Provider | None:
    del purse
    return None


def _log_fall(model: str, problem: str) -> None:
    _log.warning("%s was given up: %s", model, problem)
