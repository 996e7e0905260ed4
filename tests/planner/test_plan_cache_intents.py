"""Paraphrases are served, the same words with another intent never are."""

import itertools
import re
from pathlib import Path
from random import Random

import pytest

from core.tasks import Split
from environment.tasks.generated import generate, templates
from planner.cache import StoredPlans, read_task
from planner.cache.plain_intent import plain_intent
from planner.decisions import PlanOutcome
from planner.rules import RulesPlanner
from tests.planner.plans_for_tests import request_for

GOOD = PlanOutcome(spent=100, replans=0, confidence=0.9)
TURNS = (
    ("newest", "oldest"),
    ("latest", "earliest"),
    ("most recent", "least recent"),
    ("Upvote", "Downvote"),
    ("Like", "Dislike"),
    ("upvote", "downvote"),
    ("Subscribe", "Unsubscribe"),
    ("Join", "Leave"),
    ("Block", "Unblock"),
    ("more", "fewer"),
    ("larger", "smaller"),
    ("most", "fewest"),
    ("highest", "lowest"),
    ("top", "worst"),
    ("Delete", "Keep"),
    ("Who", "When"),
)
TWINS = (
    {"newest_author", "newest_in_missing_forum"},
    {"upvote_all_of_user", "like_absent_posts"},
    {"send_message", "message_missing_user"},
)
"""Templates with the same wordings: they differ in what the world holds."""


