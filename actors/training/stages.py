"""What the stages of a run train, on which episodes, and what each leaves.

    agents   the web agents on the rules' plans; the curriculum gives them more of a plan's nodes as
             a template goes better
    plan     the plan policy, while the agents of the stage before act and do not change
    joint    both in turns: `actors.training.joint`

A stage knows its environment, how its policy is evaluated and where it is written. It
does not train: `learners.driving` does. No torch here; `algorithms` has the stages' settings of
learners.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from actors.arena.evaluating import Trial
from actors.arena.outcome import Outcome
from actors.arena.shares import TierDraw
from actors.arena.tasks import TaskStream
from actors.assembly import Assembly, default_assembly
from actors.plan_episodes import PAID, MakePlanEpisodes, PlanConfig
from actors.training.evaluation import run_agents, run_plans
from actors.training.run_folder import RunFolder
from actors.training.settings import Stage, TrainSettings
from actors.web_episodes import MakeWebEpisodes, WebConfig
from core.errors import ConfigurationError
from core.seeding import derive_seed
from core.tasks import Split
from learners.contract import MakeEnv
from planner.orchestration import OrchestratedPlanner
from planner.requests import Planner
from planner.rules import RulesPlanner
from policies.learned import TrainedAgents, agents_of, load_agents, save_agents
from policies.plan_policy import PlanPolicy
from policies.plan_policy.files import save_policy
from policies.plan_policy.scorers import from_scorers
from policies.profiles import DEFAULT_POOL, AgentProfile, limited_to
from policies.trained import TrainedPolicy
from policies.view import ActionPolicy

__all__ = ["AgentsStage", "PlanStage", "StageOf", "left_by", "stage_of"]


class StageOf(Protocol):
    """What a run must know of a stage."""

    @property
    def make_env(self) -> MakeEnv:
        """The factory of its environments."""
        ...

    @property
    def file(self) -> str:
        """Name of the file that it leaves."""
        ...

    @property
    def variants(self) -> Sequence[str]:
        """Ways in which the policy may act in an evaluation; the first is that of training."""
        ...

    def episodes(
        self, policy: TrainedPolicy, variant: str, split: Split, n: int, seed: int
    ) -> Iterator[Outcome]:
        """Yields evaluated episodes."""
        ...

    def save(self, policy: TrainedPolicy, path: Path, notes: dict[str, str]) -> None:
        """Writes the policy as the system loads it."""
        ...


@dataclass(frozen=True, slots=True)
class AgentsStage:
    """Web agents, from scratch unless the settings say otherwise."""

    settings: TrainSettings
    plan: PlanPolicy | None = None
    """Who decides about plans; `None`: the rules, and the curriculum gives nodes to the agents."""

    @property
    def make_env(self) -> MakeEnv:
        """Web episodes; under a plan policy all nodes that open a page are the agents'."""
        settings = self.settings
        config = WebConfig(
            stream=_stream(settings, floor=0.05, instances=0),
            alpha=settings.alpha,
            prior=settings.prior,
            shaping=settings.shaping,
            step_penalty=settings.step_penalty,
        )
        if self.plan is None:
            return MakeWebEpisodes(config)
        assembly = default_assembly(agents=limited_to(DEFAULT_POOL, PAID))
        decided = replace(assembly, planner=_Decides(self.plan, settings.seed))
        return MakeWebEpisodes(replace(config, as_planned=True, lead=0), decided)

    @property
    def file(self) -> str:
        """As `policies.learned.agents_file` names it."""
        return f"agents_{self.settings.algorithm}.npz"

    @property
    def variants(self) -> Sequence[str]:
        """Actions are drawn, as in training, or the likeliest are taken, as in the system."""
        return ("drawn", "likeliest")

    def episodes(
        self, policy: TrainedPolicy, variant: str, split: Split, n: int, seed: int
    ) -> Iterator[Outcome]:
        """Yields episodes in which every node that opens a page is the agents'."""
        assembly = default_assembly()
        agents = agents_of(policy, assembly.agents)
        rng = np.random.default_rng(derive_seed(seed, "evaluation")) if variant == "drawn" else None
        trial = Trial(split=split, n=n, seed=seed, alpha=self.settings.alpha, tiers=TierDraw())
        policies = {agent.id: agents.policy(agent, rng) for agent in assembly.agents}
        yield from run_agents(trial, policies, assembly)

    def save(self, policy: TrainedPolicy, path: Path, notes: dict[str, str]) -> None:
        """Writes the agents' file."""
        save_agents(agents_of(policy, default_assembly().agents), path, notes)


