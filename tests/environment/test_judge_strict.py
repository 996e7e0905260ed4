"""What the benchmark's evaluators let pass and the strict check does not, on real episodes."""

import re

import pytest

from core.pages import Click, Fill, Goto, Select
from core.tasks import AgentResponse, ResponseStatus, TaskType
from environment.judge import judge
from environment.judge.references import run_in_process
from environment.oracles.contract import done, find, retrieved, unreachable
from environment.oracles.official import oracle_of
from environment.tasks.loader import load_task
from environment.world_host import WorldHost


def episode(task, oracle):
    """Runs a trajectory on a fresh world and judges it."""
    host = WorldHost.open(task.worlds)
    try:
        return judge(task, host, run_in_process(task, oracle, host))
    finally:
        host.close()


def solving(key, *, after=None, answer=None):
    """A trajectory that solves a task and does something more."""

    def oracle(public, obs):
        result = yield from oracle_of(key)(public, obs)
        if after is not None:
            obs = yield Goto(public.start_urls[0])
            yield from after(public, obs)
        return result if answer is None else answer

    return oracle


def press(path, name, row=""):
    def moves(public, obs):
        obs = yield Goto(public.base_urls["reddit"] + path)
        return (yield Click(find(obs, role="button", name=name, row=row)))

    return moves


UPVOTE_UNDONE = press("/f/books/new", "Retract upvote")


def test_solving_a_task_passes_both():
    verdict = episode(load_task("404"), oracle_of("404"))
    assert (verdict.official, verdict.strict, verdict.error) == (1.0, True, "")
    assert not verdict.violations


def test_right_then_undone_may_fool_the_requests_but_not_the_state():
    verdict = episode(load_task("399"), biography_then_back)
    assert (verdict.official, verdict.strict) == (1.0, False)
    assert any(reason.startswith("missing: updated reddit.users") for reason in verdict.reasons)


def biography_then_back(public, obs):
    base = public.base_urls["reddit"]
    obs = yield Goto(base + "/user/MarvelsGrantMan136/edit_biography")
    old = obs.elements[find(obs, role="textbox", name="Biography")].value
    for text in ("I am a robot", old):
        obs = yield Goto(base + "/user/MarvelsGrantMan136/edit_biography")
        obs = yield Fill(find(obs, role="textbox", name="Biography"), text)
        obs = yield Click(find(obs, role="button", name="Save"))
    return done()


def test_a_vote_that_is_retracted_leaves_nothing_and_fails():
    verdict = episode(load_task("404"), solving("404", after=UPVOTE_UNDONE))
    assert not verdict.strict


def test_an_extra_side_effect_fails_although_the_requests_are_right():
    extra = press("/f/pics", "Subscribe")
    verdict = episode(load_task("404"), solving("404", after=extra))
    assert (verdict.official, verdict.strict) == (1.0, False)
    assert any("not asked for: inserted reddit.subscriptions" in r for r in verdict.reasons)


def test_doing_the_asked_thing_twice_fails():
    verdict = episode(load_task("645"), solving("645", after=oracle_of("645")))
    assert (verdict.official, verdict.strict) == (1.0, False)


def test_the_same_deed_by_another_user_fails():
    task = load_task("404")
    host = WorldHost.open(task.worlds)
    names = [row["username"] for row in host.tables()["reddit"]["users"]]
    other = next(name for name in names if name != "MarvelsGrantMan136")
    response = run_in_process(task.model_copy(update={"user": other}), oracle_of("404"), host)
    verdict = judge(task, host, response)
    assert (verdict.official, verdict.strict) == (1.0, False)


def test_a_reply_in_the_wrong_thread_fails_both():
    task = load_task("650")

    def oracle(public, obs):
        obs = yield Goto(load_task("651").public(public.base_urls).start_urls[0])
        return (yield from oracle_of("650")(public, obs))

    verdict = episode(task, oracle)
    assert (verdict.official, verdict.strict) == (0.0, False)


def test_a_post_in_the_wrong_forum_fails_both():
    def oracle(public, obs):
        return (yield from oracle_of("606")(public, obs))

    verdict = episode(load_task("607"), oracle)
    assert (verdict.official, verdict.strict) == (0.0, False)


def test_an_answer_from_the_wrong_thread_fails_both():
    task = load_task("27")

    def oracle(public, obs):
        return (yield from oracle_of("28")(public, obs))

    verdict = episode(task, oracle)
    assert (verdict.official, verdict.strict) == (0.0, False)


@pytest.mark.parametrize(
    "answer",
    [
        retrieved({"username": "^.*$", "post_title": "^.*$", "count": 0}),
        retrieved(
            {
                "username": ["Hammer94", "somebody"],
                "post_title": "56 year old mom has no retirement. "
                "Where do I even start on her behalf?",
                "count": [0, 1, 2, 3],
            }
        ),
    ],
)
def test_an_answer_that_is_a_pattern_or_a_choice_fools_the_benchmark_only(answer):
    verdict = episode(load_task("27"), solving("27", answer=answer))
    assert (verdict.official, verdict.strict) == (1.0, False)


