"""Oracles of the templates that write: posts, comments, forums, a biography."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import NamedTuple

from core.pages import BrowserAction, Click, Fill, Observation
from core.tasks import PublicTask
from environment.oracles.contract import Oracle, OracleLostError, OracleRun, done, find
from environment.oracles.reddit_official.instances import Instance
from environment.oracles.reddit_official.knowledge import forum_called, forums_for
from environment.oracles.reddit_official.moves import (
    Walk,
    comment_on_post,
    create_post,
    entries,
    go_to_forum,
    in_row,
    next_page,
)
from environment.oracles.solutions import Solutions

__all__ = [
    "advice",
    "announce",
    "ask_somewhere",
    "change_biography",
    "create_forum",
    "opinion",
    "post_in",
    "recommend_in",
    "recommend_somewhere",
    "reply",
    "repost_image",
    "review_and_comment",
]

_FREE_BODY = frozenset({"reddit.submissions.body"})
"""Where an intent gives a title only, the text of the post is the agent's own."""


def change_biography(instance: Instance) -> Solutions:
    """Template 6: change my bio."""

    def oracle(_: PublicTask, obs: Observation) -> OracleRun:
        obs = yield Click(find(obs, role="link", href=r"^/user/[^/]+$"))
        obs = yield Click(find(obs, role="link", name="Edit biography"))
        obs = yield Fill(find(obs, role="textbox", name="Biography"), instance.slot("content"))
        yield Click(find(obs, role="button", name="Save"))
        return done()

    return Solutions(oracles=(oracle,))


def create_forum(instance: Instance) -> Solutions:
    """Template 7: create a forum."""

    def oracle(_: PublicTask, obs: Observation) -> OracleRun:
        obs = yield Click(find(obs, role="link", name="Forums"))
        obs = yield Click(find(obs, role="link", name="Create forum"))
        fields = {
            "Name": instance.slot("name"),
            "Title": instance.slot("name"),
            "Description": instance.slot("description"),
            "Sidebar": instance.slot("sidebar_list"),
        }
        for label, text in fields.items():
            obs = yield Fill(find(obs, role="textbox", name=label), text)
        obs = yield Click(find(obs, role="button", name="Create forum"))
        if not obs.url.casefold().endswith("/f/" + instance.slot("name").casefold()):
            raise OracleLostError(f"the forum was not created: {obs.url} {obs.problem}")
        return done()

    return Solutions(oracles=(oracle,))


def ask_somewhere(instance: Instance) -> Solutions:
    """Templates 3765 and 5: post a question in a forum that fits; several may."""
    subject = _slot(instance, "topic") or instance.slot("question")
    return Solutions(
        oracles=tuple(
            _poster(name, title=instance.slot("question")) for name in forums_for(subject)
        ),
        free=_FREE_BODY,
    )


def post_in(instance: Instance) -> Solutions:
    """Template 19: post a title in a named forum."""
    name = forum_called(instance.slot("forum"))
    return Solutions(oracles=(_poster(name, title=instance.slot("title")),), free=_FREE_BODY)


def advice(instance: Instance) -> Solutions:
    """Template 12: ask for advice about a relationship."""
    (name, *_) = forums_for("relationship")
    poster = _poster(name, title=instance.slot("issue"), body="Please help")
    return Solutions(oracles=(poster,))


def opinion(instance: Instance) -> Solutions:
    """Template 13: ask for opinions in a relevant forum."""
    title = instance.slot("topic")
    return Solutions(
        oracles=tuple(_poster(name, title=title, body="your opinion") for name in forums_for(title))
    )


def recommend_in(instance: Instance) -> Solutions:
    """Template 15: ask for recommendations in a named forum."""
    category, price = instance.slot("category"), instance.slot("price")
    poster = _poster(
        forum_called(instance.slot("forum")),
        title=f"{category} recommendations?",
        body=f"Hey, looking for good {category} under {price}, any suggestions?",
    )
    return Solutions(oracles=(poster,))


