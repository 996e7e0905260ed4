"""`learners.train`: collect, learn, record, until the run's limit.

    config = TrainConfig(total_steps=400_000, seed=0)
    trained = learners.train("p3o", make_env, config)
    trained.policy.act(obs, rng)          # numpy, no torch
    trained.history.tail_costs()          # J_C, to compare with the limits

One iteration:

    Rollouts.collect(weights, version) -> fragments       (in this process, or by workers)
    EpisodeWindow.add(fragments)       -> evidence        (J and J_C of completed episodes)
    Algorithm.update(fragments, evidence) -> new weights

`Training` is this loop as an object with `step`, `state` and `load_state`; `train` runs it to its
end. Same seed, same numbers, on one process, when the limit is steps or iterations.

Which policy is returned. Single iterates swing around a limit with the noise of their evidence.
What is proved about a Lagrangian method is proved about the mixture of its iterates:
`Trained.averaged` is that mixture (over the last fifth), which draws one iterate for each episode.
`Trained.policy` has the mean of these iterates' parameters: one policy, and near the mixture in J
and J_C as long as steps are small at the end of a run, which they are made to be; that is an
observation, not a theorem. `Trained.last` is the last iterate. `Trained.best_feasible` is the
iterate with the highest J among those whose own J_C kept to all limits; it was chosen by the
numbers it is reported with, so measure it again on fresh episodes before quoting it.
"""

from __future__ import annotations

import logging
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch

from learners.algorithms import AnyConfig, build
from learners.contract import EnvSpec, MakeEnv
from learners.episodes import EpisodeWindow, Evidence
from learners.history import History, Record, Seconds
from learners.mixtures import PolicyMixture
from learners.multipliers import duality_gap
from learners.networks.actors import actor_shape
from learners.rollouts import InProcessRollouts, Rollouts
from learners.runs import TrainConfig, Trained
from learners.updates import Learner, LocalLearner, Update
from policies.networks import Weights
from policies.trained import TrainedPolicy

__all__ = ["Training", "torch_threads", "train"]

logger = logging.getLogger(__name__)


def train(
    algorithm: str | AnyConfig,
    make_env: MakeEnv,
    config: TrainConfig | None = None,
) -> Trained:
    """Trains a policy on a constrained environment.

    Args:
        algorithm: "p3o", "ppo_lagrangian", "macpo", "ppo", "ppo_penalty", or a configuration.
        make_env: `make_env(worker, num_envs)` returns a `ConstrainedVectorEnv`.
        config: Length, width, seed.

    Raises:
        ConfigurationError: A setting is out of range.
        ContractError: The environment breaks the contract: NaN, wrong shapes, no end.
    """
    training = Training(algorithm, make_env, config or TrainConfig())
    try:
        for _ in training:
            pass
    finally:
        training.close()
    return training.result()


@dataclass(slots=True)
class _Progress:
    version: int = 0
    steps: int = 0
    cpu_s: float = 0.0
    records: list[Record] = field(default_factory=list)
    snapshots: list[tuple[int, Weights]] = field(default_factory=list)
    best: tuple[float, Weights] | None = None


