from __future__ import annotations

import numpy as np

from actors.arena.episode import ArenaEpisode, Arrangement, is_own
from actors.arena.leads import Guide
from actors.arena.shares import TierDraw
from actors.arena.tasks import TaskStream
from actors.assembly import default_assembly
from actors.web_episodes import MakeWebEpisodes, WebConfig
from core.pages import Answer, Click, Expand, Stop
from core.plans import EffortTier
from core.tasks import Split
from environment.tasks.generated import generate
from policies.agent_inputs import agent_inputs

TOP_K = TierDraw(weights={EffortTier.TOP_K: 1.0})


def _led(longest: int, seed: int) -> list[int]:
    """Follows the guide only; returns how many steps it made in each node."""
    task = generate("upvote_newest", 3, Split.TRAIN).task
    episode = ArenaEpisode(task, seed, Arrangement(budget=500, tiers=TOP_K), default_assembly())
    guide = Guide(longest, seed)
    made: dict[int, int] = {}
    while not episode.is_over:
        (item,) = episode.pending()
        assert is_own(item)
        choice = guide.choice(item)
        if choice is None:
            break
        assert not isinstance(choice.action, Answer | Stop)
        guide.taken(item)
        made[item.view.node.id] = made.get(item.view.node.id, 0) + 1
        episode.advance([choice])
    assert not episode.is_over, "the last step of a node is the learner's"
    episode.close()
    return list(made.values())


def test_a_guide_never_ends_a_node_and_leads_no_longer_than_it_may() -> None:
    leads = [sum(_led(6, seed)) for seed in range(8)]
    assert max(leads) > 1
    assert max(leads) <= 6
    assert len(set(leads)) > 1, "the lead is drawn"
    assert _led(0, 0) == []
    assert _led(6, 3) == _led(6, 3)


def test_a_node_that_the_learner_took_over_is_not_led_again() -> None:
    task = generate("upvote_newest", 3, Split.TRAIN).task
    episode = ArenaEpisode(task, 0, Arrangement(budget=500, tiers=TOP_K), default_assembly())
    guide = Guide(50, 1)
    (item,) = episode.pending()
    assert guide.choice(item) is not None
    guide.stopped(item)
    assert guide.choice(item) is None
    episode.close()


def test_a_guide_asks_for_more_where_it_would_act_on_what_is_not_shown() -> None:
    task = generate("upvote_newest", 3, Split.TRAIN).task
    episode = ArenaEpisode(task, 0, Arrangement(budget=500, tiers=TOP_K), default_assembly())
    guide = Guide(50, 1)
    asked = 0
    while not episode.is_over:
        (item,) = episode.pending()
        choice = guide.choice(item) or agent_inputs(item.view).proposed
        if isinstance(choice.action, Click):
            assert choice.action.element in item.view.shown
        asked += isinstance(choice.action, Expand)
        episode.advance([choice])
    assert asked > 0
    assert episode.outcome().strict
    episode.close()


def test_leads_get_shorter_with_success_and_end() -> None:
    config = WebConfig(lead=6, lead_until=0.5)
    assert [config.longest_lead(s) for s in (0.0, 0.25, 0.5, 1.0)] == [6, 3, 0, 0]


def test_led_episodes_go_on_exactly_where_their_state_says() -> None:
    names = ("upvote_newest", "cross_post", "comment_on_post")
    config = WebConfig(stream=TaskStream(names=names, instances=2), tiers=TOP_K, share=0.7)
    env, other = (MakeWebEpisodes(config)(0, 3) for _ in range(2))
    obs, rng = env.reset(1), np.random.default_rng(0)
    other.reset(2)
    for turn in range(14):
        if turn == 6:
            again = other.load_state(env.state())
            for ours, theirs in zip(obs, again, strict=True):
                assert np.array_equal(ours, theirs)
        actions = (rng.random(obs.mask.shape) * obs.mask).argmax(axis=-1)
        step = env.step(actions)
        obs = step.obs
        if turn >= 6:
            theirs = other.step(actions)
            assert np.array_equal(step.costs, theirs.costs)
            assert np.array_equal(obs.features, theirs.obs.features)
    env.close()
    other.close()
