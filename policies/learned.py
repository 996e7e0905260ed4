"""Trained web agents: a scorer of options at the paid tiers, the heuristic at the tier of rules.

A file holds the parameters of all profiles, see `policies.trained`; its notes name the layout of
the features and the policy ids in the order of their parameter groups. The shipped file of a method
is `policies/trained/agents_<method>.npz`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.errors import ConfigurationError
from core.plans import EffortTier
from policies.agent_inputs import LAYOUT, agent_inputs
from policies.heuristic import HeuristicPolicy
from policies.networks import ActorKind, masked_logits
from policies.profiles import AgentProfile
from policies.trained import TrainedPolicy
from policies.view import ActionPolicy, AgentView, Choice

__all__ = [
    "LearnedPolicy",
    "TrainedAgents",
    "agents_file",
    "agents_of",
    "load_agents",
    "save_agents",
]

_TRAINED = Path(__file__).parent / "trained"
_LAYOUT, _POLICIES = "layout", "policies"


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedPolicy:
    """One profile's parameters as an `ActionPolicy`."""

    trained: TrainedPolicy
    group: int
    """Which parameters."""
    rng: np.random.Generator | None = None
    """Draws actions by their probabilities; `None`: the likeliest one is taken.

    A policy that was trained under a constraint keeps to it when it draws, on average over draws.
    """

    def choose_all(self, views: Sequence[AgentView]) -> list[Choice]:
        """Returns one choice for each view, in order."""
        return [self.choose(view) for view in views]

    def choose(self, view: AgentView) -> Choice:
        """Returns the choice for one view; its confidence is the probability of the likeliest."""
        if view.node.tier is EffortTier.RULES:
            return HeuristicPolicy().choose(view)
        shape = self.trained.shape
        inputs = agent_inputs(view, prior=shape.prior_feature is not None)
        mask = np.ones((1, len(inputs.options)), dtype=bool)
        logits = masked_logits(
            shape,
            self.trained.weights,
            self.group,
            inputs.features[None],
            mask,
            inputs.tokens[None],
        )[0].astype(np.float64)
        chances = np.exp(logits - logits.max())
        chances /= chances.sum()
        best = int(chances.argmax())
        taken = best if self.rng is None else int(self.rng.choice(len(chances), p=chances))
        return Choice(
            action=inputs.options[taken].action,
            confidence=float(chances[best]),
            log_prob=0.0 if len(chances) == 1 else float(np.log(max(chances[taken], 1e-300))),
        )


@dataclass(frozen=True, slots=True)
class TrainedAgents:
    """Parameters of all profiles of a pool."""

    trained: TrainedPolicy
    groups: Mapping[str, int]
    """`AgentProfile.policy_id` to its parameters."""

    def policy(self, profile: AgentProfile, rng: np.random.Generator | None = None) -> ActionPolicy:
        """Returns the policy that an agent acts with.

        Args:
            profile: The agent.
            rng: Draws actions; `None`: the likeliest one is taken.

        Raises:
            ConfigurationError: Nobody has trained this profile's policy.
        """
        if profile.policy_id not in self.groups:
            raise ConfigurationError(
                f"no trained policy {profile.policy_id!r}, only {sorted(self.groups)}"
            )
        return LearnedPolicy(trained=self.trained, group=self.groups[profile.policy_id], rng=rng)


def agents_of(trained: TrainedPolicy, agents: Sequence[AgentProfile]) -> TrainedAgents:
    """Returns a policy as the agents of the pool that it was trained with.

    Args:
        trained: With one group of parameters for each agent of the pool.
        agents: The pool, in the order of training.

    Raises:
        ConfigurationError: Numbers of agents and groups differ, or it scores no options.
    """
    if len(agents) != len(trained.groups) or trained.shape.kind is not ActorKind.CANDIDATES:
        raise ConfigurationError(
            f"a policy of kind {trained.shape.kind} for {len(trained.groups)} agents does not fit "
            f"a pool of {len(agents)}"
        )
    found = {agent.policy_id: group for agent, group in zip(agents, trained.groups, strict=True)}
    return TrainedAgents(trained, found)


def agents_file(method: str) -> Path:
    """Returns where the trained agents of a method lie, whether or not there are any."""
    return _TRAINED / f"agents_{method}.npz"


def save_agents(agents: TrainedAgents, path: Path, notes: Mapping[str, str]) -> None:
    """Writes trained agents; a reader sees the old file or the whole new one.

    Args:
        agents: Who was trained.
        path: Where the file goes.
        notes: Command, seed, commit: for people.
    """
    order = sorted(agents.groups, key=lambda policy: agents.groups[policy])
    own = {**notes, _LAYOUT: LAYOUT, _POLICIES: " ".join(order)}
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(agents.trained, notes=own).save(path)


def load_agents(path: Path) -> TrainedAgents:
    """Returns the trained agents in a file.

    Raises:
        ConfigurationError: There is no such file, it is cut short, it holds something else, or it
            was trained on other features.
    """
    trained = TrainedPolicy.load(path)
    layout, policies = trained.notes.get(_LAYOUT, ""), trained.notes.get(_POLICIES, "")
    if layout != LAYOUT:
        raise ConfigurationError(
            f"{path} has feature layout {layout or 'of something else'!r}; "
            f"this program reads {LAYOUT!r}"
        )
    return TrainedAgents(trained, {name: n for n, name in enumerate(policies.split())})
