"""Equal deeds have equal effects, whatever ids and times they got; unequal deeds do not."""

from environment.judge.effects import ANYTHING, Changes, difference, effect_of, ids_made
from environment.sites.changes import TableChanges

URLS = {"reddit": "http://one.localhost"}


def changed(base_urls=URLS, free=(), **tables: tuple[tuple, tuple]):
    changes: Changes = {"reddit": {n: TableChanges(*rows) for n, rows in tables.items()}}
    return effect_of(changes, base_urls=base_urls, free=free)


def post(id_, title, at=100, **more):
    return {"id": id_, "forum_id": 7, "title": title, "created_at": at, "edited_at": None, **more}


def comment(id_, submission, body):
    return {"id": id_, "submission_id": submission, "body": body, "created_at": id_}


def test_ids_and_times_of_new_rows_do_not_matter():
    one = changed(submissions=((), (post(5, "a", at=1),)))
    other = changed(submissions=((), (post(900, "a", at=77),)))
    assert one == other


def test_rows_made_in_another_order_are_the_same_effect():
    one = changed(
        submissions=((), (post(5, "a"), post(6, "b"))),
        comments=((), (comment(1, 5, "on a"), comment(2, 6, "on b"))),
    )
    other = changed(
        submissions=((), (post(8, "b"), post(9, "a"))),
        comments=((), (comment(3, 9, "on a"), comment(4, 8, "on b"))),
    )
    crossed = changed(
        submissions=((), (post(8, "b"), post(9, "a"))),
        comments=((), (comment(3, 8, "on a"), comment(4, 9, "on b"))),
    )
    assert one == other
    assert one != crossed


def test_a_reply_to_an_old_row_keeps_that_rows_id():
    here = changed(comments=((), (comment(1, 5, "x"),)))
    elsewhere = changed(comments=((), (comment(1, 6, "x"),)))
    assert here != elsewhere


def test_doing_a_thing_twice_is_another_effect():
    once = changed(submissions=((), (post(5, "a"),)))
    twice = changed(submissions=((), (post(5, "a"), post(6, "a"))))
    missing, extra = difference(twice, once)
    assert (len(missing), len(extra)) == (0, 1)


def test_an_update_says_only_which_columns_changed():
    (change,) = changed(submissions=((post(5, "a"),), (post(5, "a", edited_at=99),)))
    assert (change.kind, change.key) == ("updated", (5,))
    assert dict(change.content) == {"edited_at": "(a moment)"}


def test_a_row_that_is_gone_is_told_by_its_key():
    row = {"user_id": 1, "forum_id": 2}
    (change,) = changed(subscriptions=((row,), ()))
    assert (change.kind, change.key) == ("deleted", (1, 2))


def test_spacing_and_the_address_of_the_site_do_not_matter_but_words_and_case_do():
    one = changed(submissions=((), (post(5, "see http://one.localhost/x\n  there"),)))
    other = changed(
        base_urls={"reddit": "http://two.localhost:99"},
        submissions=((), (post(5, "see http://two.localhost:99/x there"),)),
    )
    assert one == other
    assert changed(submissions=((), (post(5, "A"),))) != changed(submissions=((), (post(5, "a"),)))


def test_a_free_column_may_hold_anything():
    free = ("reddit.submissions.title",)
    one = changed(free=free, submissions=((), (post(5, "a"),)))
    assert one == changed(free=free, submissions=((), (post(5, "b"),)))
    assert dict(next(iter(one)).content)["title"] == ANYTHING


def test_named_bookkeeping_is_no_effect():
    assert not changed(sessions=((), ({"id": 1, "token": "x"},)))
    assert changed(blocks=((), ({"user_id": 1, "blocked_id": 2},)))


def test_ids_made_are_those_of_new_rows_only():
    rows = TableChanges((post(5, "a"),), (post(5, "b"), post(6, "c")))
    assert ids_made({"reddit": {"submissions": rows}}) == {"6"}


def test_a_reason_never_shows_a_password():
    user = {"id": 3, "username": "ann", "password": "pass-of-ann"}
    changed_password = ((user,), ({**user, "password": "new-pass"},))
    for rows in (((), (user,)), changed_password):
        (change,) = changed(users=rows)
        assert "pass-of-ann" not in str(change)
        assert "new-pass" not in str(change)
