"""Oracles of the templates that pick existing posts: voting, subscribing, editing one's own."""

from __future__ import annotations

import re

from core.pages import Click, Fill, Goto, Observation
from core.tasks import PublicTask
from environment.oracles.contract import (
    OracleLostError,
    OracleRun,
    done,
    find,
    find_all,
    unreachable,
)
from environment.oracles.reddit_official.instances import Instance
from environment.oracles.reddit_official.knowledge import forum_called
from environment.oracles.reddit_official.moves import (
    Walk,
    entries,
    go_to_forum,
    next_page,
    open_entry,
    score_of,
    sort_by,
    title_of,
    within,
)
from environment.oracles.solutions import Solutions

__all__ = ["dislike_all", "downvote_top", "edit_own", "like_all", "subscribe_from", "upvote_newest"]

_SELECTORS = {
    "hottest": "Hot",
    "all time top": "Top",
    "most controversial": "Controversial",
    "all time most commented": "Most commented",
    "newest": "New",
}
"""What an intent calls an order to what the site calls it. Orders reach over all time unless a
period is chosen."""


def upvote_newest(instance: Instance) -> Solutions:
    """Template 22: upvote the newest post of a forum."""

    def oracle(_: PublicTask, obs: Observation) -> OracleRun:
        obs = yield from go_to_forum(obs, forum_called(instance.slot("forum")))
        obs = yield from sort_by(obs, "New")
        yield Click(find(obs, role="button", name="Upvote", row=entries(obs)[0]))
        return done()

    return Solutions(oracles=(oracle,))


def downvote_top(instance: Instance) -> Solutions:
    """Template 24: downvote the top k posts of a forum."""

    def oracle(_: PublicTask, obs: Observation) -> OracleRun:
        obs = yield from go_to_forum(obs, forum_called(instance.slot("forum")))
        obs = yield from sort_by(obs, "Top")
        # Read first: every vote may change the order.
        for row in entries(obs)[: int(instance.slot("k"))]:
            obs = yield Click(find(obs, role="button", name="Downvote", row=row))
        return done()

    return Solutions(oracles=(oracle,))


def like_all(instance: Instance) -> Solutions:
    """Template 25: upvote all posts of a user in a forum."""
    return _vote_on_all(instance, "Upvote")


def dislike_all(instance: Instance) -> Solutions:
    """Template 1510: downvote all posts of a user in a forum."""
    return _vote_on_all(instance, "Downvote")


def subscribe_from(instance: Instance) -> Solutions:
    """Template 4: subscribe to a forum from the page of a certain post."""

    def oracle(_: PublicTask, obs: Observation) -> OracleRun:
        obs = yield from go_to_forum(obs, forum_called(instance.slot("forum")))
        obs = yield from sort_by(obs, _SELECTORS[instance.slot("post_selector")])
        obs = yield from open_entry(obs, entries(obs)[0])
        yield Click(find(obs, role="button", name=re.compile("^Subscribe")))
        return done()

    return Solutions(oracles=(oracle,))


def edit_own(instance: Instance) -> Solutions:
    """Template 27: add a line to the text of one of my own posts."""

    def oracle(_: PublicTask, obs: Observation) -> OracleRun:
        obs = yield Click(find(obs, role="link", href=r"^/user/[^/]+$"))
        obs = yield Click(find(obs, role="link", href=r"^/user/[^/]+/submissions$"))
        obs = yield from _open_own(obs, instance.slot("post"))
        obs = yield Click(find(obs, role="link", href=r"^/f/[^/]+/\d+/-/edit$"))
        body = find(obs, role="textbox", name="Body")
        lines = [obs.elements[body].value.rstrip(), instance.slot("content")]
        obs = yield Fill(body, "\n\n".join(line for line in lines if line))
        obs = yield Click(find(obs, role="button", name=re.compile("^(?:Save|Edit submission)$")))
        if obs.problem or obs.status >= 400:
            raise OracleLostError(f"the change was not accepted: {obs.url} {obs.problem}")
        return done()

    return Solutions(oracles=(oracle,))


def _vote_on_all(instance: Instance, button: str) -> Solutions:
    forum = rf"(?i)^/f/{re.escape(forum_called(instance.slot('forum')))}(?:/|$)"

    def oracle(task: PublicTask, obs: Observation) -> OracleRun:
        user = instance.slot("user")
        obs = yield Goto(f"{task.base_urls['reddit']}/user/{user}/submissions")
        found = 0
        while obs.status == 200:
            rows = [row for row in entries(obs) if within(obs, row, forum)]
            for row in rows:
                # A post that already carries this vote has a button to retract it instead.
                for pressed in list(find_all(obs, role="button", name=button, row=row)):
                    obs = yield Click(pressed)
            found += len(rows)
            if not any(True for _ in find_all(obs, role="link", name="More")):
                break
            obs = yield from next_page(obs)
        return done() if found else unreachable()

    return Solutions(oracles=(oracle,))


_LOWEST = re.compile(r" with the lowest vote count$")


def _open_own(obs: Observation, description: str) -> Walk:
    """Opens the post of mine whose title has most words in common with a description."""
    words = set(re.findall(r"\w+", _LOWEST.sub("", description).casefold()))
    best: dict[str, tuple[int, int]] = {}
    pages: dict[str, str] = {}
    while True:
        for row in entries(obs):
            title = title_of(obs, row)
            shared = len(words & set(re.findall(r"\w+", title.casefold())))
            best[row] = (shared, -score_of(obs, row) if _LOWEST.search(description) else 0)
            pages[row] = obs.url
        if not any(True for _ in find_all(obs, role="link", name="More")):
            break
        obs = yield from next_page(obs)
    if not best:
        raise OracleLostError(f"{obs.url} lists no post of mine")
    row = max(best, key=lambda key: best[key])
    if pages[row] != obs.url:
        obs = yield Goto(pages[row])
    return (yield from open_entry(obs, row))
