"""Whatever an official task of the forum presupposes stands in the official world.

The expectations are read from the installed data set, apart from the world's own reader of it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from environment.sites.contract import WorldSpec
from environment.sites.reddit.phrasing import slug
from environment.sites.reddit.rankings import SORTS, ensure_rankings
from environment.sites.reddit.world import DEFAULT_USER, build_world

Task = dict[str, Any]
RENAMED = {
    "personal finances": "personalfinance",
    "Worcester": "WorcesterMA",
    "future technology": "Futurology",
    "the deep learning": "deeplearning",
    "explain like im 5": "explainlikeimfive",
    "machine learning": "MachineLearning",
    "games forum": "gaming",
    "news related forums": "news",
}
"""How some intents speak of a forum, and its name."""
POST = re.compile(r"__REDDIT__/f/([\w ]+)/(\d+)/([a-z0-9][a-z0-9-]*)")


def load() -> list[Task]:
    dataset = files("webarena_verified").joinpath("assets", "dataset", "webarena-verified.json")
    return [task for task in json.loads(dataset.read_text("utf-8")) if "reddit" in task["sites"]]


TASKS = load()


def of_template(*templates: int) -> list[Task]:
    found = [task for task in TASKS if task["intent_template_id"] in templates]
    assert found
    return found


def by_id(task: Task) -> str:
    return str(task["task_id"])


def requests(task: Task) -> Iterator[dict[str, Any]]:
    for check in task["eval"]:
        if check["evaluator"] == "NetworkEventEvaluator":
            yield check["expected"]


def voted(task: Task) -> list[int]:
    return [int(re.findall(r"/sv/(\d+)\.json", event["url"])[0]) for event in requests(task)]


def forum_of(task: Task) -> str:
    name: str = task["instantiation_dict"]["forum"]
    return RENAMED.get(name, name).removeprefix("f/").removesuffix(" forum")


@pytest.fixture(scope="module", params=[False, True], ids=["calm", "attacked"])
def world(request: pytest.FixtureRequest) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.deserialize(build_world(WorldSpec(profile="official", attacks=request.param)))
    ensure_rankings(database)
    yield database
    database.close()


def ranked(world: sqlite3.Connection, forum: str, sort: str, count: int) -> list[int]:
    rows = world.execute(
        "SELECT r.submission_id FROM rankings AS r JOIN forums AS f ON f.id = r.forum_id"
        f" WHERE f.name = ? ORDER BY {SORTS[sort]} LIMIT ?",
        (forum, count),
    )
    return [number for (number,) in rows]


def titles(world: sqlite3.Connection, ids: list[int]) -> list[str]:
    return [
        world.execute("SELECT title FROM submissions WHERE id = ?", (number,)).fetchone()[0]
        for number in ids
    ]


@pytest.mark.parametrize("task", of_template(33), ids=by_id)
def test_the_most_recent_post_gives_the_expected_answer(
    world: sqlite3.Connection, task: Task
) -> None:
    row = world.execute(
        """SELECT u.username, s.title, (
             SELECT count(*) FROM comments c WHERE c.submission_id = s.id
             AND c.user_id <> s.user_id AND c.downvotes > c.upvotes)
           FROM submissions s JOIN users u ON u.id = s.user_id JOIN forums f ON f.id = s.forum_id
           WHERE f.name = ? ORDER BY s.created_at DESC LIMIT 1""",
        (forum_of(task),),
    ).fetchone()
    (answer,) = task["eval"][0]["expected"]["retrieved_data"]
    assert row == (answer["username"], answer["post_title"], answer["count"])
    disliked = world.execute(
        "SELECT count(*) FROM comments c JOIN submissions s ON s.id = c.submission_id"
        " WHERE s.title = ? AND c.downvotes > c.upvotes",
        (answer["post_title"],),
    ).fetchone()
    assert disliked[0] > answer["count"], "the author's own disliked comments are distractors"


@pytest.mark.parametrize("task", of_template(22), ids=by_id)
def test_the_newest_post_of_a_forum_has_the_expected_id(
    world: sqlite3.Connection, task: Task
) -> None:
    assert ranked(world, forum_of(task), "new", 1) == voted(task)
    (largest,) = world.execute(
        "SELECT max(s.id) FROM submissions s JOIN forums f ON f.id = s.forum_id WHERE f.name = ?",
        (forum_of(task),),
    ).fetchone()
    assert [largest] == voted(task)


@pytest.mark.parametrize("task", of_template(24), ids=by_id)
def test_the_best_posts_of_all_time_come_in_the_expected_order(
    world: sqlite3.Connection, task: Task
) -> None:
    expected = voted(task)
    assert ranked(world, forum_of(task), "top", len(expected)) == expected


@pytest.mark.parametrize("task", of_template(25, 1510), ids=by_id)
def test_a_user_has_exactly_the_expected_posts_in_the_forum(
    world: sqlite3.Connection, task: Task
) -> None:
    user = task["instantiation_dict"]["user"]
    rows = world.execute(
        """SELECT s.id, f.name FROM submissions s JOIN users u ON u.id = s.user_id
           JOIN forums f ON f.id = s.forum_id WHERE u.username = ?""",
        (user,),
    ).fetchall()
    inside = {number for number, forum in rows if forum.lower() == forum_of(task).lower()}
    assert inside == set(voted(task))
    assert len(rows) - len(inside) >= 3, "posts elsewhere are the distractors"


@pytest.mark.parametrize(
    ("number", "sort"),
    [(595, "hot"), (596, "top"), (597, "controversial"), (598, "most_commented"), (599, "new")],
)
def test_the_post_to_subscribe_from_ranks_first(
    world: sqlite3.Connection, number: int, sort: str
) -> None:
    (task,) = (task for task in TASKS if task["task_id"] == number)
    (event,) = requests(task)
    match = POST.fullmatch(event["headers"]["referer"])
    assert match is not None
    best = ranked(world, forum_of(task), sort, 1)
    assert best == [int(match[2])]
    assert slug(titles(world, best)[0]) == match[3]


def test_the_forums_to_subscribe_to_are_not_yet_subscribed_to(world: sqlite3.Connection) -> None:
    rows = world.execute(
        """SELECT f.name FROM subscriptions s JOIN users u ON u.id = s.user_id
           JOIN forums f ON f.id = s.forum_id WHERE u.username = ?""",
        (DEFAULT_USER,),
    ).fetchall()
    assert len(rows) == 6
    assert not {name for (name,) in rows} & {forum_of(task) for task in of_template(4)}


def test_the_ten_hottest_books_hold_the_expected_answers(world: sqlite3.Connection) -> None:
    hottest = ranked(world, "books", "hot", 10)
    expected = {t["task_id"]: t["eval"][0]["expected"]["retrieved_data"] for t in of_template(17)}
    assert set(expected[66]) <= set(titles(world, hottest))
    bodies = [
        world.execute("SELECT title || ' ' || body FROM submissions WHERE id = ?", (n,)).fetchone()[
            0
        ]
        for n in hottest
    ]
    recommending = [body for body in bodies if "recommend" in body]
    assert len(recommending) == 2
    for answer in expected[68]:
        (body,) = (text for text in recommending if answer["book"] in text)
        assert answer["author"] is None or f"{answer['book']} by {answer['author']}" in body
    (local,) = (body for body in bodies if "local book stores" in body)
    assert all(form in local for form in expected[69][0])


def test_named_addresses_lead_to_posts(world: sqlite3.Connection) -> None:
    addresses = {
        (RENAMED.get(m[1], m[1]), int(m[2]), m[3])
        for m in POST.finditer(json.dumps(TASKS, ensure_ascii=False))
    }
    assert len(addresses) > 30
    for forum, number, words in sorted(addresses):
        row = world.execute(
            "SELECT f.name, s.title FROM submissions s JOIN forums f ON f.id = s.forum_id"
            " WHERE s.id = ?",
            (number,),
        ).fetchone()
        assert row is not None, (forum, number)
        assert (row[0], slug(row[1])) == (forum, words)


@pytest.mark.parametrize("number", [552, 553, 554, 555])
def test_the_five_most_recent_posts_are_the_expected_ones(
    world: sqlite3.Connection, number: int
) -> None:
    (task,) = (task for task in TASKS if task["task_id"] == number)
    expected = [(m[1], int(m[2])) for m in POST.finditer(json.dumps(task["eval"]))]
    assert len(expected) == 5
    assert ranked(world, expected[0][0], "new", 5) == [post for _, post in expected]


@pytest.mark.parametrize("number", range(562, 567))
def test_the_most_active_diy_posts_are_the_expected_ones(
    world: sqlite3.Connection, number: int
) -> None:
    (task,) = (task for task in TASKS if task["task_id"] == number)
    content = json.dumps(task["eval"], ensure_ascii=False)
    expected = [int(m[2]) for m in POST.finditer(content)]
    assert ranked(world, "DIY", "active", len(expected)) == expected
    assert ranked(world, "DIY", "most_commented", len(expected)) == expected
    for title in titles(world, expected):
        assert f"[{title}](" in content


def test_forum_ids_match_the_expected_forms(world: sqlite3.Connection) -> None:
    numbers = dict(world.execute("SELECT lower(name), id FROM forums"))
    checked = 0
    for task in TASKS:
        for event in requests(task):
            wanted = (event.get("post_data") or {}).get("submission[forum]")
            if wanted is None:
                continue
            urls = event["url"] if isinstance(event["url"], list) else [event["url"]]
            named = [m[1] for url in urls if (m := re.search(r"/submit/(\w+)", url))]
            if not named and "forum" in task["instantiation_dict"]:
                named = [forum_of(task)]
            for name in named:
                assert wanted in (str(numbers[name.lower()]), "{{forum_id}}"), task["task_id"]
                checked += 1
            if wanted.startswith("^"):
                options = {int(option) for option in re.findall(r"\d+", wanted)}
                assert options <= set(numbers.values())
    assert checked > 50


def test_pictures_to_repost_are_named_once_in_pics(world: sqlite3.Connection) -> None:
    rows = world.execute(
        "SELECT s.title, s.url FROM submissions s JOIN forums f ON f.id = s.forum_id"
        " WHERE f.name = 'pics'"
    ).fetchall()
    assert sum(url is not None for _, url in rows) > 20
    for task in of_template(11):
        (event,) = requests(task)
        subject = task["instantiation_dict"]["content"].lower()
        (url,) = (url for title, url in rows if subject in title.lower())
        assert event["post_data"]["submission[url]"] == f"__REDDIT__{url}"


def test_posts_to_edit_belong_to_the_default_user(world: sqlite3.Connection) -> None:
    for task in of_template(27):
        (event,) = requests(task)
        forum, number = re.findall(r"/f/(\w+)/(\d+)/-/edit", event["url"])[0]
        row = world.execute(
            """SELECT f.name, u.username, s.title, ifnull(s.body, '') FROM submissions s
               JOIN users u ON u.id = s.user_id JOIN forums f ON f.id = s.forum_id
               WHERE s.id = ?""",
            (int(number),),
        ).fetchone()
        form = event["post_data"]
        assert row[:3] == (forum, DEFAULT_USER, form["submission[title]"])
        line = task["instantiation_dict"]["content"]
        edited = f"{row[3]}\n{line}".strip()
        assert form["submission[body]"] == edited or re.match(form["submission[body]"], edited)


def test_one_own_post_on_the_rings_has_the_lowest_score(world: sqlite3.Connection) -> None:
    rows = world.execute(
        """SELECT s.id FROM submissions s JOIN users u ON u.id = s.user_id
           WHERE u.username = ? AND s.title LIKE '%Season 2%Cast%'
           ORDER BY s.upvotes - s.downvotes""",
        (DEFAULT_USER,),
    ).fetchall()
    assert len(rows) >= 4
    assert rows[0] == (70886,)


def test_comments_to_reply_to_are_where_tasks_look_for_them(world: sqlite3.Connection) -> None:
    manager = world.execute(
        """SELECT c.submission_id, c.id FROM comments c
           WHERE c.body LIKE '%manager of the website%'"""
    ).fetchall()
    assert manager == [(59421, 1235250)]
    for order in ("id", "created_at", "downvotes - upvotes"):
        first = world.execute(
            f"SELECT id FROM comments WHERE submission_id = 69404 ORDER BY {order} LIMIT 1"
        ).fetchone()
        assert first == (1042264,)


def test_forums_that_must_be_missing_are_missing(world: sqlite3.Connection) -> None:
    names = {name for (name,) in world.execute("SELECT lower(name) FROM forums")}
    assert not {name for name in names if "car" in name.split("_")}
    assert not names & {"cars", "autos", "sci_fi", "cmu_lti", "cyberpunk", "karaoke"}
    assert "plantsforcatparents" not in names


def test_forums_and_posts_have_twenty_distractors(world: sqlite3.Connection) -> None:
    assert world.execute("SELECT count(*) FROM forums").fetchone()[0] > 90
    asked = {forum_of(t).lower() for t in of_template(33, 22, 24, 25, 1510, 4, 17)}
    for forum in sorted(asked):
        (count,) = world.execute(
            "SELECT count(*) FROM submissions s JOIN forums f ON f.id = s.forum_id"
            " WHERE f.name = ?",
            (forum,),
        ).fetchone()
        assert count > 20, forum
    own = world.execute(
        "SELECT count(*) FROM submissions s JOIN users u ON u.id = s.user_id WHERE u.username = ?",
        (DEFAULT_USER,),
    ).fetchone()
    assert own[0] > 20


def test_the_threads_to_reply_in_have_twenty_other_comments(world: sqlite3.Connection) -> None:
    for number in (59421, 69404):
        (count,) = world.execute(
            "SELECT count(*) FROM comments WHERE submission_id = ?", (number,)
        ).fetchone()
        assert count > 20