@pytest.mark.parametrize(
    "answer",
    [
        retrieved(),
        retrieved("56 year old mom has no retirement"),
        unreachable(),
        AgentResponse(
            task_type=TaskType.RETRIEVE, status=ResponseStatus.SUCCESS, retrieved_data=None
        ),
    ],
)
def test_an_empty_partial_or_refusing_answer_fails_both(answer):
    verdict = episode(load_task("27"), solving("27", answer=answer))
    assert (verdict.official, verdict.strict, verdict.error) == (0.0, False, "")


def test_no_answer_at_all_is_a_failure_and_no_error():
    task = load_task("404")
    host = WorldHost.open(task.worlds)
    run_in_process(task, oracle_of("404"), host)
    verdict = judge(task, host, None)
    assert (verdict.official, verdict.strict, verdict.error) == (0.0, False, "")
    assert "no answer was given" in verdict.reasons


def test_reading_with_a_side_effect_fails_although_the_answer_is_right():
    extra = press("/f/pics", "Subscribe")
    verdict = episode(load_task("27"), solving("27", after=extra))
    assert (verdict.official, verdict.strict) == (1.0, False)


def test_any_of_several_right_forums_passes_and_another_does_not():
    def into(forum):
        def oracle(public, obs):
            obs = yield Goto(public.base_urls["reddit"] + "/submit")
            title = "what is the SOTA web navigation agent repo"
            obs = yield Fill(find(obs, role="textbox", name="Title"), title)
            obs = yield Select(find(obs, role="combobox", name="Forum"), forum)
            yield Click(find(obs, role="button", name="Create submission"))
            return done()

        return oracle

    task = load_task("604")
    assert [episode(task, into(f)).strict for f in ("singularity", "deeplearning", "books")] == [
        True,
        True,
        False,
    ]


def test_a_text_that_the_task_leaves_open_may_be_anything():
    def oracle(public, obs):
        obs = yield Goto(public.base_urls["reddit"] + "/submit/nyc")
        obs = yield Fill(find(obs, role="textbox", name="Title"), "is car necessary")
        obs = yield Fill(find(obs, role="textbox", name="Body"), "I move there in May.")
        yield Click(find(obs, role="button", name=re.compile("submission")))
        return done()

    assert episode(load_task("606"), oracle).strict


def test_a_text_that_the_task_gives_must_be_that_text():
    def oracle(public, obs):
        obs = yield Goto(public.base_urls["reddit"] + "/submit/relationship_advice")
        obs = yield Fill(find(obs, role="textbox", name="Title"), "cheat")
        obs = yield Fill(find(obs, role="textbox", name="Body"), "Please help me")
        yield Click(find(obs, role="button", name=re.compile("submission")))
        return done()

    assert not episode(load_task("621"), oracle).strict


def test_a_task_without_an_oracle_is_an_error_and_no_verdict(tmp_path):
    from environment.tasks.loader import load_task_file

    path = tmp_path / "mine.json"
    record = load_task("404").model_dump_json(include={"verified"})
    path.write_text(record.replace('{"verified":', "", 1)[:-1].replace("newest", "latest"))
    (task,) = load_task_file(path)
    verdict = episode(task, oracle_of("404"))
    assert verdict.official == 1.0
    assert not verdict.strict
    assert "no oracle is known" in verdict.error


def test_a_judgement_costs_little_once_a_task_is_known():
    from time import process_time

    task = load_task("404")
    host = WorldHost.open(task.worlds)
    response = run_in_process(task, oracle_of("404"), host)
    judge(task, host, response)
    start = process_time()
    for _ in range(5):
        judge(task, host, response)
    # 7 ms on the machine that this was written on; the bound only catches a lost memory.
    assert (process_time() - start) / 5 < 0.1


@pytest.mark.parametrize("status", [s for s in ResponseStatus if s is not ResponseStatus.SUCCESS])
def test_the_right_deed_with_the_wrong_word_for_it_fails(status):
    answer = AgentResponse(task_type=TaskType.MUTATE, status=status)
    verdict = episode(load_task("404"), solving("404", answer=answer))
    assert (verdict.official, verdict.strict) == (0.0, False)
    assert verdict.reasons[0] == "the answer is not the expected one"


def test_an_answer_without_opening_a_page_is_a_failure_and_no_error():
    task = load_task("404")
    host = WorldHost.open(task.worlds)
    verdict = judge(task, host, done())
    host.close()
    assert (verdict.official, verdict.strict, verdict.error) == (0.0, False, "")
    assert any("without opening a page" in reason for reason in verdict.reasons)
