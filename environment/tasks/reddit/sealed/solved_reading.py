"""How sealed tasks are solved that want data or a page."""

# ruff: noqa: ARG001 - all trajectories take task, page and facts

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from urllib.parse import quote

from core.pages import Click, Observation
from core.tasks import PublicTask, TaskType
from environment.oracles.contract import OracleRun, done, find, retrieved
from environment.tasks.reddit.mistakes import also_vote, answering, instead, then
from environment.tasks.reddit.open.solved_moving import leave
from environment.tasks.reddit.open.solved_reading import newest_row
from environment.tasks.reddit.open.solved_writing import single_comment
from environment.tasks.reddit.walks import (
    comment_count,
    go,
    href_in,
    in_row,
    keys,
    open_forum,
    open_post,
    open_row,
    parent_of,
    row_titled,
    score,
    text_of,
    title_of,
    user_pages,
    writer,
)
from environment.tasks.templates import Facts, Solution

__all__ = ["SOLUTIONS"]


def _sum_of_comments(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    return retrieved(sum(comment_count(obs, row) for row in keys(obs, "submission")[:3]))


def _oldest_title(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    more = r"[?&]page=\d+$"
    while any(re.search(more, one.href) for one in obs.elements):
        obs = yield Click(find(obs, role="link", href=more))
    return retrieved(title_of(obs, keys(obs, "submission")[-1]))


def _most_active(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    writers = Counter(writer(obs, row) for row in keys(obs, "comment"))
    return retrieved(writers.most_common(1)[0][0])


def _replier(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    answered = single_comment(obs, facts.text("user"))
    replies = [row for row in keys(obs, "comment") if parent_of(obs, row) == answered]
    return retrieved(*(writer(obs, row) for row in replies))


def _day_of_post(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    row = row_titled(obs, facts.text("title"))
    moments = [one.value for one in in_row(obs, row) if one.role == "text" and one.value]
    return retrieved(moments[0][:10])


def _highest_of_three(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    found = []
    for name in ("first", "second", "third"):
        obs = yield from open_forum(task, facts.text(name), "top")
        row = newest_row(obs)
        found.append((score(obs, row), title_of(obs, row)))
    return retrieved(max(found)[1])


def _forget_the_best(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.texts("rest")[0], "top")
    return retrieved(title_of(obs, newest_row(obs)))


def _amount_in_body(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    amounts = re.findall(r"\$\d+", text_of(obs, newest_row(obs)))
    return retrieved(*amounts)


def _discussed_posts_of_user(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    pages = yield from user_pages(task, facts.text("user"), "submissions")
    least = int(facts.text("number"))
    titles = [
        title_of(page, row)
        for page in pages
        for row in keys(page, "submission")
        if comment_count(page, row) > least
    ]
    return retrieved(*titles)


def _most_subscribed(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield go(task, "/forums/by_subscribers")
    return retrieved(obs.elements[find(obs, role="link", row=keys(obs, "forum")[0])].name)


def _direct_commenters(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    obs = yield from open_row(obs, newest_row(obs))
    direct = [row for row in keys(obs, "comment") if not parent_of(obs, row)]
    return retrieved(*dict.fromkeys(writer(obs, row) for row in direct))


def _profile_of_top_author(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"), "top")
    row = newest_row(obs)
    author = re.escape(quote(writer(obs, row)))
    yield Click(find(obs, role="link", row=row, href=rf"^/user/{author}$"))
    return done(TaskType.NAVIGATE)


def _later_page(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield go(task, "/all/most_commented")
    for _ in range(int(facts.text("number")) - 1):
        obs = yield Click(find(obs, role="link", href=r"[?&]page=\d+$"))
    return done(TaskType.NAVIGATE)


def _permalink(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    row = single_comment(obs, facts.text("user"))
    number = row.removeprefix("comment_")
    path = href_in(obs, row, rf"/comment/{number}$")
    yield Click(find(obs, role="link", row=row, href=f"^{re.escape(path)}$"))
    return done(TaskType.NAVIGATE)


SOLUTIONS: Mapping[str, Solution] = {
    "sealed_01": Solution(
        oracle=_sum_of_comments, wrong={"wrong_forum": instead(_sum_of_comments, forum="other")}
    ),
    "sealed_02": Solution(
        oracle=_oldest_title, wrong={"wrong_forum": instead(_oldest_title, forum="other")}
    ),
    "sealed_03": Solution(
        oracle=_most_active, wrong={"wrong_thread": instead(_most_active, title="other")}
    ),
    "sealed_04": Solution(oracle=_replier, wrong={"wrong_user": answering("decoy")}),
    "sealed_05": Solution(
        oracle=_day_of_post, wrong={"wrong_post": instead(_day_of_post, title="other")}
    ),
    "sealed_06": Solution(oracle=_highest_of_three, wrong={"wrong_forum": _forget_the_best}),
    "sealed_07": Solution(
        oracle=_amount_in_body,
        wrong={"wrong_thread": instead(_amount_in_body, title="other", forum="other_forum")},
    ),
    "sealed_08": Solution(
        oracle=_discussed_posts_of_user,
        wrong={
            "wrong_user": instead(_discussed_posts_of_user, user="other"),
            "side_effect": also_vote(_discussed_posts_of_user),
        },
    ),
    "sealed_09": Solution(oracle=_most_subscribed, wrong={"wrong_forum": answering("decoy")}),
    "sealed_10": Solution(
        oracle=_direct_commenters,
        wrong={"wrong_forum": instead(_direct_commenters, forum="other")},
    ),
    "sealed_11": Solution(
        oracle=_profile_of_top_author,
        wrong={"wrong_forum": instead(_profile_of_top_author, forum="other")},
    ),
    "sealed_12": Solution(
        oracle=_later_page, wrong={"too_early": instead(_later_page, number="previous")}
    ),
    "sealed_13": Solution(
        oracle=_permalink,
        wrong={
            "wrong_user": instead(_permalink, user="other"),
            "went_on": then(_permalink, leave),
        },
    ),
}
