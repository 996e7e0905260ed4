"""The factored policy: logits = beta · scale_θ · log prior + f_θ(s).

Untrained, f_θ is zero and scale_θ is one for every head, so with beta = 1 the policy is the
planner's own, masked prior.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.errors import ConfigurationError
from policies.plan_policy.distribution import (
    Actions,
    HeadValues,
    Probabilities,
    draw,
    entropies,
    log_probabilities,
    logit_gradient,
    most_likely,
    probabilities,
)
from policies.plan_policy.network import (
    HEADS,
    Array,
    Logits,
    Parameters,
    check_shapes,
    residual,
    residual_gradient,
)
from policies.plan_policy.problem import DecisionProblem
from policies.plan_policy.record import OrchestrationRecord

__all__ = ["UNTRAINED", "Decides", "PlanPolicy"]

UNTRAINED = "untrained"
"""Version of the policy without parameters."""


class Decides(Protocol):
    """Who decides about plans: a `PlanPolicy`, or a learner that is asked while it trains."""

    def decide(
        self, problem: DecisionProblem, *, seed: int, is_greedy: bool = False
    ) -> OrchestrationRecord:
        """Returns a decision; see `PlanPolicy.decide`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanPolicy:
    """Decides about plans; immutable, so threads and actors may share one."""

    parameters: Parameters | None = None
    """θ; `None`: the residual is zero."""
    beta: float = 1.0
    """Weight of the log prior; at 0 the planner's preference counts nothing."""
    version: str = UNTRAINED

    def __post_init__(self) -> None:
        if not 0.0 <= self.beta < float("inf"):
            raise ConfigurationError(f"beta is finite and >= 0, not {self.beta!r}")
        if self.parameters is not None:
            check_shapes(self.parameters)

    def logits(self, problem: DecisionProblem) -> Logits:
        """Returns the logits of every head; those of illegal choices mean nothing."""
        prior = _prior(problem)
        if self.parameters is None:
            return Logits(*(self.beta * part for part in prior))
        learned = residual(self.parameters, problem)
        scales = [self.beta * self.parameters[f"{head}.prior_scale"] for head in HEADS]
        return Logits(
            *(scale * part + own for scale, part, own in zip(scales, prior, learned, strict=True))
        )

    def probabilities(self, problem: DecisionProblem) -> Probabilities:
        """Returns what each head does with which chance."""
        return probabilities(self.logits(problem), problem)

    def decide(
        self, problem: DecisionProblem, *, seed: int, is_greedy: bool = False
    ) -> OrchestrationRecord:
        """Returns a decision with everything that a learner needs to know about it.

        Args:
            problem: What is to be decided.
            seed: Of the draw; the same seed gives the same decision.
            is_greedy: Take the most likely actions instead of drawing.
        """
        chances = self.probabilities(problem)
        actions = most_likely(chances, problem) if is_greedy else draw(chances, problem, seed)
        return self.record(problem, actions, seed=seed, is_greedy=is_greedy)

    def record(
        self, problem: DecisionProblem, actions: Actions, *, seed: int, is_greedy: bool = False
    ) -> OrchestrationRecord:
        """Returns what this policy thinks of a decision, whoever made it.

        Args:
            problem: What was to be decided.
            actions: Legal ones.
            seed: Of the draw.
            is_greedy: Whether the most likely actions were taken.
        """
        logits = self.logits(problem)
        logp = log_probabilities(logits, problem, actions)
        return OrchestrationRecord(
            agent_logits=np.where(problem.agent_mask, logits.agents, -np.inf).astype(np.float32),
            agent_mask=problem.agent_mask,
            edge_logits=logits.edges.astype(np.float32),
            edge_removable=problem.edge_removable,
            gate_logits=np.where(problem.gate_mask, logits.gate, -np.inf).astype(np.float32),
            gate_mask=problem.gate_mask,
            actions=actions,
            agents_active=problem.agents_active,
            edges_active=problem.edge_removable,
            gate_active=problem.gate_active,
            logp_agents=logp.agents.astype(np.float32),
            logp_edges=logp.edges.astype(np.float32),
            logp_gate=float(logp.gate),
            prior=problem.prior_source,
            policy_version=self.version,
            seed=seed,
            is_greedy=is_greedy,
        )

    def log_prob(self, problem: DecisionProblem, actions: Actions) -> HeadValues:
        """Returns the log-probability of each factor of a decision."""
        return log_probabilities(self.logits(problem), problem, actions)

    def entropy(self, problem: DecisionProblem) -> HeadValues:
        """Returns the entropy of each factor in nats."""
        return entropies(self.logits(problem), problem)

    def gradient(
        self, problem: DecisionProblem, actions: Actions, weights: HeadValues | None = None
    ) -> Mapping[str, Array]:
        """Returns the derivative of Σ weight · log π with respect to θ.

        Args:
            problem: What was decided.
            actions: Legal ones.
            weights: One for each factor; `None`: all 1, the derivative of log π.

        Raises:
            ConfigurationError: The policy has no parameters.
        """
        if self.parameters is None:
            raise ConfigurationError("an untrained policy has no parameters to differentiate by")
        weights = weights or HeadValues(np.ones(len(problem.node)), np.ones(len(problem.edge)), 1.0)
        upstream = logit_gradient(self.logits(problem), problem, actions, weights)
        gradient = residual_gradient(self.parameters, problem, upstream)
        for head, part, flow in zip(HEADS, _prior(problem), upstream, strict=True):
            gradient[f"{head}.prior_scale"] = np.array([self.beta * (part * flow).sum()])
        return gradient


def _prior(problem: DecisionProblem) -> Logits:
    return Logits(problem.agent_log_prior, problem.edge_log_prior, problem.gate_log_prior)
