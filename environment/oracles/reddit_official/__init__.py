"""Oracles of the official tasks on the forum: one maker per template."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.tasks import Task
from environment.oracles.reddit_official import choosing, posting, reading
from environment.oracles.reddit_official.instances import Instance
from environment.oracles.solutions import Solutions

__all__ = ["UNSATISFIABLE", "solve"]


def solve(task: Task) -> Solutions | None:
    """Returns everything that solves an official forum task, `None` for an unknown template."""
    maker = _MAKERS.get(task.template)
    return maker(Instance(task)) if maker is not None else None


_MAKERS: Mapping[str, Callable[[Instance], Solutions]] = {
    "4": choosing.subscribe_from,
    "5": posting.ask_somewhere,
    "6": posting.change_biography,
    "7": posting.create_forum,
    "9": posting.review_and_comment,
    "11": posting.repost_image,
    "12": posting.advice,
    "13": posting.opinion,
    "15": posting.recommend_in,
    "16": posting.announce,
    "17": reading.hottest_posts,
    "19": posting.post_in,
    "22": choosing.upvote_newest,
    "23": posting.reply,
    "24": choosing.downvote_top,
    "25": choosing.like_all,
    "27": choosing.edit_own,
    "33": reading.newest_post,
    "1510": choosing.dislike_all,
    "3765": posting.ask_somewhere,
    "6100": posting.recommend_somewhere,
}

_PLACEHOLDER = "the evaluator expects the unresolved placeholder {{%s}} in the request"

UNSATISFIABLE: Mapping[str, str] = {
    "599": "the evaluator expects a forum path with a blank, which no forum can have",
    "604": _PLACEHOLDER % "forum_id",
    "611": _PLACEHOLDER % "post_id",
    "612": _PLACEHOLDER % "post_id",
    "613": _PLACEHOLDER % "post_id",
    "614": _PLACEHOLDER % "post_id",
}
"""Official tasks that no honest episode can pass, with the reason."""
