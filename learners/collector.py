"""Steps of N environments in lock-step with batched numpy inference, gathered into a fragment.

Episodes run on across fragments. A fragment is at least `num_steps` long, and longer, up to eight
times, until as many episodes have ended as there are environments: without ended episodes there is
no J_C to learn from. Nothing here loads torch.
"""

from __future__ import annotations

import pickle
import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from core.errors import ContractError
from core.seeding import derive_seed
from learners.contract import ConstrainedVectorEnv, EnvSpec, Obs, Step
from learners.contract_checks import check_finite, check_obs, check_step
from learners.fragments import (
    Episodes,
    Fragment,
    RolloutSeconds,
    critic_input,
    critic_input_of,
    critic_width,
)
from learners.stacking import joined, joined_episodes, stacked_obs
from policies.networks import ActorShape, Weights
from policies.trained import TrainedPolicy

__all__ = ["Collector"]

LONGEST_FRAGMENT = 8
"""A fragment is at most this many times as long as asked."""

Sums = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class _Running:
    """Sums of the episodes that are running. All [N, ...]."""

    reward: Sums
    costs: Sums
    weight: Sums
    """γ^t of the next step."""
    length: Ints
    effective_length: Sums
    start_version: Ints

    @staticmethod
    def fresh(spec: EnvSpec, version: int) -> _Running:
        number = spec.num_envs
        return _Running(
            reward=np.zeros(number),
            costs=np.zeros((number, len(spec.costs))),
            weight=np.ones(number),
            length=np.zeros(number, dtype=np.int64),
            effective_length=np.zeros(number),
            start_version=np.full(number, version, dtype=np.int64),
        )

    def add(self, step: Step, gamma: float) -> None:
        self.reward += self.weight * step.reward
        self.costs += self.weight[:, None] * step.costs
        self.effective_length += self.weight
        self.weight *= gamma
        self.length += 1

    def restart(self, ended: npt.NDArray[np.bool_], version: int) -> None:
        for sums in (self.reward, self.costs, self.length, self.effective_length):
            sums[ended] = 0
        self.weight[ended] = 1.0
        self.start_version[ended] = version


