"""The orchestrator's face: from a context to a decided plan and the logits it was decided with.

    policy = LLMOrchestratorPolicy("rules", "p3o", budget=0.02, max_nodes=12, num_agents=4)
    dag_json, logits = policy.generate_dag({"intent": "...", "sites": ["reddit"]})
    dag_json["dag"]["nodes"], logits["log_prob"]

Dollars are floats here and micro-dollars inside. Without a key, or when every model fails, the
rules propose: there is always a valid plan, and `dag_json["fell_back"]` says why the model's is
missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import JsonValue

from core.budget import MICROS_PER_DOLLAR, BudgetTracker, micros
from core.errors import ConfigurationError
from core.plans import Plan
from core.seeding import derive_seed
from planner.asked_context import read_context
from planner.context import PlanningContext
from planner.orchestration import Orchestrated, decide_plan
from planner.orchestration_priors import AsProposed, PriorOf
from planner.providers.contract import Provider, Purse
from planner.repairs import mend
from planner.requests import Planner, PlanRequest
from planner.validator import PlanContext
from planner.wrappers.purses import LedgerPurse
from policies.plan_policy import (
    DecisionProblem,
    PlanPolicy,
    PlanPrior,
    Pool,
    PriorSource,
    RunStanding,
    load_policy,
    policy_file,
)
from policies.profiles import DEFAULT_POOL, AgentProfile

__all__ = ["METHODS", "LLMOrchestratorPolicy"]

METHODS = ("p3o", "ppo_lagrangian", "macpo", "none")
"""How the policies are trained; `none` is the planner alone, with no word about a constraint."""

_RULES = "rules"
_SAMPLES = 3
"""Short replies that a model is asked for about its preferences, where it shows no logits."""


class LLMOrchestratorPolicy:
    """Proposes plans with a model or rules, and decides about them with a trained policy.

    Calls block. One object may serve many tasks, one call at a time.
    """

    def __init__(
        self,
        llm_model: str = _RULES,
        method: str = "p3o",
        budget: float = 0.02,
        max_nodes: int = 12,
        num_agents: int = 4,
        *,
        agents: tuple[AgentProfile, ...] = DEFAULT_POOL,
        policy: PlanPolicy | Path | None = None,
        stack: Callable[[Purse], Provider | None] | None = None,
        label_samples: int = _SAMPLES,
        explore: bool = False,
        seed: int = 0,
    ) -> None:
        """Checks the settings; opens no connection.

        Args:
            llm_model: `rules`, or a model's name as typed: `gpt-…`, `claude-…`, `gemini-…`,
                `local:…`. A model without a key is told in each plan's `fell_back`.
            method: One of `METHODS`, in any spelling of case and hyphens: which trained policy
                decides, and what the prompt says about money.
            budget: Dollars for each task, where the context does not tell.
            max_nodes: Nodes that a plan may have.
            num_agents: Web agents of `agents` that take part, those with most skills first.
            agents: The pool to draw from.
            policy: Decides instead of the method's trained file; a path is a file of one.
            stack: Makes a provider for a purse, instead of the one that `llm_model` names.
            label_samples: Calls that ask a model which agent and tier it prefers, at most; 0: its
                plan alone is its preference.
            explore: Draw decisions, as training needs it, instead of taking the likeliest.
            seed: Of the draws.

        Raises:
            ConfigurationError: A setting is out of its range, or the policy file is broken.
        """
        self.method = method.lower().replace("-", "_")
        if self.method not in METHODS:
            raise ConfigurationError(f"method is one of {', '.join(METHODS)}, not {method!r}")
        if max_nodes < 1 or num_agents < 1 or label_samples < 0:
            raise ConfigurationError(
                f"a plan needs nodes and agents, and samples are >= 0, not {max_nodes}, "
                f"{num_agents}, {label_samples}"
            )
        self.llm_model = llm_model
        self.budget = micros(budget)
        self.max_nodes = max_nodes
        self.agents = _drawn(agents, num_agents)
        self.policy = _policy_of(policy, self.method)
        self.last: Orchestrated | None = None
        """The last decision with its features and masks, for whoever trains."""
        self._pool = Pool.of(self.agents)
        self._explore = explore
        self._seed = seed
        self._calls = 0
        self._notes: list[str] = []
        self._planner, self._prior_of = self._parts(stack, label_samples)

    @property
    def planner(self) -> Planner:
        """Who proposes plans, and new plans for running ones."""
        return self._planner

    def generate_dag(
        self, context: PlanningContext | Mapping[str, JsonValue]
    ) -> tuple[dict[str, JsonValue], dict[str, JsonValue]]:
        """Returns a plan and the logits of the decisions in it.

        The n-th call with the same seed, context and model gives the same decision.

        Args:
            context: What `build_context` gives, or a task with `intent` and `sites` and, where
                known, `task_id`, `start_url`, `expected_steps` and `observation`.

        Returns:
            `dag_json`: `dag` (nodes with integer ids, edges), `method`, `origin`, `fell_back`,
            `planning_cost` and `cost_bound` in dollars, `prior`, `repairs` that were made and
            `findings` that are left (none: the plan is valid). And `logits`, see
            `OrchestrationRecord.to_json`.

        Raises:
            ConfigurationError: The context has no task.
            PlanError: The pool cannot do what any plan needs.
        """
        asked = read_context(context, self.budget)
        purse = LedgerPurse(
            tracker=BudgetTracker(asked.left / MICROS_PER_DOLLAR), holder="orchestrator"
        )
        request = PlanRequest(
            task=asked.task,
            agents=self.agents,
            budget=asked.left,
            max_nodes=self.max_nodes,
            start_page=asked.page,
            purse=purse,
        )
        self._notes.clear()
        mended = mend(self._planner.plan(request), PlanContext.of(request))
        standing = RunStanding(
            budget=asked.limit,
            spent=asked.limit - asked.left - asked.held + purse.tracker.spent,
            held=asked.held,
        )
        result = decide_plan(
            mended.plan,
            request,
            self.policy,
            pool=self._pool,
            standing=standing,
            seed=derive_seed(self._seed, "face", asked.task.key, self._calls),
            prior_of=self._prior_of,
            is_greedy=not self._explore,
        )
        self._calls += 1
        self.last = result
        told = self._told(result, purse.tracker.spent)
        told["repairs"] = list(mended.repairs)
        told["findings"] = [finding.message for finding in mended.findings]
        return told, result.record.to_json()

    def _told(self, result: Orchestrated, spent: int) -> dict[str, JsonValue]:
        plan = result.plan
        return {
            "dag": plan.model_dump(mode="json"),
            "method": self.method,
            "origin": plan.origin,
            "fell_back": "; ".join(self._notes),
            "planning_cost": spent / MICROS_PER_DOLLAR,
            "cost_bound": sum(node.cost_bound for node in plan.nodes) / MICROS_PER_DOLLAR,
            "prior": result.prior.named(plan).to_json(),
        }

    def _parts(
        self, stack: Callable[[Purse], Provider | None] | None, samples: int
    ) -> tuple[Planner, PriorOf]:
        """Returns who proposes and who prefers; imports what a model needs only for a model."""
        from planner.rules import RulesPlanner

        if stack is None and self.llm_model.strip() == _RULES:
            return RulesPlanner(), AsProposed()
        from planner.llm_planner import LLMPlanner, LLMPlannerConfig
        from planner.orchestration_labels import LabelPrior

        asked = stack or self._opened()
        planner = LLMPlanner(
            asked,
            RulesPlanner(),
            LLMPlannerConfig(method="" if self.method == "none" else self.method),
            on_story=lambda story: self._note(story.fell_back),
        )
        if not samples:
            return planner, AsProposed()
        return planner, _OfModels(LabelPrior(stack=asked, num_samples=samples))

    def _opened(self) -> Callable[[Purse], Provider | None]:
        from planner.credentials import read_credentials
        from planner.prices import PriceBook
        from planner.wrappers.stack import open_stack

        missing: list[str] = []
        stack = open_stack(
            [self.llm_model],
            credentials=read_credentials(),
            book=PriceBook(),
            on_fall=lambda model, problem: missing.append(f"{model}: {problem}"),
        )

        def for_purse(purse: Purse) -> Provider | None:
            provider = stack.for_purse(purse)
            if provider is None:
                self._notes.extend(missing)
            return provider

        return for_purse

    def _note(self, problem: str) -> None:
        if problem:
            self._notes.append(problem)


class _OfModels:
    """Asks a model about its own plans only; a plan of the rules has the rules' preferences."""

    def __init__(self, labels: PriorOf) -> None:
        self._labels = labels

    def prior(self, plan: Plan, request: PlanRequest, problem: DecisionProblem) -> PlanPrior:
        """Returns the prior of a plan."""
        by_rules = problem.prior_source is not PriorSource.ONEHOT
        return (AsProposed() if by_rules else self._labels).prior(plan, request, problem)


def _drawn(agents: tuple[AgentProfile, ...], number: int) -> tuple[AgentProfile, ...]:
    able = sorted(agents, key=lambda agent: -len(agent.skills))[:number]
    return tuple(agent for agent in agents if agent in able)


def _policy_of(policy: PlanPolicy | Path | None, method: str) -> PlanPolicy:
    if isinstance(policy, PlanPolicy):
        return policy
    if isinstance(policy, Path):
        return load_policy(policy)
    return PlanPolicy() if method == "none" else load_policy(policy_file(method))