def recommend_somewhere(instance: Instance) -> Solutions:
    """Template 6100: ask for recommendations in the most appropriate forum."""
    category, price = instance.slot("category"), instance.slot("price")
    body = f"I need recommendations for {category} within a budget of {price} please"
    return Solutions(
        oracles=tuple(
            _poster(name, title=f"{category} recommendations", body=body)
            for name in forums_for(category)
        )
    )


def announce(instance: Instance) -> Solutions:
    """Template 16: post a notice of a meeting."""
    interest = instance.slot("interest")
    poster = _poster(
        forum_called(instance.slot("forum")),
        title=f"{interest} Meet up!",
        body=f"virtual meetup for {interest} on {instance.slot('date')}",
    )
    return Solutions(oracles=(poster,))


def review_and_comment(instance: Instance) -> Solutions:
    """Template 9: post a review, then comment on it."""

    def oracle(_: PublicTask, obs: Observation) -> OracleRun:
        obs = yield from go_to_forum(obs, "books")
        obs = yield from create_post(obs, title=instance.slot("book"))
        yield from comment_on_post(obs, instance.slot("content"))
        return done()

    return Solutions(oracles=(oracle,), free=_FREE_BODY)


def repost_image(instance: Instance) -> Solutions:
    """Template 11: post the image of a post of this forum in another one."""

    def oracle(task: PublicTask, obs: Observation) -> OracleRun:
        image = yield from _find_image(obs, instance.slot("content"))
        obs = yield from go_to_forum(image.page, forum_called(instance.slot("forum")))
        url = task.base_urls["reddit"] + image.path
        yield from create_post(obs, title="from /f/pics", url=url)
        return done()

    return Solutions(oracles=(oracle,))


def reply(instance: Instance) -> Solutions:
    """Template 23: reply to a post, to its first reply, or to a certain commenter."""
    text, target = instance.slot("content_description"), instance.slot("position_description")

    def oracle(_: PublicTask, obs: Observation) -> OracleRun:
        if target == "the post":
            yield from comment_on_post(obs, text)
        else:
            yield from _reply_to(obs, _comment_row(obs, target), text)
        return done()

    return Solutions(oracles=(oracle,))


def _poster(forum: str, *, title: str, body: str = "") -> Oracle:
    def oracle(_: PublicTask, obs: Observation) -> OracleRun:
        obs = yield from go_to_forum(obs, forum)
        yield from create_post(obs, title=title, body=body)
        return done()

    return oracle


def _slot(instance: Instance, name: str) -> str:
    try:
        return instance.slot(name)
    except KeyError:
        return ""


class _Image(NamedTuple):
    page: Observation
    path: str


def _find_image(obs: Observation, content: str) -> Generator[BrowserAction, Observation, _Image]:
    """Turns the pages of a list until a post's title holds all words of the content."""
    words = set(re.findall(r"\w+", content.casefold()))
    for _ in range(40):
        for row in entries(obs):
            for element in in_row(obs, row):
                named = set(re.findall(r"\w+", element.name.casefold()))
                if element.href.startswith("/submission_images/") and words <= named:
                    return _Image(obs, element.href)
        obs = yield from next_page(obs)
    raise OracleLostError(f"no image in the list is about {content!r}")


_SPEAKS_AS_MANAGER = re.compile(r"\bmanager of (?:the|this|our) (?:web)?site\b", re.IGNORECASE)


def _comment_row(obs: Observation, target: str) -> str:
    """Finds the comment meant on the page of a post: the first one, or the manager's."""
    rows = dict.fromkeys(e.row for e in obs.elements if e.row.startswith("comment_"))
    for row in rows:
        if target == "the first reply":
            return row
        if any(_SPEAKS_AS_MANAGER.search(e.name) for e in in_row(obs, row) if e.role == "text"):
            return row
    raise OracleLostError(f"{obs.url} shows no comment that is {target!r}")


def _reply_to(obs: Observation, row: str, text: str) -> Walk:
    obs = yield Click(find(obs, role="link", name="Reply", row=row))
    return (yield from comment_on_post(obs, text))
