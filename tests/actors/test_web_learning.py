"""A learner and web episodes together: one small run, and the policy that comes out of it."""

from __future__ import annotations

import numpy as np
import pytest

from actors.arena.evaluating import Trial, episodes
from actors.arena.shares import TierDraw
from actors.arena.tasks import TaskStream
from actors.assembly import default_assembly
from actors.web_episodes import MakeWebEpisodes, WebConfig
from core.plans import EffortTier
from core.tasks import Split
from policies.learned import LearnedPolicy, TrainedAgents, agents_of, load_agents, save_agents

torch = pytest.importorskip("torch")
learners = pytest.importorskip("learners")

TOP_K = TierDraw(weights={EffortTier.TOP_K: 1.0})
CONFIG = WebConfig(
    stream=TaskStream(names=("subscriber_count", "upvote_titled"), instances=2), tiers=TOP_K
)


@pytest.fixture(scope="module")
def agents() -> TrainedAgents:
    """Agents after two small updates."""
    config = learners.TrainConfig(iterations=2, num_envs=2, rollout_length=8, seed=3)
    trained = learners.train("p3o", MakeWebEpisodes(CONFIG), config)
    assert trained.history.records[-1].steps >= 32
    return agents_of(trained.policy, default_assembly().agents)


def test_numpy_and_torch_give_the_same_probabilities_on_web_pages(agents: TrainedAgents) -> None:
    from learners.networks.actors import Actor

    env = MakeWebEpisodes(CONFIG)(0, 3)
    obs, rng = env.reset(0), np.random.default_rng(0)
    policy = agents.trained
    for _ in range(6):
        probabilities = policy.probabilities(obs)
        for group in range(4):
            actor = Actor(policy.shape, torch.Generator().manual_seed(0))
            own = {
                name.partition(".")[2]: torch.from_numpy(np.asarray(array))
                for name, array in policy.weights.items()
                if name.startswith(f"{group}.")
            }
            actor.load_state_dict(own)
            rows = obs.active[:, group]
            if not rows.any():
                continue
            with torch.no_grad():
                logits = actor(
                    torch.from_numpy(obs.features[rows, group]),
                    torch.from_numpy(obs.mask[rows, group]),
                    torch.from_numpy(obs.tokens[rows, group]),
                ).logits
            wanted = torch.softmax(logits, -1).numpy()
            assert probabilities[rows, group] == pytest.approx(wanted, abs=1e-5)
        obs = env.step(policy.act(obs, rng)).obs
    env.close()


def test_an_agent_that_solves_chooses_as_the_environment_saw_it_trained(
    agents: TrainedAgents, tmp_path
) -> None:
    save_agents(agents, tmp_path / "agents.npz", {})
    loaded = load_agents(tmp_path / "agents.npz")
    env = MakeWebEpisodes(CONFIG)(0, 3)
    obs = env.reset(1)
    probabilities = agents.trained.probabilities(obs)
    pool = default_assembly().agents
    for number, slot in enumerate(env._slots):
        for item in slot.episode.pending():
            row = [agent.id for agent in pool].index(item.agent)
            choice = loaded.policy(pool[row]).choose_all([item.view])[0]
            best = int(probabilities[number, row].argmax())
            assert choice.action == slot.inputs[item.agent].options[best].action
            assert choice.confidence == pytest.approx(probabilities[number, row, best], abs=1e-5)
    env.close()


def test_a_trial_gives_one_record_for_each_episode_and_repeats(agents: TrainedAgents) -> None:
    assembly = default_assembly()
    trial = Trial(split=Split.ATTACKS, n=5, seed=2, tiers=TOP_K)

    def run() -> list:
        rng = np.random.default_rng(0)
        policies = {agent.id: agents.policy(agent, rng) for agent in assembly.agents}
        assert all(isinstance(policy, LearnedPolicy) for policy in policies.values())
        return list(episodes(trial, policies, assembly))

    first = run()
    assert first == run()
    assert [one.split for one in first] == ["attacks"] * 5
    assert all(one.spent > 0 and one.own_nodes == one.nodes > 0 for one in first)
