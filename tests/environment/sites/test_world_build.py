"""The promises that hold for every forum world."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator

import pytest

from environment.sites.contract import WorldSpec
from environment.sites.reddit import world as worlds
from environment.sites.reddit.world import (
    DEFAULT_PASSWORD,
    DEFAULT_USER,
    AttackKind,
    Comment,
    SignKind,
    WorldIndex,
    attacks_of,
    build_world,
)

PROFILES = ("generated", "official")
LIMIT_BYTES = {"generated": 1_000_000, "official": 1_800_000}
LEADERS = 6


def opened(spec: WorldSpec) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.deserialize(build_world(spec))
    return database


@pytest.fixture(params=[*((p, 1) for p in PROFILES), ("generated", 7)], ids=str)
def index(request: pytest.FixtureRequest) -> WorldIndex:
    profile, seed = request.param
    return WorldIndex.of(build_world(WorldSpec(seed=seed, profile=profile)))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("attacks", [False, True])
def test_the_same_spec_gives_the_same_bytes(profile: str, attacks: bool) -> None:
    spec = WorldSpec(seed=3, profile=profile, attacks=attacks)
    first = build_world(spec)
    worlds._build.cache_clear()
    assert build_world(spec) == first
    assert build_world(WorldSpec(seed=4, profile=profile, attacks=attacks)) != first


@pytest.mark.parametrize("profile", PROFILES)
def test_a_world_is_small_and_intact(profile: str) -> None:
    spec = WorldSpec(seed=2, profile=profile, attacks=True)
    assert len(build_world(spec)) <= LIMIT_BYTES[profile]
    database = opened(spec)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown world profile"):
        build_world(WorldSpec(profile="shiny"))


def test_times_and_titles_are_unique_in_a_forum_and_ids_follow_time(index: WorldIndex) -> None:
    for posts in index.submissions_of_forum.values():
        times = [post.created_at for post in posts]
        assert times == sorted(set(times))
        assert len({post.title.lower() for post in posts}) == len(posts)
        assert times[-1] < index.now


def test_the_best_posts_of_a_forum_have_different_scores(index: WorldIndex) -> None:
    for posts in index.submissions_of_forum.values():
        nets = sorted((post.net for post in posts), reverse=True)
        assert len(set(nets[:12])) == len(nets[:12])
        assert nets[-1] < nets[-2]


def test_the_most_discussed_generated_posts_have_different_counts() -> None:
    world = WorldIndex.of(build_world(WorldSpec(seed=5)))
    for posts in world.submissions_of_forum.values():
        counts = [len(world.comments_of_submission.get(post.id, ())) for post in posts]
        leaders = sorted(counts, reverse=True)[: LEADERS + 1]
        assert len(set(leaders)) == LEADERS + 1


def test_comments_answer_something_older_on_the_same_post(index: WorldIndex) -> None:
    for comment in index.comments.values():
        post = index.submissions[comment.submission_id]
        assert post.created_at < comment.created_at < index.now
        if comment.parent_id is not None:
            parent = index.comments[comment.parent_id]
            assert parent.submission_id == comment.submission_id
            assert parent.created_at < comment.created_at
    depths = Counter(depth_of(index, comment) for comment in index.comments.values())
    assert set(depths) == {1, 2, 3, 4}


def depth_of(index: WorldIndex, comment: Comment) -> int:
    depth = 1
    while comment.parent_id is not None:
        comment, depth = index.comments[comment.parent_id], depth + 1
    return depth


def test_the_default_user_has_a_past(index: WorldIndex) -> None:
    user = index.default_user
    own = index.submissions_of_user[user.id]
    assert (user.username, user.password) == (DEFAULT_USER, DEFAULT_PASSWORD)
    assert len({post.forum_id for post in own}) >= 5
    assert len(index.comments_of_user[user.id]) >= 10
    assert len(index.subscriptions[user.id]) == 6
    assert {entry.seen for entry in index.notifications.values()} == {0, 1}
    assert len(index.threads) == 5
    assert all(user.id in thread for thread in index.threads.values())
    assert set(index.submission_votes.values()) == {1, -1}
    assert all(index.submission_votes[user.id, post.id] == 1 for post in own)


def test_single_votes_are_covered_by_the_counters(index: WorldIndex) -> None:
    for (_, number), choice in index.submission_votes.items():
        post = index.submissions[number]
        assert (post.upvotes if choice == 1 else post.downvotes) >= 1
    for (_, number), choice in index.comment_votes.items():
        comment = index.comments[number]
        assert (comment.upvotes if choice == 1 else comment.downvotes) >= 1


def test_some_comments_are_disliked(index: WorldIndex) -> None:
    disliked = sum(comment.net < 0 for comment in index.comments.values())
    assert 0.08 < disliked / len(index.comments) < 0.25


def test_there_are_twenty_distractors_of_every_kind(index: WorldIndex) -> None:
    assert len(index.forums) > 20
    assert len(index.users) > 140
    assert len({forum.title.lower() for forum in index.forums.values()}) == len(index.forums)
    assert len({forum.description for forum in index.forums.values()}) == len(index.forums)


def test_every_generated_forum_has_twenty_posts() -> None:
    world = WorldIndex.of(build_world(WorldSpec(seed=6)))
    assert 24 <= len(world.forums) <= 30
    assert min(map(len, world.submissions_of_forum.values())) > 20


@pytest.mark.parametrize("profile", PROFILES)
def test_attacks_change_only_the_recorded_texts(profile: str) -> None:
    spec = WorldSpec(seed=8, profile=profile, attacks=True)
    calm, attacked = opened(WorldSpec(seed=8, profile=profile)), opened(spec)
    expected = {(a.table, a.row_id, a.column): a.text for a in attacks_of(spec)}
    assert attacks_of(WorldSpec(seed=8, profile=profile)) == ()
    found = dict(changes(calm, attacked))
    assert found.keys() == expected.keys()
    for place, (before, after) in found.items():
        assert after.startswith(before)
        assert after.endswith(expected[place])


def changes(
    before: sqlite3.Connection, after: sqlite3.Connection
) -> Iterator[tuple[tuple[str, int, str], tuple[str, str]]]:
    tables = [
        name for (name,) in before.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    ]
    for table in tables:
        old = before.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
        columns = [column[0] for column in old.description]
        new = after.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
        for was, now in zip(old.fetchall(), new, strict=True):
            for column, left, right in zip(columns, was, now, strict=True):
                if left != right:
                    yield (table, was[0], column), (left, right)


@pytest.mark.parametrize("profile", PROFILES)
def test_attacks_are_of_every_kind_and_name_what_obeying_looks_like(profile: str) -> None:
    spec = WorldSpec(seed=9, profile=profile, attacks=True)
    attacks = attacks_of(spec)
    index = WorldIndex.of(build_world(spec))
    own = index.default_user.id
    assert {attack.kind for attack in attacks} == set(AttackKind)
    assert {sign.kind for attack in attacks for sign in attack.signs} == set(SignKind)
    for attack in attacks:
        assert attack.signs
        assert attack.page.startswith(("/f/", "/user/", "/messages/thread/"))
        for sign in attack.signs:
            re.compile(sign.pattern)
            if sign.kind is SignKind.WRITE:
                assert sign.pattern in attack.text
        if attack.table == "submissions":
            assert index.submissions[attack.row_id].user_id != own
        if attack.table == "comments":
            assert index.comments[attack.row_id].user_id != own


def test_attacks_stand_on_the_newest_or_best_post_of_most_forums() -> None:
    spec = WorldSpec(seed=10, attacks=True)
    index = WorldIndex.of(build_world(spec))
    pages = {attack.page for attack in attacks_of(spec)}
    reached = 0
    for forum in index.forums.values():
        posts = index.submissions_of_forum[forum.id]
        leading = (posts[-1], max(posts, key=lambda post: post.net))
        reached += any(f"/f/{forum.name}/{post.id}" in pages for post in leading)
    assert reached > 0.8 * len(index.forums)
