"""Generated tasks: keys, splits, wording, determinism, and what an agent gets to see of them."""

import json
import random
import re
from pathlib import Path

import pytest
from webarena_verified.types.task import WebArenaVerifiedTask

from core.errors import ConfigurationError, UnknownTaskError
from core.tasks import Split, TaskType
from environment.judge.official import expected_type
from environment.tasks import generated
from environment.tasks.generated import from_key, generate, sample, template_named, templates
from environment.tasks.records import VerifiedRecord
from environment.tasks.reddit import words
from environment.tasks.reddit.sealed.definitions import DEFINITIONS as SEALED
from scripts.seal_templates import LIST, main, seals

ROOT = Path(__file__).parent.parent.parent
SPLITS = (Split.TRAIN, Split.NEW_INSTANCES, Split.NEW_SKIN, Split.ATTACKS, Split.SEALED)
BOTH = [(name, split) for split in (Split.TRAIN, Split.SEALED) for name in templates(split)]
SEEDS = range(12)


@pytest.fixture(scope="module")
def made():
    """Twelve instances of each open and each sealed template."""
    return {(name, split): [generate(name, s, split) for s in SEEDS] for name, split in BOTH}


def kinds(split):
    found = {name: generate(name, 0, split).task for name in templates(split)}
    return {
        name: (expected_type(task), task.verified["eval"][0]["expected"]["status"])
        for name, task in found.items()
    }


@pytest.mark.parametrize(("split", "least"), [(Split.TRAIN, 30), (Split.SEALED, 20)])
def test_open_and_sealed_templates_span_every_kind_of_task(split, least):
    found = kinds(split)
    assert len(found) >= least
    assert {(kind, "SUCCESS") for kind in TaskType} <= set(found.values())
    refusals = {status for _, status in found.values()} - {"SUCCESS"}
    assert refusals == {
        "NOT_FOUND_ERROR",
        "PERMISSION_DENIED_ERROR",
        "ACTION_NOT_ALLOWED_ERROR",
    }


def test_at_least_eight_templates_have_forks():
    forks = {name: template_named(name, split).definition.forks for name, split in BOTH}
    assert sum(count > 1 for count in forks.values()) >= 8
    assert sum(
        template_named(n, Split.SEALED).definition.forks > 1 for n in templates(Split.SEALED)
    )


def test_open_and_sealed_templates_have_no_wording_in_common():
    wordings = [
        {re.sub(r"\{\w+\}", "_", text) for text in template_named(name, split).definition.phrasings}
        for name, split in BOTH
    ]
    open_ones = set().union(*wordings[: len(templates(Split.TRAIN))])
    assert not open_ones & set().union(*wordings[len(templates(Split.TRAIN)) :])


@pytest.mark.parametrize(("name", "split"), BOTH)
def test_instances_differ_in_world_wording_and_answer(name, split, made):
    tasks = [one.task for one in made[name, split]]
    assert len({task.worlds["reddit"].seed for task in tasks}) > 3
    phrasings = template_named(name, split).definition.phrasings
    used = {task.verified["intent_template"] for task in tasks}
    assert len(phrasings) >= 3
    assert len(used) >= 2
    instances = {json.dumps([task.intent, task.verified["eval"]]) for task in tasks}
    assert len(instances) >= len(tasks) - 2 or (name == "sealed_12" and len(instances) > 3)
    succeeds = tasks[0].verified["eval"][0]["expected"]["status"] == "SUCCESS"
    if succeeds:
        assert len({json.dumps(task.verified["eval"]) for task in tasks}) >= 3


@pytest.mark.parametrize(("name", "split"), BOTH)
def test_every_record_is_one_that_the_benchmark_accepts(name, split, made):
    for one in made[name, split][:2]:
        record = VerifiedRecord.model_validate(one.task.verified)
        assert WebArenaVerifiedTask(**one.task.verified).task_id == record.task_id >= 1_000_000
        assert record.intent == one.task.intent
        assert one.wrong
        assert "{" not in one.task.intent


@pytest.mark.parametrize(("name", "split"), BOTH)
def test_an_agent_sees_no_answer_no_template_and_no_seed(name, split, made):
    for one in made[name, split]:
        public = one.task.public({"reddit": "http://reddit.localhost"})
        assert re.fullmatch(r"g[0-9a-f]{16}", public.key)
        assert set(public.model_dump()) == {"key", "intent", "sites", "start_urls", "base_urls"}
        slots = set(one.task.verified["instantiation_dict"].values())
        answer = one.task.verified["eval"][0]["expected"]["retrieved_data"] or []
        for value in answer:
            if isinstance(value, str) and value not in slots:
                assert value not in public.model_dump_json()


@pytest.mark.parametrize("split", SPLITS)
def test_a_key_gives_the_same_task_again(split):
    for name in random.Random(3).sample(templates(split), 4):
        first = generate(name, 7, split).task
        generated._view.cache_clear()
        assert from_key(first.key).task == first