@dataclass(slots=True)
class _Log:
    """What a fragment gathers, step by step."""

    obs: list[Obs] = field(default_factory=list)
    actions: list[npt.NDArray[np.generic]] = field(default_factory=list)
    logp: list[npt.NDArray[np.float32]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    final_index: list[Ints] = field(default_factory=list)
    final_critic: list[npt.NDArray[np.float32]] = field(default_factory=list)
    ends: list[Episodes] = field(default_factory=list)
    failures: list[tuple[int, int, int]] = field(default_factory=list)
    """(environment, first step in this fragment, last step) of failed episodes."""
    num_ended: int = 0


class Collector:
    """N environments, their running episodes and the generator that samples actions."""

    def __init__(
        self,
        env: ConstrainedVectorEnv,
        shape: ActorShape,
        *,
        worker: int,
        seed: int,
        longest_episode: int = 10_000,
    ) -> None:
        """Starts the first episodes.

        Args:
            env: Owned by the collector from now on.
            shape: Of the actors.
            worker: Number of the worker.
            seed: Of the run; worker and seed decide everything that is random here.
            longest_episode: An episode with more steps than this is an error of the environment.
        """
        self._env = env
        self._shape = shape
        self._worker = worker
        self._longest_episode = longest_episode
        self._rng = np.random.default_rng(derive_seed(seed, "actions", worker))
        self._obs = env.reset(derive_seed(seed, "episodes", worker) % 2**32)
        check_obs(env.spec, self._obs)
        self._running = _Running.fresh(env.spec, 0)
        self._tick = 0

    @property
    def spec(self) -> EnvSpec:
        """Of the environments."""
        return self._env.spec

    def collect(self, weights: Weights, version: int, num_steps: int) -> Fragment:
        """Plays at least `num_steps` steps of every environment.

        Raises:
            ContractError: The environment broke the contract, or an episode does not end.
        """
        # an episode that has not taken a step yet begins under these weights
        self._running.start_version[self._running.length == 0] = version
        policy = TrainedPolicy(shape=self._shape, groups=self.spec.agent_groups, weights=weights)
        log = _Log()
        env_s = policy_s = 0.0
        while self._goes_on(log, num_steps):
            started = time.process_time()
            choice = policy.choose(self._obs, self._rng)
            chosen = time.process_time()
            log.obs.append(self._obs)
            step = self._env.step(choice.actions)
            stepped = time.process_time()
            policy_s += chosen - started
            env_s += stepped - chosen
            log.actions.append(choice.actions)
            log.logp.append(choice.logp)
            self._take(step, log, version)
        return self._fragment(log, version, RolloutSeconds(env=env_s, policy=policy_s))

    def state(self) -> bytes:
        """Returns generator, running sums and the environments' own state."""
        running = {name: getattr(self._running, name) for name in _Running.__slots__}
        parts = (self._env.state(), self._rng.bit_generator.state, running, self._tick)
        return pickle.dumps(parts)

    def load_state(self, data: bytes) -> None:
        """Goes on from `state`. The bytes come from our own checkpoint: they are unpickled."""
        env, rng, running, self._tick = pickle.loads(data)
        self._obs = self._env.load_state(env)
        self._rng.bit_generator.state = rng
        self._running = _Running(**running)

    def close(self) -> None:
        """Closes the environments."""
        self._env.close()

    def _goes_on(self, log: _Log, num_steps: int) -> bool:
        done = len(log.steps)
        if done < num_steps:
            return True
        return log.num_ended < self.spec.num_envs and done < LONGEST_FRAGMENT * num_steps

    def _take(self, step: Step, log: _Log, version: int) -> None:
        spec = self.spec
        check_step(spec, step)
        number = len(log.steps)
        log.steps.append(step)
        self._tick += 1
        self._running.add(step, spec.discount)
        ended = step.terminated | step.truncated
        if ended.any():
            self._end(step, ended, log, number)
            self._running.restart(ended, version)
        if self._running.length.max() >= self._longest_episode:
            env = int(self._running.length.argmax())
            raise ContractError(
                f"environment {env} has run {self._longest_episode:,} steps without an end; "
                "episodes must end (raise longest_episode if this is meant)"
            )
        self._obs = step.obs

    def _end(self, step: Step, ended: npt.NDArray[np.bool_], log: _Log, number: int) -> None:
        spec, running = self.spec, self._running
        failed = np.asarray(step.info.get("failed", np.zeros(len(ended), dtype=bool)), dtype=bool)
        for env in np.nonzero(ended & failed)[0]:
            log.failures.append((int(env), max(0, number + 1 - int(running.length[env])), number))
        cut = np.nonzero(step.truncated & ~step.terminated & ~failed)[0]
        if len(cut):
            log.final_critic.append(_final_critic(spec, step, cut))
            log.final_index.append(np.stack([np.full_like(cut, number), cut], axis=-1))
        log.num_ended += int(ended.sum())
        log.ends.append(
            Episodes(
                reward=running.reward[ended],
                costs=running.costs[ended],
                length=running.length[ended],
                effective_length=running.effective_length[ended],
                start_version=running.start_version[ended],
                end_tick=np.full(int(ended.sum()), self._tick, dtype=np.int64),
                failed=failed[ended],
                info=_info_of(step, ended),
            )
        )

    def _fragment(self, log: _Log, version: int, seconds: RolloutSeconds) -> Fragment:
        spec = self.spec
        reward = np.stack([step.reward for step in log.steps]).astype(np.float64)
        costs = np.stack([step.costs for step in log.steps]).astype(np.float64)
        valid = np.ones(reward.shape, dtype=bool)
        for env, first, last in log.failures:
            valid[first : last + 1, env] = False
            reward[first : last + 1, env] = 0.0  # a broken episode may say anything
            costs[first : last + 1, env] = 0.0
        check_finite("reward", reward)
        check_finite("cost", costs)
        features, mask, tokens = stacked_obs(log.obs)
        check_finite("features", features)
        width = critic_width(spec)
        return Fragment(
            version=version,
            worker=self._worker,
            features=features,
            active=np.stack([obs.active for obs in log.obs]),
            mask=mask,
            tokens=tokens,
            critic_t=np.stack([critic_input_of(spec, obs) for obs in log.obs]),
            critic_last=critic_input_of(spec, self._obs),
            final_index=joined(log.final_index, np.zeros((0, 2), dtype=np.int64)),
            final_critic=joined(log.final_critic, np.zeros((0, width), dtype=np.float32)),
            actions=np.stack(log.actions),
            logp=np.stack(log.logp),
            reward=reward,
            costs=costs,
            terminated=np.stack([step.terminated for step in log.steps]),
            truncated=np.stack([step.truncated for step in log.steps]),
            valid=valid,
            task=_tasks(log.steps),
            episodes=joined_episodes(log.ends, spec),
            num_running=int((self._running.length > 0).sum()),
            seconds=seconds,
        )


def _final_critic(spec: EnvSpec, step: Step, cut: Ints) -> npt.NDArray[np.float32]:
    name = "final_state" if spec.num_state else "final_features"
    if name not in step.info:
        raise ContractError(f"an episode was truncated and info has no {name!r}")
    rows = np.asarray(step.info[name], dtype=np.float32)[cut]
    return critic_input(spec, rows, rows)


def _info_of(step: Step, ended: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[np.generic]]:
    left_out = ("final_state", "final_features", "failed")
    found = {name: np.asarray(value) for name, value in step.info.items() if name not in left_out}
    return {
        name: value[ended]
        for name, value in found.items()
        if value.ndim and len(value) == len(ended)
    }


def _tasks(steps: list[Step]) -> Ints | None:
    if not all("task" in step.info for step in steps):
        return None
    return np.stack([np.asarray(step.info["task"], dtype=np.int64) for step in steps])
