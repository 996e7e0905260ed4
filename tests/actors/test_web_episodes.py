from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

from actors.arena.shares import TierDraw
from actors.arena.tasks import TaskStream
from actors.assembly import default_assembly
from actors.web_episodes import MakeWebEpisodes, WebConfig, WebEpisodes
from core.errors import ConfigurationError, InvariantError
from core.plans import EffortTier
from learners.contract import Obs, Step
from policies.agent_inputs import PRIOR_COLUMN
from policies.features import FEATURES, LOG_PRIOR

SHORT = TaskStream(names=("subscriber_count", "biography_of_user", "upvote_titled"), instances=2)
TOP_K = TierDraw(weights={EffortTier.TOP_K: 1.0})
CONFIG = WebConfig(stream=SHORT, tiers=TOP_K)


def _make(config: WebConfig = CONFIG, *, worker: int = 0, num_envs: int = 3) -> WebEpisodes:
    return MakeWebEpisodes(config)(worker, num_envs)


def _proposed(env: WebEpisodes, obs: Obs) -> np.ndarray:
    """Returns what reasoning proposes, as numbers of options."""
    actions = np.zeros(obs.active.shape, dtype=np.int64)
    rows = {agent.id: row for row, agent in enumerate(default_assembly().agents)}
    for number, slot in enumerate(env._slots):
        for agent, inputs in slot.inputs.items():
            places = [one.action for one in inputs.options]
            actions[number, rows[agent]] = places.index(inputs.proposed.action)
    return actions


def _random(obs: Obs, rng: np.random.Generator) -> np.ndarray:
    assert obs.mask is not None
    return (rng.random(obs.mask.shape) * obs.mask).argmax(axis=-1)


def _until_end(env: WebEpisodes, obs: Obs, *, most: int = 60) -> list[Step]:
    """Follows the proposals until some episode ends."""
    steps: list[Step] = []
    while not (steps and steps[-1].terminated.any()):
        assert len(steps) < most
        steps.append(env.step(_proposed(env, obs)))
        obs = steps[-1].obs
    return steps


def _check(env: WebEpisodes, obs: Obs) -> None:
    spec = env.spec
    assert obs.mask is not None
    assert obs.tokens is not None
    assert obs.state is not None
    width = obs.features.shape[2]
    assert obs.features.shape == (spec.num_envs, spec.num_agents, width, spec.num_features)
    assert obs.features.dtype == np.float32
    assert obs.state.shape == (spec.num_envs, spec.num_state)
    assert (obs.active == obs.mask.any(axis=-1)).all()
    assert obs.active.any(axis=-1).all(), "every environment has an agent with a choice"
    assert np.isfinite(obs.features).all()
    assert np.isfinite(obs.state).all()
    tokens = obs.tokens[obs.mask]
    assert tokens.min() > 0
    assert tokens.max() < 2_048
    assert not obs.tokens[~obs.mask].any()
    assert not obs.features[~obs.mask].any()


def test_observations_have_the_shapes_of_the_spec_and_episodes_follow_one_another() -> None:
    env = _make()
    obs, rng = env.reset(0), np.random.default_rng(0)
    ends = 0
    for _ in range(40):
        _check(env, obs)
        step = env.step(_random(obs, rng))
        assert step.costs.shape == (3, 3)
        assert not step.truncated.any()
        assert (step.costs >= 0).all()
        ends += int(step.terminated.sum())
        obs = step.obs
    assert ends > 3
    env.close()
    env.close()


def _played(worker: int, seed: int) -> list[float]:
    env = _make(worker=worker)
    obs, rng = env.reset(seed), np.random.default_rng(0)
    seen: list[float] = []
    for _ in range(12):
        step = env.step(_random(obs, rng))
        obs = step.obs
        seen += [float(obs.features.sum()), float(step.costs.sum()), *map(float, step.reward)]
    env.close()
    return seen


def test_the_same_seed_and_worker_give_the_same_and_others_other_episodes() -> None:
    first = _played(0, 5)
    assert first == _played(0, 5)
    assert first != _played(1, 5)
    assert first != _played(0, 6)


def test_an_environment_goes_on_exactly_where_its_state_says() -> None:
    env, other = _make(), _make()
    obs, rng = env.reset(1), np.random.default_rng(0)
    for _ in range(7):
        obs = env.step(_random(obs, rng)).obs
    other.reset(1)
    again = other.load_state(env.state())
    for ours, theirs in zip(obs, again, strict=True):
        assert np.array_equal(ours, theirs)
    for _ in range(15):
        actions = _random(obs, rng)
        ours, theirs = env.step(actions), other.step(actions)
        assert np.array_equal(ours.costs, theirs.costs)
        assert np.array_equal(ours.reward, theirs.reward)
        assert np.array_equal(ours.obs.features, theirs.obs.features)
        assert np.array_equal(ours.obs.state, theirs.obs.state)
        obs = ours.obs
    assert env.state() == other.state()
    with pytest.raises(InvariantError, match="3 episodes, 2 wanted"):
        _make(num_envs=2).load_state(env.state())
    env.close()
    other.close()


def test_money_told_step_by_step_is_the_ledgers_sum() -> None:
    env = _make()
    obs = env.reset(2)
    sums = np.zeros((3, 3))
    checked = 0
    for _ in range(60):
        step = env.step(_proposed(env, obs))
        obs = step.obs
        sums += step.costs
        for number in np.nonzero(step.terminated)[0]:
            assert sums[number, 0] == pytest.approx(step.info["cost"][number])
            assert sums[number, 2] == float(step.info["cost"][number] > 1.05)
            sums[number] = 0
            checked += 1
    assert checked > 3
    env.close()


