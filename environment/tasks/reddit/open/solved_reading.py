"""How open tasks are solved that want data."""

# ruff: noqa: ARG001 - all trajectories take task, page and facts

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from core.pages import Click, Observation
from core.tasks import PublicTask
from environment.oracles.contract import OracleLostError, OracleRun, find, find_all, retrieved
from environment.tasks.reddit.mistakes import also_vote, answering, instead
from environment.tasks.reddit.walks import (
    comment_count,
    go,
    href_in,
    in_row,
    keys,
    number_of,
    open_forum,
    open_post,
    row_titled,
    score,
    text_of,
    title_of,
    user_pages,
    writer,
)
from environment.tasks.templates import Facts, Solution

__all__ = ["SOLUTIONS", "biography", "newest_row", "subscribers"]

_SUBSCRIBERS = r"(\d+) (?:subscribers?|members?)"


def newest_row(obs: Observation) -> str:
    """Returns the first post of a list."""
    rows = keys(obs, "submission")
    if not rows:
        raise OracleLostError(f"{obs.url} lists no post")
    return rows[0]


def subscribers(obs: Observation) -> int:
    """Returns the number of subscribers that a forum's page shows."""
    return number_of(obs, _SUBSCRIBERS)


def biography(obs: Observation) -> str:
    """Returns the biography that a user's page shows."""
    texts = [
        one.name
        for one in obs.elements
        if one.role == "text" and one.ugc and one.heading in ("Biography", "About me")
    ]
    return " ".join(texts)


def _newest_author(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    return retrieved(writer(obs, newest_row(obs)))


def _newest_comment_count(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    return retrieved(comment_count(obs, newest_row(obs)))


def _top_title(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"), "top")
    return retrieved(title_of(obs, newest_row(obs)))


def _author_of_title(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    return retrieved(writer(obs, row_titled(obs, facts.text("title"))))


def _posts_of_user_in_forum(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    pages = yield from user_pages(task, facts.text("user"), "submissions")
    forum = rf"^/f/{re.escape(quote(facts.text('forum')))}$"
    rows = [row for page in pages for row in keys(page, "submission") if href_in(page, row, forum)]
    return retrieved(len(rows))


def _author_of_comment(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    for row in keys(obs, "comment"):
        if text_of(obs, row) == facts.text("text"):
            return retrieved(writer(obs, row))
    raise OracleLostError(f"{obs.url} shows no such comment")


def _subscriber_count(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    return retrieved(subscribers(obs))


def _biography_of_user(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield go(task, f"/user/{quote(facts.text('user'))}")
    return retrieved(biography(obs))


def _link_of_post(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_forum(task, facts.text("forum"))
    row = row_titled(obs, facts.text("title"))
    return retrieved(href_in(obs, row, "^https?://"))


def _disliked_comments(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield from open_post(task, facts.text("forum"), facts.text("title"))
    return retrieved(sum(score(obs, row) < 0 for row in keys(obs, "comment")))


def _last_message(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield go(task, "/messages")
    name = re.compile(rf"^{re.escape(facts.text('user'))}: ")
    obs = yield Click(find(obs, role="link", name=name))
    return retrieved(text_of(obs, keys(obs, "message")[-1]))


def _busier_newest_post(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    counts = {}
    for forum in (facts.text("first"), facts.text("second")):
        obs = yield from open_forum(task, forum)
        counts[forum] = comment_count(obs, newest_row(obs))
    return retrieved(max(counts, key=counts.__getitem__))


def _two_biographies(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    texts = []
    for user in (facts.text("first"), facts.text("second")):
        obs = yield go(task, f"/user/{quote(user)}")
        texts.append(biography(obs))
    return retrieved(*texts)


def _three_newest_titles(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    titles = []
    for name in ("first", "second", "third"):
        obs = yield from open_forum(task, facts.text(name))
        titles.append(title_of(obs, newest_row(obs)))
    return retrieved(*titles)


def _more_subscribers(task: PublicTask, obs: Observation, facts: Facts) -> OracleRun:
    obs = yield go(task, "/forums")
    counts = {}
    for forum in (facts.text("first"), facts.text("second")):
        link = next(find_all(obs, role="link", href=rf"^/f/{re.escape(quote(forum))}$"))
        cells = [one.name for one in in_row(obs, obs.elements[link].row) if not one.ugc]
        counts[forum] = int(cells[0])
    return retrieved(max(counts, key=counts.__getitem__))


SOLUTIONS: Mapping[str, Solution] = {
    "newest_author": Solution(
        oracle=_newest_author,
        wrong={
            "wrong_forum": instead(_newest_author, forum="other"),
            "side_effect": also_vote(_newest_author),
        },
    ),
    "newest_comment_count": Solution(
        oracle=_newest_comment_count,
        wrong={"wrong_forum": instead(_newest_comment_count, forum="other")},
    ),
    "top_title": Solution(
        oracle=_top_title, wrong={"wrong_forum": instead(_top_title, forum="other")}
    ),
    "author_of_title": Solution(
        oracle=_author_of_title, wrong={"wrong_post": instead(_author_of_title, title="other")}
    ),
    "posts_of_user_in_forum": Solution(
        oracle=_posts_of_user_in_forum,
        wrong={"wrong_user": instead(_posts_of_user_in_forum, user="other")},
    ),
    "author_of_comment": Solution(
        oracle=_author_of_comment,
        wrong={"wrong_comment": instead(_author_of_comment, text="other")},
    ),
    "subscriber_count": Solution(
        oracle=_subscriber_count,
        wrong={"wrong_forum": instead(_subscriber_count, forum="other")},
    ),
    "biography_of_user": Solution(
        oracle=_biography_of_user,
        wrong={"wrong_user": instead(_biography_of_user, user="other")},
    ),
    "link_of_post": Solution(
        oracle=_link_of_post, wrong={"wrong_post": instead(_link_of_post, title="other")}
    ),
    "disliked_comments": Solution(
        oracle=_disliked_comments,
        wrong={"wrong_thread": instead(_disliked_comments, title="other")},
    ),
    "last_message": Solution(
        oracle=_last_message,
        wrong={
            "wrong_thread": instead(_last_message, user="other"),
            "side_effect": also_vote(_last_message),
        },
    ),
    "busier_newest_post": Solution(
        oracle=_busier_newest_post, wrong={"wrong_forum": answering("decoy")}
    ),
    "two_biographies": Solution(
        oracle=_two_biographies, wrong={"wrong_user": instead(_two_biographies, second="other")}
    ),
    "three_newest_titles": Solution(
        oracle=_three_newest_titles,
        wrong={"wrong_forum": instead(_three_newest_titles, third="other")},
    ),
    "more_subscribers": Solution(
        oracle=_more_subscribers, wrong={"wrong_forum": answering("decoy")}
    ),
}