class Training:
    """The loop, one iteration at a time."""

    def __init__(
        self,
        algorithm: str | AnyConfig,
        make_env: MakeEnv,
        config: TrainConfig,
        *,
        rollouts: Rollouts | None = None,
        learner: Learner | None = None,
        clock: Callable[[], float] = time.process_time,
    ) -> None:
        """Makes environments and networks.

        Args:
            algorithm: A name or a configuration.
            make_env: The factory.
            config: Length, width, seed.
            rollouts: Another source of fragments; `None`: environments in this process.
            learner: Another learner; `None`: in this process.
            clock: CPU-seconds so far of all processes that work for this run.
        """
        self._config = config
        self._clock = clock
        env = None
        if rollouts is None:
            env = make_env(0, config.num_envs)
            spec = env.spec
        else:
            spec = rollouts.spec
        with torch_threads(config.torch_threads):  # first parameters depend on their number
            self._learner: Learner = learner or LocalLearner(
                build(algorithm, spec, seed=config.seed)
            )
        networks = self._learner.networks
        shape = actor_shape(spec, networks.actor_hidden, networks.embedding)
        self._rollouts: Rollouts = rollouts or InProcessRollouts(
            make_env,
            shape,
            num_envs=config.num_envs,
            num_steps=config.rollout_length,
            seed=config.seed,
            longest_episode=config.longest_episode,
            env=env,
        )
        self._spec = spec
        self._shape = shape
        self._window = EpisodeWindow(spec, min_episodes=config.min_episodes)
        self._progress = _Progress()

    @property
    def history(self) -> History:
        """Records so far."""
        limits = tuple(cost.limit for cost in self._spec.costs)
        return History(limits=limits, records=list(self._progress.records))

    @property
    def spec(self) -> EnvSpec:
        """Of the environments."""
        return self._spec

    @property
    def policy(self) -> TrainedPolicy:
        """The policy as it is now."""
        return self._policy(self._learner.weights())

    @property
    def weights(self) -> Weights:
        """The actors' parameters as they are now."""
        return self._learner.weights()

    @property
    def num_updates(self) -> int:
        """Made so far."""
        return self._progress.version

    @property
    def score(self) -> float | None:
        """J of the newest record, if it kept to all limits: of the policy before that update."""
        records = self._progress.records
        if not records or not records[-1].episodes:
            return None
        limits = (cost.limit for cost in self._spec.costs)
        within = all(cost <= d for cost, d in zip(records[-1].costs, limits, strict=True))
        return records[-1].reward if within else None

    @property
    def share_done(self) -> float:
        """How much of the run is done, in [0, 1]: the largest share of any limit."""
        config, progress = self._config, self._progress
        shares = [
            done / limit
            for done, limit in (
                (progress.steps, config.total_steps),
                (progress.version, config.iterations),
                (progress.cpu_s, config.cpu_s),
            )
            if limit is not None
        ]
        return min(1.0, max(shares))

    def __iter__(self) -> Iterator[Record]:
        """Iterates to the end of the run."""
        while self.share_done < 1.0:
            yield self.step()

    def step(self) -> Record:
        """Collects once and learns once."""
        progress, config = self._progress, self._config
        started = self._clock()
        share = self.share_done
        weights = self._learner.weights()
        fragments = self._rollouts.collect(weights, progress.version)
        evidence = self._window.add(fragments, progress.version)
        learning = self._clock()
        with torch_threads(config.torch_threads):
            update = self._learner.update(fragments, evidence, share)
        ended = self._clock()
        progress.steps += sum(fragment.num_steps for fragment in fragments)
        progress.cpu_s += ended - started
        progress.version += 1
        playing = sum(fragment.seconds.env for fragment in fragments)
        choosing = sum(fragment.seconds.policy for fragment in fragments)
        seconds = Seconds(
            env=playing,
            policy=choosing,
            update=ended - learning,
            other=max(0.0, learning - started - playing - choosing),
        )
        record = self._record(evidence, update, seconds)
        progress.records.append(record)
        self._remember(record, weights)  # the weights that the record's episodes were played with
        self._tell(record)
        return record

    def result(self) -> Trained:
        """Returns policies and history so far."""
        progress = self._progress
        kept = [weights for _, weights in progress.snapshots] or [self._learner.weights()]
        mean = {name: np.stack([weights[name] for weights in kept]) for name in kept[0]}
        history = self.history
        if progress.records and self._spec.costs and not history.feasible():
            logger.warning(
                "no feasible policy: costs %s of the last fifth are above limits %s",
                [round(cost, 4) for cost in history.tail_costs()],
                list(history.limits),
            )
        return Trained(
            policy=self._policy({name: rows.mean(axis=0) for name, rows in mean.items()}),
            last=self.policy,
            history=history,
            averaged=PolicyMixture(tuple(self._policy(weights) for weights in kept)),
            best_feasible=None if progress.best is None else self._policy(progress.best[1]),
        )

    def state(self) -> bytes:
        """Returns everything that the next step depends on."""
        return pickle.dumps(
            (
                self._learner.state(),
                self._rollouts.state(),
                self._window.state(),
                {name: getattr(self._progress, name) for name in _Progress.__slots__},
            )
        )

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`. The bytes come from our own checkpoint: they are unpickled."""
        learner, rollouts, window, progress = pickle.loads(data)
        self._learner.load_state(learner)
        self._rollouts.load_state(rollouts)
        self._window.load_state(window)
        self._progress = _Progress(**progress)

    def start_from(self, data: bytes) -> None:
        """Takes over what another run's `state` has learned, and nothing else of it."""
        learner, _, _, _ = pickle.loads(data)
        self._learner.load_state(learner)

    def close(self) -> None:
        """Closes all environments."""
        self._rollouts.close()

    def _record(self, evidence: Evidence, update: Update, seconds: Seconds) -> Record:
        progress = self._progress
        return Record(
            iteration=progress.version,
            steps=progress.steps,
            episodes=evidence.num_episodes,
            failed=evidence.num_failed,
            censored=evidence.num_censored,
            reward=evidence.reward,
            costs=tuple(evidence.costs.tolist()),
            violating=tuple(evidence.violating.tolist()),
            length=evidence.length,
            multipliers=update.multipliers,
            kappa=update.kappa,
            kl=update.kl,
            entropy=update.entropy,
            value_loss=update.value_loss,
            duality_gap=self._gap(evidence, update),
            status=update.status,
            seconds=seconds,
            info=evidence.info,
        )

    def _gap(self, evidence: Evidence, update: Update) -> float:
        count = len(self._progress.records) // 5
        recent = [r for r in self._progress.records[-count:] if r.episodes] if count else []
        rewards = [record.reward for record in recent]
        costs = [np.array(record.costs) for record in recent]
        multipliers = [np.array(record.multipliers) for record in recent]
        if evidence.num_episodes:
            rewards.append(evidence.reward)
            costs.append(evidence.costs)
            multipliers.append(np.array(update.multipliers))
        return duality_gap(rewards, costs, multipliers, evidence.limits)

    def _remember(self, record: Record, weights: Weights) -> None:
        """Keeps iterates for the mixture, and the best that kept to the limits."""
        progress = self._progress
        kept = [*progress.snapshots, (record.iteration, weights)]
        kept = [pair for pair in kept if pair[0] > 0.8 * record.iteration]
        if len(kept) > 2 * self._config.snapshots:
            kept = kept[::2]
        progress.snapshots = kept
        limits = [cost.limit for cost in self._spec.costs]
        within = all(cost <= limit for cost, limit in zip(record.costs, limits, strict=True))
        better = progress.best is None or record.reward > progress.best[0]
        if record.episodes and within and better:
            progress.best = (record.reward, weights)

    def _tell(self, record: Record) -> None:
        config = self._config
        if config.callback is not None:
            config.callback(record)
        every = config.evaluate_every
        if every and config.evaluate is not None and record.iteration % every == 0:
            config.evaluate(record.iteration, self.policy)

    def _policy(self, weights: Weights) -> TrainedPolicy:
        return TrainedPolicy(shape=self._shape, groups=self._spec.agent_groups, weights=weights)


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Lets torch use so many threads, and puts it back to what it used before."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
