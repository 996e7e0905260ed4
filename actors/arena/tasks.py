"""Which task comes next: a seeded stream over generated tasks that follows the learner.

A template's share is proportional to what still fails, 1 - success, with a floor, so that nothing
that was learned is forgotten. The seed of each instance depends on the run's seed, the worker and
the place in the stream only; what has been reported decides the templates. `state` and `load_state`
go on exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import ConfigurationError
from core.seeding import derive_seed, generator
from core.tasks import Split, Task
from environment.tasks.generated import generate, templates

__all__ = ["Draw", "TaskSampler", "TaskStream"]

_SEEDS = 10**18
"""Generated tasks have this many seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStream:
    """Which tasks a sampler draws from, and how it follows success."""

    splits: Mapping[Split, float] = field(default_factory=lambda: {Split.TRAIN: 1.0})
    """Split to its share of the episodes; shares are normalised."""
    floor: float = 0.05
    """Weight that a template keeps however well it goes, in (0, 1]."""
    memory: float = 0.9
    """Decay of a template's mean success, in [0, 1): 0.9 remembers about ten episodes."""
    first_guess: float = 0.0
    """Success that is taken for granted before a template was tried, in [0, 1]."""
    names: tuple[str, ...] = ()
    """Only these templates; empty: all of the splits."""
    instances: int = 0
    """Different instances of one template that a worker draws; 0: no end of them.

    Tasks, their plans and what solving them leaves behind are remembered, so a limited number is
    cheaper.
    """

    def __post_init__(self) -> None:
        """Checks the ranges.

        Raises:
            ConfigurationError: A value is out of its range.
        """
        if not self.splits or min(self.splits.values()) < 0 or not sum(self.splits.values()):
            raise ConfigurationError(f"splits need shares of at least 0, some above: {self.splits}")
        if not 0.0 < self.floor <= 1.0 or not 0.0 <= self.memory < 1.0:
            raise ConfigurationError(
                f"floor is in (0, 1] and memory in [0, 1), not {self.floor} and {self.memory}"
            )
        if not 0.0 <= self.first_guess <= 1.0 or self.instances < 0:
            raise ConfigurationError(
                f"first_guess is in [0, 1] and instances at least 0, not {self.first_guess} "
                f"and {self.instances}"
            )


@dataclass(frozen=True, slots=True)
class Draw:
    """One task of the stream."""

    task: Task
    number: int
    """Place in the stream, from 0."""
    seed: int
    """For everything random in the episode."""


class TaskSampler:
    """Draws tasks one after the other."""

    def __init__(self, stream: TaskStream, *, seed: int, worker: int) -> None:
        """Starts a stream.

        Args:
            stream: What to draw from.
            seed: The run's seed.
            worker: Number of the rollout worker; different workers draw different tasks.

        Raises:
            ConfigurationError: A template is in none of the splits.
        """
        self._stream = stream
        self._seed = derive_seed(seed, "arena", worker)
        self._pools = {split: _pool(split, stream.names) for split in stream.splits}
        if not any(self._pools.values()):
            raise ConfigurationError(f"no split of {list(stream.splits)} has {stream.names}")
        self._next = 0
        self._success: dict[str, float] = {}
        self._kept: dict[tuple[str, int, Split], Task] = {}
        """Tasks that will come again; none where there is no end of them."""

    def draw(self) -> Draw:
        """Returns the next task."""
        number, self._next = self._next, self._next + 1
        rng = generator(self._seed, "task", number)
        splits = [split for split, pool in self._pools.items() if pool]
        split = rng.choices(splits, [self._stream.splits[one] for one in splits])[0]
        pool = self._pools[split]
        template = rng.choices(pool, [self.weight(name) for name in pool])[0]
        instance = rng.randrange(self._stream.instances or _SEEDS)
        if self._stream.instances:
            instance = derive_seed(self._seed, "instance", template, instance) % _SEEDS
        key = template, instance, split
        task = self._kept.get(key)
        if task is None:
            task = generate(template, instance, split).task
            if self._stream.instances:
                self._kept[key] = task
        return Draw(task, number, derive_seed(self._seed, "episode", number))

    @property
    def templates(self) -> tuple[str, ...]:
        """Every template of the stream, in a fixed order."""
        return tuple(sorted({name for pool in self._pools.values() for name in pool}))

    def was_tried(self, template: str) -> bool:
        """Returns whether an episode of a template was reported."""
        return template in self._success

    def report(self, template: str, success: bool) -> None:
        """Counts how an episode of a template ended; broken episodes are not reported."""
        before = self._success.get(template, self._stream.first_guess)
        memory = self._stream.memory
        self._success[template] = memory * before + (1.0 - memory) * float(success)

    def success(self, template: str) -> float:
        """Returns a template's decayed mean success, in [0, 1]."""
        return self._success.get(template, self._stream.first_guess)

    def weight(self, template: str) -> float:
        """Returns what a template's share is proportional to."""
        return max(self._stream.floor, 1.0 - self.success(template))

    def state(self) -> dict[str, object]:
        """Returns where the stream stands, as plain data."""
        return {"seed": self._seed, "next": self._next, "success": dict(self._success)}

    def load_state(self, state: Mapping[str, object]) -> None:
        """Goes on from `state` of a sampler with the same stream."""
        seed, number, success = state["seed"], state["next"], state["success"]
        assert isinstance(seed, int), "a state comes from `state`"
        assert isinstance(number, int), "a state comes from `state`"
        assert isinstance(success, Mapping), "a state comes from `state`"
        self._seed = seed
        self._next = number
        self._success = {str(name): float(value) for name, value in success.items()}


def _pool(split: Split, names: Sequence[str]) -> list[str]:
    known = templates(split)
    return [name for name in known if not names or name in names]