@dataclass(frozen=True, slots=True)
class PlanStage:
    """The plan policy, on frozen agents."""

    settings: TrainSettings
    agents: TrainedAgents | None
    """Who acts; `None`: the heuristic."""

    @property
    def make_env(self) -> MakeEnv:
        """Decisions about plans."""
        settings = self.settings
        stream = _stream(settings, floor=1.0, instances=4)
        config = PlanConfig(stream=stream, alpha=settings.alpha, tiers=PAID, prior=settings.prior)
        return MakePlanEpisodes(config, self._assembly())

    @property
    def file(self) -> str:
        """As `policies.plan_policy.files.policy_file` names it."""
        return f"plan_{self.settings.algorithm}.npz"

    @property
    def variants(self) -> Sequence[str]:
        """The likeliest decisions are taken."""
        return ("likeliest",)

    def episodes(
        self, policy: TrainedPolicy, variant: str, split: Split, n: int, seed: int
    ) -> Iterator[Outcome]:
        """Yields episodes whose plans the policy decides about."""
        del variant
        decides = from_scorers(policy.weights, version="trained")
        yield from run_plans(
            decides, self._assembly(), split=split, n=n, seed=seed, alpha=self.settings.alpha
        )

    def save(self, policy: TrainedPolicy, path: Path, notes: dict[str, str]) -> None:
        """Writes the plan policy's file; its version is the commit's."""
        settings = self.settings
        version = f"{settings.algorithm}-{settings.seed}-{notes.get('commit', 'unknown')}"[:64]
        save_policy(from_scorers(policy.weights, version=version), path)

    def _assembly(self) -> Assembly:
        pool = limited_to(DEFAULT_POOL, PAID)
        assembly = default_assembly(agents=pool)
        return assembly if self.agents is None else replace(assembly, policy=_Acts(self.agents))


@dataclass(frozen=True, slots=True)
class _Acts:
    """The frozen agents as an assembly's policies; picklable."""

    agents: TrainedAgents

    def __call__(self, profile: AgentProfile) -> ActionPolicy:
        return self.agents.policy(profile)


@dataclass(frozen=True, slots=True)
class _Decides:
    """The rules' plans, decided by a policy that does not change; picklable."""

    policy: PlanPolicy
    seed: int

    def __call__(self) -> Planner:
        return OrchestratedPlanner(RulesPlanner(), self.policy, seed=self.seed)


def left_by(stage: Literal["agents", "plan"], run: RunFolder) -> Path | None:
    """Returns the policy file that a stage left in this run, or in the run that it starts from.

    `None`: neither has such a stage.

    Raises:
        ConfigurationError: There is no run to start from where the settings name one.
    """
    settings = run.settings
    if stage in settings.stages:
        return run.stage(stage) / f"{stage}_{settings.algorithm}.npz"
    if not settings.start_from:
        return None
    other = RunFolder.open(Path(settings.start_from))
    file = other.path / stage / f"{stage}_{other.settings.algorithm}.npz"
    return file if file.exists() else None


def stage_of(stage: Stage, settings: TrainSettings, agents_file: Path | None) -> StageOf:
    """Returns a stage of a run.

    Args:
        stage: Which.
        settings: Of the run.
        agents_file: What the stage of the agents left; `None`: there is none, and the heuristic
            acts.

    Raises:
        ConfigurationError: The stage is not there, or the file cannot be read.
    """
    if stage == "agents":
        return AgentsStage(settings)
    if stage == "plan":
        return PlanStage(settings, None if agents_file is None else load_agents(agents_file))
    raise ConfigurationError("joint training is a run of its own: `actors.training.joint`")


def _stream(settings: TrainSettings, *, floor: float, instances: int) -> TaskStream:
    splits = {Split.TRAIN: 1.0 - settings.attacks, Split.ATTACKS: settings.attacks}
    kept = {split: share for split, share in splits.items() if share > 0}
    number = instances if settings.instances is None else settings.instances
    return TaskStream(splits=kept, floor=floor, names=settings.templates, instances=number)
