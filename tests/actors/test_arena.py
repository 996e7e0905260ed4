from __future__ import annotations

import json

import pytest

from actors.arena.budgets import Budgets, ReferenceCosts, SiteCosts, read_reference_costs
from actors.arena.episode import ArenaEpisode, Arrangement, is_own
from actors.arena.shares import TierDraw
from actors.arena.tasks import TaskSampler, TaskStream
from actors.assembly import default_assembly
from actors.folds import fold_episode
from actors.journal import EventEnvelope
from core.errors import ConfigurationError
from core.plans import EffortTier
from core.tasks import Split
from environment.tasks.generated import generate, templates
from policies.heuristic import HeuristicPolicy
from policies.tariff import TARIFF_VERSION

TOP_K = TierDraw(weights={EffortTier.TOP_K: 1.0})


def _drive(episode: ArenaEpisode) -> list[int]:
    """Acts as the heuristic does; returns what each advance cost, the start's cost first."""
    heuristic, costs, before = HeuristicPolicy(), [], 0
    while not episode.is_over:
        costs.append(episode.spent - before)
        before = episode.spent
        episode.advance([heuristic.choose(item.view) for item in episode.pending()])
    return [*costs, episode.spent - before]


def _episode(
    template: str, *, budget: int = 500, **arrangement: object
) -> tuple[ArenaEpisode, list[EventEnvelope]]:
    events: list[EventEnvelope] = []
    task = generate(template, 3, Split.TRAIN).task
    made = Arrangement(budget=budget, **arrangement)
    return ArenaEpisode(task, 7, made, default_assembly(), on_event=events.append), events


def test_learner_evaluator_and_screen_see_one_sum_of_money() -> None:
    episode, events = _episode("upvote_newest", tiers=TOP_K)
    costs = _drive(episode)
    outcome = episode.outcome()
    fold = fold_episode(events, "arena-7")
    assert sum(costs) == outcome.spent == fold.spent == fold.money.settled > 0
    assert fold.money.open == episode.reserved == 0
    assert costs[0] > 40, "the plan and the first pages are paid before anything is chosen"
    episode.close()


def test_an_episode_beyond_its_budget_is_metered_and_goes_on() -> None:
    episode, _ = _episode("subscriber_count", tiers=TOP_K, budget=60)
    _drive(episode)
    outcome = episode.outcome()
    assert outcome.strict
    assert outcome.cost > 1.0
    episode.close()


@pytest.mark.parametrize(("share", "own"), [(0.0, 1), (1.0, 3)])
def test_the_share_says_how_many_nodes_are_the_learners(share: float, own: int) -> None:
    episode, _ = _episode("upvote_newest", tiers=TOP_K, share=share)
    paged = [node for node in episode.book.nodes.values() if node.site]
    assert sum(node.tier is EffortTier.TOP_K for node in paged) == own
    assert len(paged) == 3
    episode.close()


def test_the_same_seed_gives_the_learner_the_same_nodes() -> None:
    def tiers(seed: int) -> list[EffortTier]:
        task = generate("cross_post", 3, Split.TRAIN).task
        episode = ArenaEpisode(task, seed, Arrangement(budget=500, share=0.3), default_assembly())
        episode.close()
        return [node.tier for node in episode.book.nodes.values()]

    assert tiers(1) == tiers(1)
    assert any(tiers(1) != tiers(other) for other in range(2, 12))


def test_what_is_not_there_is_answered_by_a_second_plan() -> None:
    episode, _ = _episode("message_missing_user", tiers=TOP_K)
    _drive(episode)
    assert episode.outcome().strict
    episode.close()


def test_a_world_that_breaks_is_a_failed_episode_and_no_loss() -> None:
    episode, _ = _episode("upvote_newest", tiers=TOP_K)
    episode._host.close()
    _drive(episode)
    outcome = episode.outcome()
    assert "unreachable" in outcome.failed
    episode._episode.close()


def test_only_nodes_above_the_tier_of_rules_are_the_learners() -> None:
    episode, _ = _episode("upvote_newest", tiers=TOP_K, share=0.0)
    owned = 0
    heuristic = HeuristicPolicy()
    while not episode.is_over:
        pending = episode.pending()
        owned += sum(is_own(item) for item in pending)
        assert all(is_own(p) == (p.view.node.tier is not EffortTier.RULES) for p in pending)
        episode.advance([heuristic.choose(item.view) for item in pending])
    outcome = episode.outcome()
    assert (outcome.own_nodes, outcome.decisions) == (1, owned)
    episode.close()


