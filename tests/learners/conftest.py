"""A small environment whose every step a test decides."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from learners.contract import Candidates, Cost, Discrete, EnvSpec, Obs, Step


class ScriptedEnv:
    """N environments; episode i of any environment has the length and sums that a script says.

    `lengths`, `reward` and `cost` are functions of the number of the episode in its environment.
    """

    def __init__(
        self,
        *,
        num_envs=4,
        num_agents=1,
        lengths=lambda _env, _episode: 1,
        reward=lambda _env, _episode: 1.0,
        cost=lambda _env, _episode: 0.0,
        limit=0.5,
        active=None,
        truncates=False,
        failed=lambda _env, _episode: False,
        discount=1.0,
        kind="discrete",
        groups=(),
    ):
        self.script = (lengths, reward, cost, failed)
        self.active = np.ones((num_envs, num_agents), bool) if active is None else active
        self.truncates = truncates
        self.closed = False
        action = Discrete(num_actions=3)
        if kind == "candidates":
            action = Candidates(num_tokens=2, vocabulary=11)
        self.spec = EnvSpec(
            num_envs=num_envs,
            num_agents=num_agents,
            num_features=2,
            action=action,
            costs=(Cost(name="money", limit=limit),),
            num_state=2,
            discount=discount,
            groups=groups,
        )
        self.episode = np.zeros(num_envs, int)
        self.age = np.zeros(num_envs, int)
        self.rng = np.random.default_rng(0)

    def reset(self, seed):
        self.rng = np.random.default_rng(seed)
        return self.obs()

    def obs(self):
        pair = self.active.shape
        state = np.stack([self.age, np.ones(pair[0])], -1).astype(np.float32) / 10
        features = np.repeat(state[:, None], pair[1], 1)
        if isinstance(self.spec.action, Discrete):
            return Obs(features=features, active=self.active.copy(), state=state)
        width = int(self.rng.integers(2, 6))
        mask = np.zeros((*pair, width), bool)
        mask[..., :2] = True
        return Obs(
            features=self.rng.normal(size=(*pair, width, 2)).astype(np.float32),
            active=self.active.copy(),
            mask=mask,
            tokens=self.rng.integers(0, 11, size=(*pair, width, 2)),
            state=state,
        )

    def step(self, actions):
        del actions
        lengths, reward, cost, failed = self.script
        number = self.spec.num_envs
        self.age += 1
        ended = np.array([self.age[i] >= lengths(i, self.episode[i]) for i in range(number)])
        gained = np.array([reward(i, self.episode[i]) if ended[i] else 0.0 for i in range(number)])
        paid = np.array([cost(i, self.episode[i]) if ended[i] else 0.0 for i in range(number)])
        broke = np.array([bool(ended[i] and failed(i, self.episode[i])) for i in range(number)])
        info = {
            "failed": broke,
            "success": gained > 0,
            "task": np.arange(number) % 2,
            "final_state": np.stack([self.age, np.ones(number)], -1).astype(np.float32) / 10,
        }
        self.episode += ended
        self.age[ended] = 0
        none = np.zeros(number, bool)
        return Step(
            obs=self.obs(),
            reward=gained,
            costs=paid[:, None],
            terminated=none if self.truncates else ended,
            truncated=ended if self.truncates else none,
            info=info,
        )

    def close(self):
        self.closed = True


@pytest.fixture(scope="session")
def scripted():
    """The class; called with keyword arguments."""
    return ScriptedEnv


@pytest.fixture(autouse=True, scope="session")
def _one_thread_of_torch():
    """Networks of this size lose with more, and other tests of this machine lose with them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
