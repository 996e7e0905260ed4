"""Figures of training on web episodes: where the CPU goes, and what a second worker brings.

figure           how
steps per CPU-s  environment steps over CPU-seconds of all processes, Ray's own included, after one
                 update that warms caches; 16 episodes side by side
shares           of these CPU-seconds: environment, policy (numpy), learner (torch), and the rest:
                 messages, object store, Ray's own processes
efficiency       of two workers: steps per CPU-second on the longest path (the slower worker, then
                 the driver) over twice those of one process that does all. It is what two free
                 cores would give; wall times of a shared machine would say something about others
update           CPU-seconds of one update on one and the same batch, for each algorithm

The policy is untrained and changes during the measurement, as it does at the start of a run.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import psutil

from actors.training.algorithms import algorithm_of
from actors.training.settings import AlgorithmName, TrainSettings
from actors.training.sources import Sources, ray_for, sources_of
from actors.training.stages import AgentsStage
from learners.algorithms import build
from learners.episodes import EpisodeWindow
from learners.fragments import Fragment
from learners.networks.actors import actor_shape
from learners.rollouts import InProcessRollouts
from learners.runs import TrainConfig
from learners.training import Training, torch_threads
from scripts.bench.figures import Figure, spread

__all__ = ["measure"]

_ALGORITHMS: tuple[AlgorithmName, ...] = ("ppo", "p3o", "ppo_lagrangian", "macpo")
_UPDATES = 5
_SETTINGS = TrainSettings(envs=16, rollout_length=12, iterations=1 + _UPDATES, cpu_seconds=None)


@dataclass(slots=True)
class _Cost:
    """CPU-seconds and steps of some updates."""

    steps: int = 0
    env: float = 0.0
    policy: float = 0.0
    learner: float = 0.0
    total: float = 0.0
    """Of all processes."""
    longest: float = 0.0
    """On the longest path."""


def measure() -> list[Figure]:
    """Returns the figures; starts a Ray instance of its own and stops it. A few minutes."""
    one, two = _trained(workers=1), _trained(workers=2)
    figures: list[Figure] = []
    for name, cost in (("one process", one), ("two workers on Ray", two)):
        rest = max(0.0, cost.total - cost.env - cost.policy - cost.learner)
        figures.append(_figure(f"training, {name}", cost.steps / cost.total, "steps/CPU-s"))
        for part, seconds in (
            ("environment", cost.env),
            ("policy", cost.policy),
            ("learner", cost.learner),
            ("messages and the rest", rest),
        ):
            figures.append(_figure(f"{name}: {part}", 100 * seconds / cost.total, "% of CPU"))
    alone = one.steps / one.longest
    together = two.steps / two.longest
    figures.append(
        _figure("two workers: efficiency, longest path", together / alone / 2, "of 2 x one")
    )
    return [*figures, *_updates()]


def _trained(workers: int) -> _Cost:
    """Runs some updates and counts."""
    settings = _SETTINGS.model_copy(update={"workers": workers})
    make_env, algorithm = AgentsStage(settings).make_env, algorithm_of(settings, "agents")
    config = TrainConfig(
        total_steps=None,
        iterations=settings.iterations,
        num_envs=settings.envs,
        rollout_length=settings.rollout_length,
    )
    with ExitStack() as closing:
        closing.enter_context(ray_for(settings))
        sources = closing.enter_context(sources_of(settings, algorithm, make_env, config))
        training = Training(
            algorithm,
            make_env,
            config,
            rollouts=sources.rollouts,
            learner=sources.learner,
            clock=sources.clock,
        )
        closing.callback(training.close)
        training.step()
        cost = _Cost()
        before = _cpu_of_all()
        for _ in range(_UPDATES):
            _add(cost, training, sources)
        cost.total = _cpu_of_all() - before
    return cost


def _add(cost: _Cost, training: Training, sources: Sources) -> None:
    """One update; the longest path is the slower worker, then the driver."""
    steps = training.history.records[-1].steps
    own, workers = time.process_time(), sources.worker_seconds()
    record = training.step()
    longest = time.process_time() - own
    played = [now - then for now, then in zip(sources.worker_seconds(), workers, strict=True)]
    cost.longest += longest + max(played, default=0.0)
    cost.steps += record.steps - steps
    cost.env += record.seconds.env
    cost.policy += record.seconds.policy
    cost.learner += record.seconds.update


def _cpu_of_all() -> float:
    """CPU-seconds of this process and all that it has started, those that have ended left out."""
    here = psutil.Process()
    total = time.process_time()
    for child in here.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _updates() -> list[Figure]:
    """CPU-seconds of one update of each algorithm on one batch."""
    make_env = AgentsStage(_SETTINGS).make_env
    env = make_env(0, _SETTINGS.envs)
    first = build(algorithm_of(_SETTINGS, "agents"), env.spec, seed=0)
    networks = first.team.config
    rollouts = InProcessRollouts(
        make_env,
        actor_shape(env.spec, networks.actor_hidden, networks.embedding),
        num_envs=_SETTINGS.envs,
        num_steps=_SETTINGS.rollout_length,
        seed=0,
        env=env,
    )
    fragments = [*rollouts.collect(first.team.weights(), 0)]
    rollouts.close()
    return [_update(name, fragments, EpisodeWindow(env.spec)) for name in _ALGORITHMS]


def _update(name: AlgorithmName, fragments: list[Fragment], window: EpisodeWindow) -> Figure:
    settings = _SETTINGS.model_copy(update={"algorithm": name})
    spec = AgentsStage(settings).make_env(0, settings.envs).spec
    evidence = window.add(fragments, 0)
    steps = sum(fragment.num_steps for fragment in fragments)
    seconds = []
    for seed in range(_UPDATES):
        learner = build(algorithm_of(settings, "agents"), spec, seed=seed)
        started = time.process_time()
        with torch_threads(1):
            learner.update(fragments, evidence, 0.0)
        seconds.append(time.process_time() - started)
    figure = _figure(f"{name}: one update on {steps} steps", median(seconds), "CPU-s")
    figure["spread"] = spread(seconds)
    return figure


def _figure(name: str, value: float, unit: str) -> Figure:
    return {"name": name, "value": value, "unit": unit, "target": "", "n": _UPDATES}
