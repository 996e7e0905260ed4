import pytest

from core.plans import ValueType, Verb
from planner.cache import StoredPlans
from planner.cache.templates import abstract_intent, bind, lift
from planner.decisions import PlanOutcome
from policies.profiles import DEFAULT_POOL
from tests.planner.plans_for_tests import chain, const, node, request_for

GOOD = PlanOutcome(spent=2_000, replans=0, confidence=0.9)
INTENT = 'Upvote the newest post in the "{}" forum'


def filled(path=None):
    cache = StoredPlans(path)
    cache.store(request_for(INTENT.format("books")), chain("books"), GOOD)
    return cache


def test_a_plan_is_served_for_another_object_with_its_slots_bound_anew():
    answer = filled().look_up(request_for(INTENT.format("nyc")))
    assert answer.plan is not None
    assert answer.plan.origin == "cache"
    assert answer.plan.node(0).inputs[0].const == "nyc"
    assert answer.plan.nodes[1:] == chain().nodes[1:]


@pytest.mark.parametrize(
    "intent",
    [
        'Downvote the newest post in the "nyc" forum',
        'Do not upvote the newest post in the "nyc" forum',
        'Upvote the oldest post in the "nyc" forum',
        'Upvote the newest comment in the "nyc" forum',
        'Upvote the newest post in the "nyc" and "pics" forums',
        'Upvote the newest post outside the "nyc" forum',
    ],
)
def test_the_same_words_with_another_intent_are_never_served(intent):
    answer = filled().look_up(request_for(intent))
    assert answer.plan is None
    assert answer.reason == "another intent"


def test_direction_words_are_part_of_the_intent():
    forth = abstract_intent('Move the post from "a" to "b"')
    back = abstract_intent('Move the post to "a" from "b"')
    assert forth.skeleton != back.skeleton


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"agents": DEFAULT_POOL[1:]}, "other agents"),
        ({"budget": 2_050}, "too dear"),
    ],
)
def test_the_guard_looks_at_pool_and_money(changes, reason):
    assert filled().look_up(request_for(INTENT.format("nyc"), **changes)).reason == reason


def test_a_plan_that_failed_as_often_as_it_worked_is_not_served():
    cache = filled()
    cache.failed(request_for(INTENT.format("nyc")), chain("nyc"))
    assert cache.look_up(request_for(INTENT.format("pics"))).reason == "no good record"


def test_a_plan_that_hides_its_task_in_another_spelling_is_not_kept():
    cache = StoredPlans()
    cache.store(request_for(INTENT.format("Books")), chain("the books forum"), GOOD)
    assert len(cache) == 0
    assert cache.statistics.not_kept == 1


def test_a_slot_inside_another_word_is_left_alone():
    plan = chain("iphone13")
    assert lift(plan, ("13",)) is None
    template = lift(plan, ("iphone13",))
    assert bind(template, ("pics",)).node(0).inputs[0].const == "pics"


def test_a_plan_moves_to_the_address_that_the_site_has_in_the_next_episode():
    url = "http://reddit.localhost/forums"
    start = node(0, Verb.FIND, "forum", inputs=[const("page", url, ValueType.URL)])
    made = chain().model_copy(update={"nodes": (start, *chain().nodes[1:])})
    plan = bind(lift(made, (), {"reddit": "http://reddit.localhost"}), (), {"reddit": "http://e7"})
    assert plan.node(0).inputs[0].const == "http://e7/forums"


def test_a_cache_file_cut_at_any_byte_opens_and_takes_new_plans(tmp_path):
    path = tmp_path / "plans.msgpack"
    filled(path)
    whole = path.read_bytes()
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        cache = StoredPlans(path)
        assert len(cache) == 0
        cache.store(request_for(INTENT.format("nyc")), chain("nyc"), GOOD)
        assert len(StoredPlans(path)) == 1


def test_plans_survive_a_restart_and_garbage_does_not_stop_it(tmp_path):
    path = tmp_path / "plans.msgpack"
    filled(path)
    assert StoredPlans(path).look_up(request_for(INTENT.format("nyc"))).plan is not None
    path.write_bytes(b"\xc1 not msgpack")
    assert len(StoredPlans(path)) == 0


def test_beyond_its_size_the_cache_drops_the_least_useful_of_the_older_half():
    cache = StoredPlans(max_plans=3)
    for verb in ("Upvote", "Open", "Share", "Save"):
        request = request_for(f'{verb} the newest post in the "books" forum')
        cache.store(request, chain("books"), GOOD)
    assert len(cache) == 3
    assert cache.look_up(request_for(INTENT.format("nyc"))).plan is None
    assert cache.look_up(request_for('Save the newest post in the "nyc" forum')).plan is not None
