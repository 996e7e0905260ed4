"""The benchmark's evaluators on traces of our own, and what counts as an error of the judge."""

from urllib.parse import urlencode

import pytest

from core.errors import TaskFileError
from core.http import HttpRequest, HttpResponse
from core.tasks import AgentResponse, ResponseStatus, TaskType
from environment.judge.official import expected_type, official_score
from environment.tasks.loader import load_task
from environment.trace import entry_of

BASE = "http://reddit.localhost"
URLS = {"reddit": BASE}
HTML = (("content-type", "text/html"),)
DONE = AgentResponse(task_type=TaskType.MUTATE, status=ResponseStatus.SUCCESS)


def trace(*requests):
    return [entry_of(i, request, HttpResponse(status=200, headers=HTML)) for i, request in requests]


def get(path="/"):
    return HttpRequest(method="GET", url=BASE + path, headers=(("accept", "text/html"),))


def post(path, **fields):
    kind = ("content-type", "application/x-www-form-urlencoded")
    return HttpRequest(
        method="POST", url=BASE + path, headers=(kind,), body=urlencode(fields).encode()
    )


def score(key, requests, response):
    return official_score(
        load_task(key), base_urls=URLS, trace=trace(*enumerate(requests)), response=response
    )


def retrieve(*values, status=ResponseStatus.SUCCESS):
    return AgentResponse(task_type=TaskType.RETRIEVE, status=status, retrieved_data=list(values))


RIGHT = {
    "username": "Hammer94",
    "post_title": "56 year old mom has no retirement. Where do I even start on her behalf?",
    "count": 0,
}


def test_the_right_request_and_answer_score_one():
    found = score("404", [get(), post("/sv/124260.json", choice="1")], DONE)
    assert (found.score, found.status, found.error, found.answer_right) == (
        1.0,
        "success",
        "",
        True,
    )


@pytest.mark.parametrize(
    "requests",
    [[get()], [post("/sv/124261.json", choice="1")], [post("/sv/124260.json", choice="-1")]],
)
def test_a_missing_or_wrong_request_fails_without_an_error(requests):
    found = score("404", requests, DONE)
    assert (found.score, found.status, found.error) == (0.0, "failure", "")
    assert found.answer_right


@pytest.mark.parametrize(
    "response",
    [
        None,
        retrieve(),
        AgentResponse(task_type=TaskType.MUTATE, status=ResponseStatus.NOT_FOUND_ERROR),
    ],
)
def test_a_missing_answer_or_one_of_wrong_kind_or_status_fails(response):
    found = score("404", [get(), post("/sv/124260.json", choice="1")], response)
    assert (found.score, found.status, found.answer_right) == (0.0, "failure", False)


def test_values_are_compared_after_the_benchmarks_own_normalisation():
    answer = {**RIGHT, "username": "HAMMER94", "count": "0"}
    assert score("27", [get()], retrieve(answer)).score == 1.0


@pytest.mark.parametrize(
    "data",
    [
        ["Hammer94"],
        [[["x"]]],
        [None],
        [{}],
        [1, True],
        [{"username": {}, "count": []}],
        ["a"] * 500,
    ],
)
def test_a_malformed_answer_is_the_agents_failure_and_no_error(data):
    found = score("27", [get()], retrieve(*data))
    assert (found.score, found.status, found.error) == (0.0, "failure", "")


@pytest.mark.parametrize("path", ["/%zz", "/?a[]=%FF", "/[x]", "/^(un$", "/?q=http://[::1", "//"])
def test_no_address_that_an_agent_visits_makes_the_judge_err(path):
    assert score("595", [get(), get(path)], DONE).status == "failure"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("multipart/form-data; boundary=x", b"--x\r\nzz"),
        ("application/x-www-form-urlencoded", b"\xff\xfe=%zz&choice=^(un$"),
        ("", b"choice=1"),
    ],
)
def test_no_body_that_an_agent_sends_makes_the_judge_err(kind, body):
    headers = (("content-type", kind), ("referer", "http://[::1"))
    sent = HttpRequest(method="POST", url=BASE + "/sv/124260.json", headers=headers, body=body)
    assert score("404", [get(), sent], DONE).status == "failure"


def test_judging_leaves_the_task_as_it_was():
    before = load_task("27").model_copy(deep=True)
    score("27", [get()], retrieve(RIGHT))
    assert load_task("27") == before


def test_the_evaluators_do_not_write_to_the_terminal(capfd):
    score("27", [get()], retrieve("nonsense"))
    assert capfd.readouterr() == ("", "")


def test_an_answer_without_opening_a_page_is_a_failure_and_no_error():
    found = score("27", [], retrieve(RIGHT))
    assert (found.score, found.status, found.error) == (0.0, "failure", "")
    assert not found.answer_right
    assert "without opening a page" in found.reasons[0]


def test_an_empty_trace_without_an_answer_is_an_error_and_no_score():
    found = score("27", [], None)
    assert found.score is None
    assert found.status == "error"
    assert "trace is empty" in found.error


def test_a_broken_evaluator_is_an_error_and_no_score():
    task = load_task("404")
    broken = {
        **task.verified["eval"][1],
        "expected": {"url": "__REDDIT__/(", "http_method": "POST"},
    }
    broken["expected"]["url"] = "^__REDDIT__/(unclosed$"
    verified = {**task.verified, "eval": [task.verified["eval"][0], broken]}
    found = official_score(
        task.model_copy(update={"verified": verified}),
        base_urls=URLS,
        trace=trace(*enumerate([post("/sv/1.json", choice="1")])),
        response=DONE,
    )
    assert found.score is None
    assert found.status == "error"
    assert found.error


def test_the_expected_kind_of_answer_is_read_from_the_record():
    assert expected_type(load_task("27")) is TaskType.RETRIEVE
    assert expected_type(load_task("404")) is TaskType.MUTATE
    for verified in (
        {"eval": []},
        {"eval": [{"evaluator": "AgentResponseEvaluator"}]},
        {"eval": [{"evaluator": "AgentResponseEvaluator", "expected": {"task_type": "dance"}}]},
    ):
        with pytest.raises(TaskFileError, match="what kind of answer"):
            expected_type(load_task("27").model_copy(update={"verified": verified}))


def test_a_record_that_the_benchmark_cannot_read_is_an_error_and_no_score():
    task = load_task("404").model_copy(update={"verified": {"eval": []}})
    entries = trace(*enumerate([get()]))
    found = official_score(task, base_urls=URLS, trace=entries, response=DONE)
    assert (found.score, found.status) == (None, "error")
    assert "cannot read the task's record" in found.error
