"""What a constrained environment looks like to a learner: shapes, units and the protocol.

Legend for shapes, here and in all of `learners`:

    N  environments stepped side by side        A  agents of one environment (1: single agent)
    C  candidates that one agent may choose from    F  numbers that describe an agent's view, or one
    L  tokens of one candidate                         candidate where actions are candidates
    D  dimensions of a continuous action        S  numbers that describe the whole state
    K  costs, each with a limit                 T  steps of a rollout

The team's problem:  max E[Σ r_t]  subject to  E[Σ c_t,k] ≤ d_k  for every cost k, sums over whole
episodes, in the environment's own units. `EnvSpec.discount` is the gamma of these sums; 1 means
undiscounted, which is what the web episodes and the exact problems use.

An agent with nothing to do is `active = False`: whatever it "chooses" is ignored, its log π is 0
and it has no advantage.

Nothing here imports torch: environments and rollout workers do not need it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError

__all__ = [
    "ActionSpace",
    "Candidates",
    "ConstrainedVectorEnv",
    "Continuous",
    "Cost",
    "Discrete",
    "EnvSpec",
    "MakeEnv",
    "Obs",
    "Step",
]

Floats = npt.NDArray[np.float32]
Sums = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrete:
    """One of a fixed number of actions; `Obs.mask` may forbid some of them."""

    num_actions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuous:
    """A real vector. The environment clips what it cannot do; log π is of what was sampled."""

    num_dims: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """One of a changing set of candidates, each described by its own row of numbers.

    Sets are padded to the longest of a batch; `Obs.mask` says which rows are real.
    """

    num_tokens: int = 0
    """L: hashed tokens of a candidate besides its numbers; 0 for none."""
    vocabulary: int = 0
    """Token ids are in [0, vocabulary); id 0 is padding and means nothing."""


ActionSpace = Discrete | Continuous | Candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One constraint."""

    name: str
    limit: float
    """d: most that the mean episode sum of this cost may be, in the cost's own units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvSpec:
    """What a learner must know about an environment before it starts."""

    num_envs: int
    """N."""
    num_agents: int
    """A."""
    num_features: int
    """F."""
    action: ActionSpace
    costs: tuple[Cost, ...]
    """K of them; empty: an unconstrained problem."""
    num_state: int = 0
    """S; 0: `Obs.state` is absent and critics read all agents' features (not with candidates)."""
    groups: tuple[int, ...] = ()
    """Parameter set of each agent, numbered from 0; empty: each agent has its own.

    Agents of one group share parameters: two web agents with one profile, or all nodes of a plan.
    """
    discount: float = 1.0
    """gamma of J and J_C, in (0, 1]."""
    prior_feature: int | None = None
    """Column of a candidate's features that holds a log prior; logits are β · prior + f, with f = 0
    before training. `None`: no prior. Only with `Candidates`."""

    def __post_init__(self) -> None:
        sizes = (self.num_envs, self.num_agents, self.num_features)
        if min(sizes) < 1 or self.num_state < 0:
            raise ConfigurationError(f"sizes of an environment are at least 1, not {sizes}")
        if not 0.0 < self.discount <= 1.0:
            raise ConfigurationError(f"a discount is in (0, 1], not {self.discount}")
        if self.groups and len(self.groups) != self.num_agents:
            raise ConfigurationError(f"{len(self.groups)} groups for {self.num_agents} agents")
        if set(self.agent_groups) != set(range(self.num_groups)):
            raise ConfigurationError(f"groups are numbered from 0 without gaps: {self.groups}")
        if isinstance(self.action, Candidates) and not self.num_state:
            raise ConfigurationError("with candidates, critics need `state`: num_state is 0")
        names = [cost.name for cost in self.costs]
        if len(set(names)) != len(names):
            raise ConfigurationError(f"two costs have one name: {names}")

    @property
    def agent_groups(self) -> tuple[int, ...]:
        """The group of each agent. [A]."""
        return self.groups or tuple(range(self.num_agents))

    @property
    def num_groups(self) -> int:
        """How many sets of parameters the actors have."""
        return max(self.agent_groups) + 1


class Obs(NamedTuple):
    """What all agents of all environments see before they act."""

    features: Floats
    """[N, A, F]; with `Candidates` [N, A, C, F], C may differ from step to step."""
    active: Flags
    """Whether an agent has a choice to make. [N, A]"""
    mask: Flags | None = None
    """Which actions or candidates are allowed; at least one where active. [N, A, C]"""
    tokens: Ints | None = None
    """[N, A, C, L], only with `Candidates(num_tokens > 0)`."""
    state: Floats | None = None
    """What centralised critics read; never seen by an actor. [N, S]"""


class Step(NamedTuple):
    """What one step of all environments gave.

    An environment whose episode ended is reset at once: `obs` is the first of its next episode.
    """

    obs: Obs
    reward: Sums
    """The team's reward. [N]"""
    costs: Sums
    """[N, K]"""
    terminated: Flags
    """The episode ended by itself; nothing comes after it. [N]"""
    truncated: Flags
    """It was cut by a limit of time; the value of `info["final_state"]` comes after it. [N]"""
    info: Mapping[str, Any]
    """`final_state` [N, S] (rows of truncated episodes count; without a state, `final_features`
    [N, A, F]); `failed` [N]: the episode broke and is left out of training. Anything else is the
    environment's own, is kept for the end of an episode, and may be absent."""


class ConstrainedVectorEnv(Protocol):
    """N copies of a constrained problem that are stepped together."""

    @property
    def spec(self) -> EnvSpec:
        """Sizes, action space, costs and limits; constant."""
        ...

    def reset(self, seed: int) -> Obs:
        """Starts N new episodes.

        Args:
            seed: Decides everything that is random here, until the next `reset`.
        """
        ...

    def step(self, actions: npt.NDArray[Any]) -> Step:
        """Carries out one action of every agent.

        Args:
            actions: Indices [N, A] (`Discrete`, `Candidates`) or vectors [N, A, D] (`Continuous`).
        """
        ...

    def state(self) -> bytes:
        """Returns where all episodes stand, for an exact resume.

        An environment that cannot be put back in the middle of an episode may finish or drop its
        running episodes here and say from which point of its random stream it goes on; what it
        then does after `load_state` must equal what it does after `state`.
        """
        ...

    def load_state(self, data: bytes) -> Obs:
        """Goes on from `state` and returns what the agents see."""
        ...

    def close(self) -> None:
        """Ends all episodes and frees what they hold; closing twice is allowed."""
        ...


MakeEnv = Callable[[int, int], ConstrainedVectorEnv]
"""`make_env(worker, num_envs)`: a picklable factory; `worker` is the rollout worker's number, whose
environments must draw other episodes than those of the other workers."""
