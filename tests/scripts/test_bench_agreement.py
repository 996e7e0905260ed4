from collections import Counter

import pytest

from scripts.bench.agreement import drawn_by_kind, kind_of

PATHS = [f"/f/books/{n}/-/comment/{n}" for n in range(50)] + ["/forums", "/f/a", "/f/b", "/?page=2"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/f/books/12/a-title", "/f/pics/7/another"),
        ("/user/a/comments", "/user/b/comments"),
        ("/all/new?page=2", "/all/new?page=31"),
    ],
)
def test_pages_of_one_kind_have_one_name(one, other):
    assert kind_of(one) == kind_of(other)


def test_lists_and_threads_are_of_different_kinds():
    assert len({kind_of(path) for path in ("/f/a", "/f/a/1/b", "/user/a", "/f/a?page=2")}) == 4


def test_rare_kinds_of_pages_are_drawn_before_common_ones_fill_up():
    drawn = drawn_by_kind(PATHS, 10, seed=3)
    assert len(set(drawn)) == 10
    assert Counter(map(kind_of, drawn)).keys() == {kind_of(path) for path in PATHS}
    assert drawn == drawn_by_kind(reversed(PATHS), 10, seed=3)


def test_no_more_is_drawn_than_there_is():
    assert sorted(drawn_by_kind(PATHS, 1_000, seed=3)) == sorted(PATHS)
