import pytest

from core.errors import ConfigurationError
from core.plans import NodeInput, ValueType, Verb
from planner.cache import StoredPlans
from planner.cache.templates import bind, lift
from planner.decisions import PlanOutcome
from policies.profiles import DEFAULT_POOL
from tests.planner.plans_for_tests import chain, const, node, request_for

GOOD = PlanOutcome(spent=2_000, replans=0, confidence=0.9)
VERBS = ("Upvote", "Open", "Share", "Save", "Downvote", "Report")
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
        assert path.exists()
        cache.store(request_for(INTENT.format("nyc")), chain("nyc"), GOOD)
        assert len(StoredPlans(path)) == 1


def test_what_a_killed_writer_left_is_cut_off_by_the_next_one(tmp_path):
    path = tmp_path / "plans.msgpack"
    filled(path)
    whole = path.stat().st_size
    with path.open("ab") as file:  # a long record of which the end is missing
        file.write((60_000).to_bytes(4, "big") + b"\x00\x00\x00\x00" + b"\x00" * 50_000)
    StoredPlans(path).store(request_for(INTENT.format("nyc")), chain("nyc"), GOOD)
    assert path.stat().st_size < 2 * whole + 100
    cache = StoredPlans(path)
    assert cache.look_up(request_for(INTENT.format("pics"))).plan is not None


def test_plans_survive_a_restart_and_garbage_does_not_stop_it(tmp_path):
    path = tmp_path / "plans.msgpack"
    filled(path)
    assert StoredPlans(path).look_up(request_for(INTENT.format("nyc"))).plan is not None
    path.write_bytes(b"\xc1 not a plan cache")
    cache = StoredPlans(path)
    assert len(cache) == 0
    assert (tmp_path / "plans.msgpack.unreadable").read_bytes() == b"\xc1 not a plan cache"


def test_beyond_its_size_the_cache_drops_the_least_useful_of_the_older_half():
    cache = StoredPlans(max_plans=3)
    for verb in ("Upvote", "Open", "Share", "Save"):
        request = request_for(f'{verb} the newest post in the "books" forum')
        cache.store(request, chain("books"), GOOD)
    assert len(cache) == 3
    assert cache.look_up(request_for(INTENT.format("nyc"))).plan is None
    assert cache.look_up(request_for('Save the newest post in the "nyc" forum')).plan is not None


def test_a_plan_that_often_worked_outlives_a_more_recent_one_that_did_not():
    cache = StoredPlans(max_plans=5)
    wanted = {verb: request_for(f'{verb} the newest post in the "books" forum') for verb in VERBS}
    often, doubtful, *others, last = VERBS
    for verb in (often, often, often, doubtful):
        cache.store(wanted[verb], chain("books"), GOOD)
    cache.failed(wanted[doubtful], chain("books"))
    for verb in (*others, last):
        cache.store(wanted[verb], chain("books"), GOOD)
    assert cache.look_up(wanted[often]).plan is not None, "least recently used, best record"
    assert cache.look_up(wanted[doubtful]).reason == "another intent", "its record is gone"
    assert cache.statistics.dropped == 1


def test_what_was_just_served_is_not_what_goes_next():
    cache = StoredPlans(max_plans=3)
    wanted = [request_for(f'{verb} the newest post in the "books" forum') for verb in VERBS[:4]]
    for request in wanted[:3]:
        cache.store(request, chain("books"), GOOD)
    assert cache.look_up(wanted[0]).plan is not None
    cache.store(wanted[3], chain("books"), GOOD)
    assert cache.look_up(wanted[0]).plan is not None
    assert cache.look_up(wanted[1]).plan is None


def test_a_plan_that_was_served_in_vain_counts_against_its_entry_only():
    cache = filled()
    cache.failed(request_for('Downvote the newest post in the "nyc" forum'), chain("nyc"))
    assert cache.look_up(request_for(INTENT.format("nyc"))).plan is not None
    assert cache.statistics.failed == 0


def test_a_forum_that_is_called_by_its_name_is_not_looked_for_by_its_address():
    exact = NodeInput(name="exact", type=ValueType.FLAG, const=True)
    plan = chain("books")
    named = plan.nodes[0].model_copy(update={"inputs": (*plan.nodes[0].inputs, exact)})
    plan = plan.model_copy(update={"nodes": (named, *plan.nodes[1:])})
    cache = StoredPlans()
    cache.store(request_for("Upvote the newest post in f/books"), plan, GOOD)
    by_name = cache.look_up(request_for("Upvote the newest post in the nyc forum")).plan
    by_address = cache.look_up(request_for("Upvote the newest post in f/nyc")).plan
    assert [one.name for one in by_name.node(0).inputs] == ["name"]
    assert [one.name for one in by_address.node(0).inputs] == ["name", "exact"]


def test_a_file_with_many_superseded_records_is_compacted_and_says_the_same(tmp_path):
    path = tmp_path / "plans.msgpack"
    cache = filled(path)
    for _ in range(100):
        cache.store(request_for(INTENT.format("books")), chain("books"), GOOD)
    assert cache.statistics.compactions == 1
    again = StoredPlans(path)
    assert len(again) == 1
    assert path.stat().st_size < 60 * 1_500
    again.failed(request_for(INTENT.format("nyc")), chain("nyc"))
    assert cache.look_up(request_for(INTENT.format("nyc"))).plan is not None


def test_a_cache_sees_what_another_one_stored_in_the_same_file(tmp_path):
    path = tmp_path / "plans.msgpack"
    one, other = StoredPlans(path), StoredPlans(path)
    one.store(request_for(INTENT.format("books")), chain("books"), GOOD)
    assert other.look_up(request_for(INTENT.format("nyc"))).plan is not None


def test_a_cache_of_no_plans_is_refused():
    with pytest.raises(ConfigurationError, match="at least 1"):
        StoredPlans(max_plans=0)