def blocks():
    text = (Path(__file__).parent / "data/intent_triplets.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(lines[at : at + 3]) for at in range(0, len(lines), 3)]


def later():
    text = (Path(__file__).parent / "data/later_triplets.txt").read_text()
    site, lines = "", []
    for line in text.splitlines():
        if line.startswith("@"):
            site = line[1:]
        elif line and not line.startswith("#"):
            lines.append((site, line))
    return [tuple(lines[at : at + 3]) for at in range(0, len(lines), 3)]


def on_site(site, intent):
    base = f"http://{site}.localhost"
    asked = request_for(intent).task
    return asked.model_copy(
        update={"sites": (site,), "start_urls": (base,), "base_urls": {site: base}}
    )


def cache_with(intent):
    request = request_for(intent, budget=10**7)
    cache = StoredPlans()
    cache.store(request, RulesPlanner().plan(request), GOOD)
    return cache


def signature(intent):
    return read_task(request_for(intent).task).signature


@pytest.mark.parametrize(("task", "paraphrase", "other"), blocks())
def test_a_written_triplet_is_told_apart(task, paraphrase, other):
    del paraphrase
    assert cache_with(task).look_up(request_for(other, budget=10**7)).plan is None


def test_nine_of_ten_written_paraphrases_are_served():
    served = [
        cache_with(task).look_up(request_for(paraphrase, budget=10**7)).plan is not None
        for task, paraphrase, _ in blocks()
    ]
    assert sum(served) / len(served) >= 0.9


@pytest.mark.parametrize("triplet", later(), ids=lambda triplet: triplet[0][1][:60])
def test_a_later_triplet_is_told_apart(triplet):
    task, paraphrase, other = (read_task(on_site(*one)).signature for one in triplet)
    del paraphrase
    assert task != other


def test_two_of_three_later_paraphrases_are_recognised():
    on_forum = [triplet for triplet in later() if triplet[0][0] == "reddit"]
    known = [
        read_task(on_site(*task)).signature == read_task(on_site(*paraphrase)).signature
        for task, paraphrase, _ in on_forum
    ]
    assert len(known) >= 80
    assert sum(known) / len(known) >= 2 / 3


def test_a_paraphrase_gets_the_plan_that_the_rules_would_make_for_it():
    for task, paraphrase, _ in blocks()[:6]:
        request = request_for(paraphrase, budget=10**7)
        served = cache_with(task).look_up(request).plan
        made = RulesPlanner().plan(request)
        assert served is not None
        assert {one.const for one in served.nodes[0].inputs if one.name == "name"} == {
            one.const for one in made.nodes[0].inputs if one.name == "name"
        }


def test_no_two_templates_have_the_same_signature():
    owners = {}
    for name, seed in itertools.product(templates(Split.TRAIN), (1, 2)):
        owners.setdefault(signature(generate(name, seed, Split.TRAIN).task.intent), set()).add(name)
    assert all(len(names) == 1 or names in TWINS for names in owners.values())


@pytest.mark.parametrize("split", [Split.TRAIN, Split.SEALED])
def test_an_intent_with_one_word_turned_is_another_intent(split):
    rng = Random(5)
    for name in templates(split):
        record = generate(name, rng.randrange(10**6), split).task.verified
        wording = record["intent_template"].replace("{{", "{").replace("}}", "}")
        slots = record["instantiation_dict"]
        intent = wording.format_map(slots)
        turned = {
            re.sub(rf"\b{one}\b", other, wording).format_map(slots) for one, other in TURNS
        } - {intent}
        turned |= {f"Do not do this: {intent}", f"{intent} Then undo it."}
        wrong = sum(signature(one) == signature(intent) for one in turned)
        assert wrong == 0, name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('Move the post from "a1" to "b1"', 'Move the post to "a1" from "b1"'),
        ('Upvote the post "Tea" but not "Bike"', 'Upvote the post "Tea" and "Bike"'),
        ("Buy the cheapest lamp", "Buy the dearest lamp"),
        ("Upvote the newest post in f/nyc today", "Upvote the newest post in f/nyc"),
        ("Upvote the top 3 posts in f/nyc", "Upvote the top 5 posts in f/nyc"),
        ("Upvote my newest post in f/nyc", "Upvote the newest post in f/nyc"),
        ("Upvote the newest post in f/nyc", "Upvote the newest post in f/nyc and f/pics"),
        ("Upvote the newest post in f/nyc", "Upvote the newest post outside f/nyc"),
        ("Upvote the newest pinned post in f/nyc", "Upvote the newest post in f/nyc"),
        ("Who wrote the newest post in f/nyc?", "Who upvoted the newest post in f/nyc?"),
        ("Who wrote the second post in f/nyc?", "Who wrote the third post in f/nyc?"),
        ('Search for "tea"', 'Search for "tea" in my messages'),
        ("Return the title of the newest post in f/nyc", "Read me the newest post of ann_b1"),
        ("Return the title of the top post in f/nyc", "Return the rank of the top post in f/nyc"),
        ("How many posts does f/nyc have?", "How many people posted to f/nyc?"),
        (
            'Add "x" to the text of my post "Tea" in f/nyc',
            'Add "x" to the title of my post "Tea" in f/nyc',
        ),
        ("List the scores of all posts by ann_b1", "List the scores of all comments by ann_b1"),
        (
            'Reply to the comment by ann_b1 on "Tea" in f/nyc with "Yes"',
            'Reply to "Tea" by ann_b1 in f/nyc with "Yes"',
        ),
        (
            "Upvote the newest post in f/nyc and the oldest post in f/pics",
            "Upvote the oldest post in f/nyc and the newest post in f/pics",
        ),
    ],
)
def test_small_words_make_another_intent(one, other):
    assert signature(one) != signature(other)


@pytest.mark.parametrize(
    ("one", "plain"),
    [
        (
            "Could you please give the latest submission of the nyc forum a thumbs up?",
            "upvote the newest post of the nyc forum?",
        ),
        ("Mute the user ann_b1", "block the user ann_b1"),
        ("Like all of ann_b1's submissions in f/nyc", "Like every post by ann_b1 in f/nyc"),
        (
            'Comment "give the latest submission a thumbs up" on "Tea"',
            'Comment "give the latest submission a thumbs up" on "Tea"',
        ),
        ("Add f/nyc to my subscriptions", "subscribe to f/nyc"),
    ],
)
def test_an_intent_is_put_in_plainer_words_outside_of_quotations(one, plain):
    assert plain_intent(one) == plain