def test_an_episode_returns_one_when_it_is_verified_and_never_more() -> None:
    env = _make()
    obs = env.reset(3)
    returns, seen = np.zeros(3), []
    for _ in range(60):
        step = env.step(_proposed(env, obs))
        obs = step.obs
        returns += step.reward
        for number in np.nonzero(step.terminated)[0]:
            assert returns[number] == step.info["strict"][number]
            seen.append(returns[number])
            returns[number] = 0
    assert max(seen) == 1.0
    assert returns.max() <= 1.0
    env.close()


def test_shaping_sums_to_nothing_over_an_episode() -> None:
    config = WebConfig(stream=SHORT, tiers=TOP_K, shaping=0.5)
    env = _make(config, num_envs=1)
    obs, rng = env.reset(4), np.random.default_rng(1)
    total, shaped, ends = 0.0, 0.0, 0
    while ends < 6:
        good = ends % 2 == 0
        step = env.step(_proposed(env, obs) if good else _random(obs, rng))
        obs = step.obs
        total += step.reward[0]
        shaped = max(shaped, abs(step.reward[0]) % 1.0)
        if step.terminated[0]:
            assert total == pytest.approx(step.info["strict"][0])
            total, ends = 0.0, ends + 1
    assert shaped > 0.0, "some step was told of progress"
    env.close()


def test_a_step_penalty_is_taken_off_every_step() -> None:
    env = _make(WebConfig(stream=SHORT, tiers=TOP_K, step_penalty=0.1))
    steps = _until_end(env, env.reset(5))
    assert all(((s.reward == -0.1) | s.terminated).all() for s in steps)
    last = steps[-1]
    wanted = last.info["strict"][last.terminated] - 0.1
    assert last.reward[last.terminated] == pytest.approx(wanted)
    env.close()


def test_what_an_inactive_agent_chooses_changes_nothing() -> None:
    env, other = _make(), _make()
    obs = env.reset(6)
    other.reset(6)
    for _ in range(10):
        actions = _proposed(env, obs)
        noise = np.where(obs.active, actions, 17)
        ours, theirs = env.step(actions), other.step(noise)
        assert np.array_equal(ours.obs.features, theirs.obs.features)
        assert np.array_equal(ours.reward, theirs.reward)
        obs = ours.obs
    env.close()
    other.close()


def test_a_broken_episode_is_told_as_failed_and_not_reported() -> None:
    env = _make(num_envs=1)
    env.reset(7)
    slot = env._slots[0]
    slot.episode._host.close()  # as a site that breaks
    (inputs,) = slot.inputs.values()
    kinds = [option.action.kind for option in inputs.options]
    loading = next(place for place, kind in enumerate(kinds) if kind in ("click", "goto"))
    step = env.step(np.full((1, 4), loading))
    assert step.terminated[0]
    assert step.info["failed"][0]
    assert step.reward[0] == 0.0
    assert env.outcomes_of_templates == {}
    env.close()


def test_from_scratch_nothing_marks_the_proposal_and_with_a_prior_one_option_is() -> None:
    scratch, primed = _make(), _make(WebConfig(stream=SHORT, tiers=TOP_K, prior=True))
    without, marked = scratch.reset(8), primed.reset(8)
    assert not without.features[..., PRIOR_COLUMN].any()
    assert scratch.spec.prior_feature is None
    assert primed.spec.prior_feature == PRIOR_COLUMN == FEATURES.index("prior")
    marks = marked.features[..., PRIOR_COLUMN].sum(axis=-1)
    assert np.array_equal(marks, LOG_PRIOR * marked.active.astype(np.float32))
    assert np.array_equal(marks.argmax(), without.active.argmax())
    scratch.close()
    primed.close()


def test_the_learners_share_of_nodes_rises_with_success() -> None:
    config = WebConfig(share_from=0.3, share_to=0.8)
    assert [config.share_of(s) for s in (0.0, 0.3, 0.55, 0.8, 1.0)] == pytest.approx(
        [0.0, 0.0, 0.5, 1.0, 1.0]
    )
    assert WebConfig(share=0.4).share_of(0.0) == 0.4


@pytest.mark.parametrize(
    "wrong", [{"share": 1.5}, {"share_from": 0.9}, {"shaping": -1.0}, {"max_ticks": 0}]
)
def test_settings_out_of_range_are_refused(wrong: dict) -> None:
    with pytest.raises(ConfigurationError):
        WebConfig(**wrong)


def test_constraints_can_be_left_out() -> None:
    config = WebConfig(stream=SHORT, violations_limit=None, overrun_limit=None)
    assert [cost.name for cost in config.costs] == ["money"]
    env = _make(config, num_envs=1)
    obs = env.reset(0)
    assert env.step(_random(obs, np.random.default_rng(0))).costs.shape == (1, 1)
    env.close()


def test_agents_with_one_policy_share_their_parameters() -> None:
    env = _make(num_envs=1)
    assert env.spec.groups == (0, 1, 2, 3)


def test_the_factory_can_be_sent_to_a_worker() -> None:
    made = pickle.loads(pickle.dumps(MakeWebEpisodes(CONFIG)))
    assert made == MakeWebEpisodes(CONFIG)


def test_rollouts_never_load_torch() -> None:
    code = (
        "import sys, actors.web_episodes, actors.arena.evaluating, policies.learned;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