def test_a_budget_is_a_share_of_the_templates_reference_cost() -> None:
    task = generate("upvote_newest", 3, Split.TRAIN).task
    full, half = Budgets(1.0), Budgets(0.5)
    assert full.of(task) == full.reference(task) > 100
    assert half.of(task) == round(0.5 * full.of(task))


def test_an_unknown_template_gets_its_sites_median() -> None:
    task = generate("upvote_newest", 3, Split.TRAIN).task.model_copy(update={"template": "new"})
    shipped = Budgets(1.0)
    values = sorted(_shipped().sites["reddit"].templates.values())
    assert values[0] < shipped.reference(task) < values[-1]
    foreign = task.model_copy(update={"sites": ("elsewhere",)})
    with pytest.raises(ConfigurationError, match="no reference costs of 'elsewhere'"):
        shipped.of(foreign)


def test_every_training_template_has_a_reference_cost() -> None:
    assert set(_shipped().sites["reddit"].templates) == set(templates(Split.TRAIN))


def test_reference_costs_of_other_prices_are_refused() -> None:
    costs = _shipped().model_copy(update={"tariff": "1999.1"})
    with pytest.raises(ConfigurationError, match=r"tariff 1999\.1"):
        Budgets(1.0, costs)
    with pytest.raises(ConfigurationError, match="alpha"):
        Budgets(0.0)


def test_a_file_that_is_no_table_says_so(tmp_path) -> None:
    broken = tmp_path / "costs.json"
    broken.write_text(json.dumps({"sites": {}}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="holds no reference costs"):
        read_reference_costs(broken)


def _shipped() -> ReferenceCosts:
    from actors.arena.budgets import REFERENCE_FILE

    costs = read_reference_costs(REFERENCE_FILE)
    assert costs.tariff == TARIFF_VERSION
    assert isinstance(costs.sites["reddit"], SiteCosts)
    return costs


# The stream of tasks


def _keys(sampler: TaskSampler, n: int) -> list[str]:
    return [sampler.draw().task.key for _ in range(n)]


def test_a_stream_of_tasks_repeats_by_seed_and_differs_by_worker() -> None:
    stream = TaskStream()
    first = _keys(TaskSampler(stream, seed=1, worker=0), 8)
    assert first == _keys(TaskSampler(stream, seed=1, worker=0), 8)
    assert not set(first) & set(_keys(TaskSampler(stream, seed=1, worker=1), 8))
    assert not set(first) & set(_keys(TaskSampler(stream, seed=2, worker=0), 8))


def test_a_template_that_is_solved_comes_seldom_and_never_not() -> None:
    sampler = TaskSampler(TaskStream(names=("subscribe", "open_post")), seed=0, worker=0)
    for _ in range(60):
        sampler.report("subscribe", True)
        sampler.report("open_post", False)
    assert sampler.weight("open_post") == 1.0
    assert sampler.weight("subscribe") == 0.05
    drawn = [sampler.draw().task.template for _ in range(120)]
    assert 0 < drawn.count("subscribe") < 30


def test_a_stream_goes_on_where_its_state_says() -> None:
    stream = TaskStream(splits={Split.TRAIN: 1.0, Split.ATTACKS: 1.0}, instances=5)
    sampler = TaskSampler(stream, seed=1, worker=0)
    for draw in (sampler.draw() for _ in range(5)):
        sampler.report(draw.task.template, draw.number % 2 == 0)
    state = json.loads(json.dumps(sampler.state()))
    other = TaskSampler(stream, seed=9, worker=4)
    other.load_state(state)
    assert _keys(sampler, 6) == _keys(other, 6)


def test_a_limited_stream_draws_the_same_instances_again() -> None:
    stream = TaskStream(names=("subscribe",), instances=3)
    keys = _keys(TaskSampler(stream, seed=1, worker=0), 20)
    assert len(set(keys)) == 3


def test_a_stream_without_tasks_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no split"):
        TaskSampler(TaskStream(names=("no such template",)), seed=0, worker=0)
    with pytest.raises(ConfigurationError, match="floor"):
        TaskStream(floor=0.0)
