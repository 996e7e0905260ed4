"""Oracles of the templates that read: a forum's newest post, its hottest posts about a thing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import JsonValue

from core.pages import Back, Observation
from core.tasks import PublicTask
from environment.oracles.contract import OracleLostError, OracleRun, retrieved
from environment.oracles.reddit_official.instances import Instance
from environment.oracles.reddit_official.knowledge import forum_called
from environment.oracles.reddit_official.moves import (
    entries,
    go_to_forum,
    in_row,
    open_entry,
    score_of,
    sort_by,
    title_of,
)
from environment.oracles.solutions import Solutions

__all__ = ["hottest_posts", "newest_post"]


def newest_post(instance: Instance) -> Solutions:
    """Template 33: author and title of the newest post, and how many comments stand below zero."""

    def oracle(_: PublicTask, obs: Observation) -> OracleRun:
        obs = yield from go_to_forum(obs, forum_called(instance.slot("forum")))
        obs = yield from sort_by(obs, "New")
        row = entries(obs)[0]
        title = title_of(obs, row)
        author = _author(obs, row)
        obs = yield from open_entry(obs, row)
        comments = dict.fromkeys(e.row for e in obs.elements if e.row.startswith("comment_"))
        disliked = [
            comment
            for comment in comments
            if score_of(obs, comment) < 0 and _author(obs, comment) != author
        ]
        return retrieved({"username": author, "post_title": title, "count": len(disliked)})

    return Solutions(oracles=(oracle,))


def hottest_posts(instance: Instance) -> Solutions:
    """Template 17: what some of the hottest posts say, which takes understanding.

    The oracle reads the hottest posts, and answers with the expected values if it has seen each
    of them.
    """

    def oracle(_: PublicTask, obs: Observation) -> OracleRun:
        obs = yield from go_to_forum(obs, forum_called(instance.slot("forum")))
        obs = yield from sort_by(obs, "Hot")
        listing = obs.url
        rows = entries(obs)[: int(instance.slot("number"))]
        seen: list[str] = []
        for row in rows:
            seen.extend(e.name for e in in_row(obs, row))
            page = yield from open_entry(obs, row)
            seen.extend(e.name for e in page.elements)
            obs = yield Back()
            if obs.url != listing:
                raise OracleLostError(f"back from a post leads to {obs.url}, not to {listing}")
        text = " ".join(seen).casefold()
        answer = [_plainest(value) for value in instance.expected()]
        for wanted in _strings(answer):
            if wanted.casefold() not in text:
                raise OracleLostError(f"none of the {len(rows)} hottest posts says {wanted!r}")
        return retrieved(*answer)

    return Solutions(oracles=(oracle,))


def _plainest(value: JsonValue) -> JsonValue:
    """The first of the alternatives that the benchmark accepts."""
    return value[0] if isinstance(value, list) else value


def _strings(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)


def _author(obs: Observation, row: str) -> str:
    """The first link to a user in a row leads to its author; a deleted item has none."""
    for element in in_row(obs, row):
        if element.role == "link" and re.fullmatch(r"/user/[^/]+", element.href):
            return element.name
    return ""
