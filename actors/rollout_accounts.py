"""What the driver knows of rollout workers: how they run, what is accepted, what was lost."""

from __future__ import annotations

from dataclasses import dataclass

from ray import ObjectRef

from actors.rollout_workers import Played
from core.errors import ConfigurationError
from learners.fragments import Episodes, RolloutSeconds
from learners.packing import PackedFragment

__all__ = ["Acceptance", "RemoteFragment", "RolloutCounts", "WorkerConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Which versions a learner takes."""

    max_lag: int = 0
    """Versions that a fragment may be behind; 0: on-policy."""

    def takes(self, version: int, newest: int) -> bool:
        """Returns whether a fragment of a version is still of use."""
        return newest - version <= self.max_lag


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """How workers run."""

    num_workers: int = 2
    num_cpus: float = 1.0
    """That Ray sets aside for each."""
    max_restarts: int = 3
    """Of each worker; then it is dead for good."""
    start_deadline_s: float = 120.0
    """Seconds until all workers have answered for the first time."""
    collect_deadline_s: float = 300.0
    """Seconds that a fragment may take."""
    acceptance: Acceptance = Acceptance()

    def __post_init__(self) -> None:
        if self.num_workers < 1 or self.max_restarts < 0:
            raise ConfigurationError(
                f"at least one worker and no fewer than 0 restarts, not {self.num_workers} and "
                f"{self.max_restarts}"
            )


@dataclass(slots=True, kw_only=True)
class RolloutCounts:
    """What did not reach the learner, since the start."""

    lost: int = 0
    """Fragments that died with their worker."""
    late: int = 0
    """Times that a worker did not answer before the deadline."""
    stale: int = 0
    """Fragments that came and were too old."""
    stale_steps: int = 0
    """Environment steps in them."""
    restarts: int = 0
    """Times that a worker began anew."""
    dead: int = 0
    """Workers that do not come back."""

    def __str__(self) -> str:
        """Returns what is not zero, in words; empty where nothing is."""
        named = {
            "fragments lost": self.lost,
            "late": self.late,
            "too old": self.stale,
            "restarts": self.restarts,
            "workers dead": self.dead,
        }
        return ", ".join(f"{name}: {count}" for name, count in named.items() if count)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFragment:
    """A fragment in the object store; a `learners.fragments.Collected`."""

    worker: int
    played: Played
    reference: ObjectRef[PackedFragment]

    @property
    def version(self) -> int:
        """See `Collected`."""
        return self.played.version

    @property
    def episodes(self) -> Episodes:
        """See `Collected`."""
        return self.played.episodes

    @property
    def num_running(self) -> int:
        """See `Collected`."""
        return self.played.num_running

    @property
    def num_steps(self) -> int:
        """See `Collected`."""
        return self.played.num_steps

    @property
    def seconds(self) -> RolloutSeconds:
        """See `Collected`."""
        return self.played.seconds
