"""What a training run was asked to do; written beside its results, and read when it goes on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import ConfigurationError

__all__ = ["FREE", "AlgorithmName", "Stage", "TrainSettings", "settings_from"]

AlgorithmName = Literal["p3o", "ppo_lagrangian", "macpo", "ppo", "ppo_penalty"]
Stage = Literal["agents", "plan", "joint"]

FREE = frozenset(
    {
        "cpu_seconds",
        "iterations",
        "ranks",
        "evaluation_episodes",
        "evaluations",
        "keep",
        "ray_address",
    }
)
"""Fields that may change when a run goes on; a changed limit changes how step sizes fall."""


class TrainSettings(BaseModel):
    """One run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    algorithm: AlgorithmName = "p3o"
    stages: tuple[Stage, ...] = ("agents",)
    """In order; each begins with what the one before has left."""
    alpha: Annotated[float, Field(gt=0)] = 0.45
    """B is this share of the template's reference cost."""
    seed: int = 0
    cpu_seconds: Annotated[float, Field(gt=0)] | None = 500.0
    """Of training, all processes and stages together; `None`: no limit."""
    iterations: Annotated[int, Field(gt=0)] | None = None
    """Updates of each stage; `None`: no limit."""
    workers: Annotated[int, Field(ge=1)] = 1
    """Rollout workers; 1: the environments run in the process that learns, without Ray."""
    ranks: Annotated[int, Field(ge=1)] = 1
    """Learner processes; 1: the process that drives the run learns."""
    ray_address: str = "local"
    """`local` starts a Ray of the run's own, `auto` or an address joins a running one."""
    envs: Annotated[int, Field(ge=1)] = 32
    """Episodes side by side, all workers together."""
    rollout_length: Annotated[int, Field(ge=1)] = 16
    """Least steps of each episode between two updates."""
    attacks: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Share of the episodes whose pages carry attacks."""
    templates: tuple[str, ...] = ()
    """Only these; empty: all of the split."""
    prior: bool = False
    """Agents start from what the heuristic proposes. False: from scratch."""
    per_task: bool = True
    """Advantages are weighed by task; not with MACPO."""
    entropy: Annotated[float, Field(ge=0)] | None = None
    """Weight of the entropy bonus, `None`: the stage's own; not with MACPO."""
    instances: Annotated[int, Field(ge=0)] | None = None
    """Different instances of a template that a worker draws; 0: no end of them; `None`: the
    stage's own."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.003
    """Of the actors; not with MACPO."""
    penalty: Annotated[float, Field(ge=0)] = 1.0
    """Of `ppo_penalty`: reward units per unit of each cost."""
    step_penalty: Annotated[float, Field(ge=0)] = 0.0
    """Taken off for every step; only to show that agents then fail fast."""
    shaping: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the potential that rewards finished nodes; sums to 0 over an episode."""
    turn: Annotated[int, Field(ge=1)] = 10
    """Updates of a turn in joint training."""
    start_from: str = ""
    """Folder of another run whose trained agents and plan policy this one starts from."""
    evaluations: Annotated[int, Field(ge=0)] = 6
    """Evaluations during a stage, for the learning curve."""
    curve_episodes: Annotated[int, Field(ge=1)] = 48
    """Of each of them; 48 is one of each template."""
    evaluation_episodes: Annotated[int, Field(ge=1)] = 96
    """Of the final evaluation of a stage, on new instances."""
    checkpoint_every: Annotated[int, Field(ge=1)] = 5
    """Iterations between two checkpoints."""
    keep: Annotated[int, Field(ge=1)] = 3
    """Newest checkpoints that are kept, besides the best."""

    @model_validator(mode="after")
    def _checked(self) -> TrainSettings:
        if self.cpu_seconds is None and self.iterations is None:
            raise ValueError("a run needs a limit: cpu_seconds or iterations")
        if not self.stages or len(set(self.stages)) != len(self.stages):
            raise ValueError(f"each stage comes once, and there is at least one: {self.stages}")
        if self.envs % self.workers:
            raise ValueError(
                f"{self.envs} episodes side by side cannot be shared evenly by "
                f"{self.workers} workers"
            )
        return self

    def differences(self, other: TrainSettings) -> list[str]:
        """Returns the fixed fields in which another run differs, as `name: here, there`."""
        ours, theirs = self.model_dump(), other.model_dump()
        return [
            f"{name}: {ours[name]!r}, {theirs[name]!r}"
            for name in ours
            if name not in FREE and ours[name] != theirs[name]
        ]


def settings_from(values: dict[str, object]) -> TrainSettings:
    """Returns checked settings.

    Raises:
        ConfigurationError: A value is out of its range; the message says which.
    """
    try:
        return TrainSettings.model_validate(values)
    except ValidationError as error:
        found = [
            f"{'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg']}, not {one['input']!r}"
            if one["loc"]
            else one["msg"]
            for one in error.errors()
        ]
        raise ConfigurationError("; ".join(found)) from error
