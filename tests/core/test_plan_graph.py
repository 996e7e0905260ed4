import pytest

from core.plans import Plan, PlanEdge, PlanGraph, PlanNode, Subgoal, ValueType, Verb
from core.seeding import derive_seed, generator
from core.tasks import Split, Task, WorldSpec


def diamond():
    nodes = tuple(
        PlanNode(id=n, subgoal=Subgoal(verb=Verb.READ, object="x"), agent="a", site="s")
        for n in range(4)
    )
    edges = tuple(PlanEdge(source=s, target=t) for s, t in ((0, 1), (0, 2), (1, 3), (2, 3)))
    return Plan(nodes=nodes, edges=edges)


def test_both_branches_of_a_diamond_are_ready_together():
    graph = PlanGraph(diamond())
    assert graph.ready(frozenset()) == (0,)
    assert graph.ready(frozenset({0})) == (1, 2)
    assert graph.ready(frozenset({0, 1})) == (2,)
    assert graph.ready(frozenset({0, 1, 2})) == (3,)
    assert graph.descendants(0) == {1, 2, 3}
    assert graph.terminals() == (3,)


def test_a_cycle_is_named():
    plan = diamond()
    looped = plan.model_copy(update={"edges": (*plan.edges, PlanEdge(source=3, target=0))})
    cycle = PlanGraph(looped).cycle()
    assert {0, 3} <= set(cycle)
    assert PlanGraph(plan).cycle() == ()


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (ValueType.TEXT, "a", 1),
        (ValueType.NUMBER, 1.5, True),
        (ValueType.FLAG, False, 0),
        (ValueType.URL, "/f/books", "books"),
        (ValueType.TEXTS, ["a"], ["a", 1]),
        (ValueType.NUMBERS, [1, 2], [None]),
        (ValueType.URLS, [], "/f/books"),
        (ValueType.RECORD, {"a": 1}, []),
        (ValueType.RECORDS, [{"a": 1}], [1]),
    ],
)
def test_value_types_tell_good_from_bad(kind, good, bad):
    assert kind.accepts(good)
    assert not kind.accepts(bad)


def test_seeds_differ_by_path_and_repeat_by_path():
    assert derive_seed(1, "a", 2) == derive_seed(1, "a", 2)
    paths = [(), ("a",), ("a", 2), ("a", "2"), ("a2",), (2, "a")]
    assert len({derive_seed(1, *path) for path in paths}) == len(paths)
    assert generator(1, "x").random() == generator(1, "x").random()


def test_a_generated_tasks_public_face_hides_its_template():
    task = Task(
        key="reddit.secret_template:7@train",
        template="secret_template",
        split=Split.TRAIN,
        sites=("reddit",),
        start_urls=("__REDDIT__/f/books",),
        intent="Do it",
        worlds={"reddit": WorldSpec(seed=7)},
        verified={"eval": ["the answer"]},
    )
    public = task.public({"reddit": "http://reddit.localhost"})
    assert public.start_urls == ("http://reddit.localhost/f/books",)
    assert "secret" not in public.model_dump_json()
    assert "answer" not in public.model_dump_json()
