"""Where a run's steps come from and who learns: in this process, or workers and ranks on Ray."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from actors.training.settings import TrainSettings
from core.errors import ConfigurationError
from learners.algorithms import AnyConfig, build
from learners.contract import EnvSpec, MakeEnv
from learners.networks.actors import actor_shape
from learners.rollouts import Rollouts
from learners.runs import TrainConfig
from learners.training import torch_threads
from learners.updates import Learner, LocalLearner

__all__ = ["Sources", "ray_for", "sources_of"]

_STORE_BYTES = 512 * 2**20
"""Object store of a Ray of our own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Parts of a `Training`; `None`: its own, in this process."""

    rollouts: Rollouts | None = None
    learner: Learner | None = None
    clock: Callable[[], float] = time.process_time
    """CPU-seconds of all processes that play or learn; those of Ray itself are not known here."""
    worker_seconds: Callable[[], tuple[float, ...]] = tuple
    """CPU-seconds of each rollout worker; none where there is no worker."""
    drops: Callable[[], str] = lambda: ""
    """What rollouts lost so far, in words."""


@contextmanager
def ray_for(settings: TrainSettings) -> Iterator[None]:
    """Starts or joins the Ray that a run needs; nothing where it needs none.

    Ray takes over SIGTERM when it starts, so handlers of one's own are put in place inside.
    """
    if settings.workers == 1 and settings.ranks == 1:
        yield
        return
    from actors.pool import RayConfig, start_ray

    config = RayConfig(
        address=settings.ray_address,
        num_cpus=settings.workers + settings.ranks,
        object_store_bytes=_STORE_BYTES,
    )
    with start_ray(config):
        yield


@contextmanager
def sources_of(
    settings: TrainSettings, algorithm: AnyConfig, make_env: MakeEnv, config: TrainConfig
) -> Iterator[Sources]:
    """Yields the parts of a run, and ends their processes afterwards; Ray runs where it is needed.

    Raises:
        ConfigurationError: There are fewer episodes than ranks to share them.
    """
    if settings.workers == 1 and settings.ranks == 1:
        yield Sources()
        return
    if settings.envs // settings.workers < settings.ranks:
        raise ConfigurationError(
            f"{settings.envs} episodes over {settings.workers} workers cannot be shared by "
            f"{settings.ranks} learners"
        )
    with ExitStack() as closing:
        yield _on_ray(settings, algorithm, make_env, config, closing)


def _on_ray(
    settings: TrainSettings,
    algorithm: AnyConfig,
    make_env: MakeEnv,
    config: TrainConfig,
    closing: ExitStack,
) -> Sources:
    from actors.learner_ranks import GroupConfig, RayLearnerGroup
    from actors.ray_rollouts import RayRollouts
    from actors.rollout_accounts import WorkerConfig
    from actors.rollout_workers import WorkerPlan

    num_envs = settings.envs // settings.workers
    spec = _spec_of(make_env, num_envs)
    group = None
    if settings.ranks > 1:
        ranks = GroupConfig(num_ranks=settings.ranks)
        group = RayLearnerGroup(algorithm, spec, ranks, settings.seed)
        closing.callback(group.close)
    if settings.workers == 1:
        learning = group
        return Sources(
            learner=group,
            clock=lambda: time.process_time() + (0.0 if learning is None else learning.cpu_s),
        )
    networks = algorithm.networks
    plan = WorkerPlan(
        make_env=make_env,
        shape=actor_shape(spec, networks.actor_hidden, networks.embedding),
        num_envs=num_envs,
        num_steps=config.rollout_length,
        seed=settings.seed,
        longest_episode=config.longest_episode,
    )
    with torch_threads(config.torch_threads):
        learner = group or LocalLearner(build(algorithm, spec, seed=settings.seed))
    rollouts = RayRollouts(
        plan,
        spec,
        WorkerConfig(num_workers=settings.workers),
        fetches=group is None,
        multipliers=lambda: learner.multipliers,
    )
    closing.callback(rollouts.close)
    return Sources(
        rollouts=rollouts,
        learner=learner,
        clock=lambda: (
            time.process_time() + rollouts.cpu_s + (0.0 if group is None else group.cpu_s)
        ),
        worker_seconds=rollouts.worker_seconds,
        drops=lambda: str(rollouts.counts),
    )


def _spec_of(make_env: MakeEnv, num_envs: int) -> EnvSpec:
    env = make_env(0, num_envs)
    spec = env.spec
    env.close()
    return spec