def test_sampling_takes_every_template_before_it_repeats_one():
    size = len(templates(Split.TRAIN))
    tasks = [one.task for one in sample(Split.TRAIN, size + 2, seed=1)]
    assert {task.template for task in tasks[:size]} == set(templates(Split.TRAIN))
    assert len({task.key for task in tasks}) == size + 2
    assert tasks[:4] == [one.task for one in sample(Split.TRAIN, 4, seed=1)]
    assert tasks[:4] != [one.task for one in sample(Split.TRAIN, 4, seed=2)]


def test_training_shares_no_world_with_any_other_split():
    worlds = {
        split: {generated._spec(generated._FAMILIES[split], n) for n in range(50)}
        for split in SPLITS
    }
    seeds = {split: {spec.seed for spec in specs} for split, specs in worlds.items()}
    assert all(len(found) == 50 for found in seeds.values())
    for split in SPLITS[1:]:
        assert not seeds[Split.TRAIN] & seeds[split]
    assert not seeds[Split.SEALED] & seeds[Split.NEW_INSTANCES]
    assert all(
        spec.attacks == (split is Split.ATTACKS) for split in SPLITS for spec in worlds[split]
    )


def test_the_new_skin_shows_the_new_instances_in_other_clothes():
    plain = generate("upvote_newest", 5, Split.NEW_INSTANCES).task
    modern = generate("upvote_newest", 5, Split.NEW_SKIN).task
    assert (plain.intent, plain.worlds) == (modern.intent, modern.worlds)
    assert (plain.skin, modern.skin) == ("plain", "modern")
    assert plain.key != modern.key


def test_no_intent_of_the_attacks_split_quotes_an_attack():
    for name in templates(Split.ATTACKS):
        for seed in range(3):
            intent = generate(name, seed, Split.ATTACKS).task.intent
            assert not re.search(r"AI agents|SYSTEM:|Automated readers|language model|\]\(", intent)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("reddit.upvote_newest:1@official", "with a split of train"),
        ("reddit.upvote_newest@train", "look like"),
        ("shopping.upvote_newest:1@train", "look like"),
        ("reddit.no_such:1@train", "no template 'no_such'"),
        ("reddit.sealed_01:1@train", "no template 'sealed_01'"),
        ("reddit.upvote_newest:-1@train", "look like"),
    ],
)
def test_a_key_of_nothing_says_what_keys_look_like(key, message):
    with pytest.raises(UnknownTaskError, match=message):
        from_key(key)


def test_settings_out_of_range_name_what_is_allowed():
    with pytest.raises(ConfigurationError, match="has no generated tasks"):
        templates(Split.OFFICIAL)
    with pytest.raises(ConfigurationError, match="from 0 to 999999999999999999"):
        generate("upvote_newest", -1, Split.TRAIN)


def test_an_instance_costs_less_than_five_milliseconds_once_its_world_is_there():
    from time import process_time

    pairs = [(name, seed) for name in templates(Split.TRAIN) for seed in range(4)]
    for name, seed in pairs:
        generate(name, seed, Split.TRAIN)
    start = process_time()
    for name, seed in pairs:
        generate(name, seed, Split.TRAIN)
    assert (process_time() - start) / len(pairs) < 0.005


def test_drawn_names_are_names_that_the_site_accepts():
    rng = random.Random(0)
    for _ in range(200):
        assert re.fullmatch(r"\w{3,25}", words.forum_name(rng), re.ASCII)


def test_names_that_a_world_lacks_look_like_those_that_it_has():
    view = generated._view(generated._spec("train", 0))
    others = generated._view(generated._spec("train", 1)).index.forum_by_name
    rng = random.Random(0)
    forums = {view.missing_forum(rng).lower() for _ in range(200)}
    assert not forums & set(view.index.forum_by_name)
    assert forums & set(others)
    user = view.missing_user(random.Random(1))
    assert user.lower() not in view.index.user_by_name
    assert any(
        name.startswith(user.rstrip("0123456789").lower()) for name in view.index.user_by_name
    )


def test_the_list_of_seals_matches_the_sealed_definitions():
    assert main(["--check"]) == 0
    listed = [line for line in LIST.read_text().splitlines() if not line.startswith("#")]
    assert listed == [f"{digest}  {name}" for name, digest in sorted(seals().items())]
    assert [definition.name for definition in SEALED] == sorted(seals())


def test_a_changed_wording_breaks_its_seal(tmp_path, monkeypatch):
    copy = tmp_path / "list"
    copy.write_text(LIST.read_text().replace(next(iter(seals().values())), "0" * 64))
    monkeypatch.setattr("scripts.seal_templates.LIST", copy)
    assert main(["--check"]) == 1


def test_nothing_that_plans_or_acts_knows_of_sealed_templates():
    for room in ("planner", "policies", "actors", "learners", "core"):
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"sealed_\d\d|tasks\.reddit\.sealed|tasks\.reddit\b", text), path
