"""Where a run's steps come from and who learns: in this process, or by workers and ranks on Ray."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from actors.training.settings import TrainSettings
from core.errors import ConfigurationError
from learners.algorithms import AnyConfig
from learners.contract import MakeEnv
from learners.rollouts import Rollouts
from learners.training import TrainConfig
from learners.updates import Algorithm

__all__ = ["Sources", "sources_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Parts of a `Training`; `None`: its own, in this process."""

    rollouts: Rollouts | None = None
    learner: Algorithm | None = None
    clock: Callable[[], float] = time.process_time
    """CPU-seconds of all processes."""
    drops: Callable[[], str] = lambda: ""
    """What rollouts lost so far, in words."""


@contextmanager
def sources_of(
    settings: TrainSettings, algorithm: AnyConfig, make_env: MakeEnv, config: TrainConfig
) -> Iterator[Sources]:
    """Yields the parts of a run, and ends their processes afterwards."""
    del algorithm, make_env, config
    if settings.workers > 1 or settings.ranks > 1:
        raise ConfigurationError("not yet")
    yield Sources()
