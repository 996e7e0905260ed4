"""Nodes that open no page: pure operations on arguments."""

import pytest

from core.errors import CallerError
from core.pages import Value
from core.plans import NodeOutput, PlanNode, Subgoal, ValueType, Verb
from policies.compute import derive

ITEMS: Value = [
    {"author": "ann", "score": 3, "time": "2023-01-02"},
    {"author": "bob", "score": -2, "time": "2022-05-01"},
    {"author": "ann", "score": 9, "time": "2021-07-30"},
]

NEGATIVE: Value = [{"field": "score", "op": "lt", "value": 0}]


def node(operation: str, *outputs: str, verb: Verb = Verb.COMPUTE) -> PlanNode:
    return PlanNode(
        id=1,
        subgoal=Subgoal(verb=verb, object=operation),
        agent="a",
        site="",
        outputs=tuple(NodeOutput(name=name, type=ValueType.TEXT) for name in outputs),
    )


@pytest.mark.parametrize(
    ("operation", "output", "arguments", "expected"),
    [
        ("pick max", "author", {"items": ITEMS, "by": "score"}, "ann"),
        ("pick min", "score", {"items": ITEMS, "by": "score"}, -2),
        ("pick min", "time", {"items": ITEMS, "by": "time", "rank": 2}, "2022-05-01"),
        ("pick max", "id", {"by": "n", "a": {"id": "x", "n": 1}, "b": {"id": "y", "n": 4}}, "y"),
        ("choose max", "name", {"names": ["x", "y"], "value_0": 7, "value_1": 2}, "x"),
        ("count", "count", {"items": ITEMS, "where": NEGATIVE}, 1),
        ("count", "count", {"items": ITEMS, "distinct": "author"}, 2),
        ("sum", "value", {"items": ITEMS, "by": "score"}, 10),
        ("difference", "value", {"a": 4, "b": 9}, 5),
        ("common", "values", {"by": "author", "l": ITEMS, "r": [{"author": "Bob"}]}, ["bob"]),
        ("fill", "text", {"template": "by {who}", "who": "ann"}, "by ann"),
    ],
)  # fmt: skip
def test_an_operation_gives_its_output(
    operation: str, output: str, arguments: dict[str, Value], expected: Value
) -> None:
    assert derive(node(operation, output), arguments) == {output: expected}


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("pick max", {"items": [], "by": "score"}),
        ("difference", {"a": 1}),
        ("conjure", {}),
    ],
)
def test_what_has_no_result_is_an_error_that_says_so(
    operation: str, arguments: dict[str, Value]
) -> None:
    with pytest.raises(CallerError):
        derive(node(operation, "value"), arguments)


def test_an_answer_has_the_shape_and_the_keys_that_were_asked_for() -> None:
    keys: Value = [{"key": "user", "field": "author"}, {"key": "points", "field": "score"}]
    answer = derive(
        node("answer", "response", verb=Verb.RESPOND),
        {"task_type": "RETRIEVE", "shape": "records", "keys": keys, "items": ITEMS},
    )["response"]
    assert isinstance(answer, dict)
    assert answer["status"] == "SUCCESS"
    data = answer["retrieved_data"]
    assert isinstance(data, list)
    assert data[1] == {"user": "bob", "points": -2}


def test_nothing_found_is_an_answer_of_its_own() -> None:
    answer = derive(
        node("answer", "response", verb=Verb.RESPOND),
        {
            "task_type": "RETRIEVE",
            "shape": "column",
            "keys": [{"key": "a", "field": "a"}],
            "items": [],
        },
    )["response"]
    assert answer == {
        "task_type": "RETRIEVE",
        "status": "NOT_FOUND_ERROR",
        "retrieved_data": None,
        "error_details": None,
    }
